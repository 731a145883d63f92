// SPDX-License-Identifier: GPL-2.0-or-later
// The rules as messages: which objects, with which attributes. What the kernel makes of them is
// read back through nft in tests/kernel.
#include "xfrm/nft/rules.h"

#include <algorithm>

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"
#include "xfrm/nft/rules_snapshot.h"

namespace rules_test {

namespace {

using test::Octets;

const xfrm::Anchors anchors{test::ipv4(240, 0, 0, 1), test::ipv4(240, 0, 0, 2)};

xfrm::RulesSpec spec() {
  return {"getvpn-t", "getvpn-gm of a test", anchors, 0x10000000, {"wan0", "wan1"}, {0x1234}, {7},
          {848}};
}

// The same for a list that has one entry for all destinations, multicast among them.
xfrm::RulesSpec with_multicast(xfrm::Entry::Action action) {
  auto out = spec();
  out.multicast = {{action, 0, {}}};
  return out;
}

struct Sent {
  std::uint16_t type, flags;
  std::string hex;  // behind the nfgenmsg
};

std::vector<Sent> sent(xfrm::Transaction& transaction) {
  std::vector<Sent> out;
  auto rest = transaction.seal(1, true);
  while (rest.size() >= 20) {
    nlmsghdr head{};
    std::memcpy(&head, rest.data(), sizeof head);
    out.push_back({static_cast<std::uint16_t>(head.nlmsg_type & 0xff), head.nlmsg_flags,
                   support::hex(rest.subspan(20, head.nlmsg_len - 20))});
    rest = rest.subspan(head.nlmsg_len);
  }
  out.erase(out.begin());  // the batch's begin
  return out;
}

bool holds(const std::string& hex, const Octets& part) {
  return hex.find(part.hex()) != std::string::npos;
}

// A payload write (nf_tables.h: base 2, offset 3, length 4, source register 5, checksum 6 to 8).
Octets address_write(std::uint32_t offset) {
  const auto big = [](std::uint32_t value) {
    Octets out;
    return out.host8(0).host8(0).host8(0).host8(static_cast<std::uint8_t>(value));
  };
  Octets out;
  out.attribute(5, big(1)).attribute(2, big(1)).attribute(3, big(offset)).attribute(4, big(4));
  return out.attribute(6, big(1)).attribute(7, big(10)).attribute(8, big(0));
}

TEST_CASE(
    "a group's rules are one table, four sets, their elements, eight chains and their rules") {
  xfrm::Transaction transaction;
  xfrm::add_rules(transaction, spec());
  // NFT_MSG_: NEWTABLE 0, NEWCHAIN 3, NEWRULE 6, NEWSET 9, NEWSETELEM 12
  std::vector<std::uint16_t> types;
  for (const auto& message : sent(transaction)) types.push_back(message.type);
  CHECK(types == std::vector<std::uint16_t>{0, 9, 9, 9, 9, 12, 12, 12, 12, 12, 12,  //
                                            3, 3, 6, 6, 6, 6,  6,  6,  3,  6,  3,  6,
                                            3, 6, 6, 6, 6, 3,  6,  6,  3,  6,  3,  6});
}

// What is sent to change one table into another, by type.
std::vector<std::uint16_t> change_of(const xfrm::RulesSpec& from, const xfrm::RulesSpec& to) {
  const auto table = [](const xfrm::RulesSpec& of) {
    xfrm::Transaction transaction;
    xfrm::add_rules(transaction, of);
    return xfrm::RulesSnapshot::of(transaction, "getvpn-t", xfrm::Family::ipv4);
  };
  xfrm::Transaction transaction;
  REQUIRE(table(from).change(transaction, table(to)));
  std::vector<std::uint16_t> out;
  if (transaction.empty()) return out;
  for (const auto& message : sent(transaction)) out.push_back(message.type);
  return out;
}

TEST_CASE("rules about multicast come and go while all other chains stay hooked in") {
  const auto wide = with_multicast(xfrm::Entry::Action::protect);
  // DELCHAIN 5, DELRULE 8: `tag` is emptied and filled, and hands on to chains that are made.
  const auto there = change_of(spec(), wide);
  REQUIRE(there.size() > 7);
  CHECK(std::vector(there.begin(), there.begin() + 6) ==
        std::vector<std::uint16_t>{8, 3, 3, 3, 3, 6});
  CHECK(std::all_of(there.begin() + 6, there.end(), [](auto type) { return type == 6; }));
  CHECK(change_of(wide, spec()) == std::vector<std::uint16_t>{8, 8, 8, 8, 8, 5, 5, 5, 5, 6});
  CHECK(change_of(wide, wide).empty());
}

std::size_t chains_of(const xfrm::RulesSpec& of) {
  xfrm::Transaction transaction;
  xfrm::add_rules(transaction, of);
  const auto messages = sent(transaction);
  return static_cast<std::size_t>(std::count_if(messages.begin(), messages.end(),
                                                [](const Sent& one) { return one.type == 3; }));
}

TEST_CASE("no chain is hooked in for multicast that leaves as it is") {
  using Action = xfrm::Entry::Action;
  // What came in is judged by a chain without a hook of its own. What leaves in clear needs none.
  CHECK(chains_of(with_multicast(Action::bypass)) == chains_of(spec()) + 1);
  CHECK(chains_of(with_multicast(Action::protect_inbound_optional)) == chains_of(spec()) + 1);
  // One is hooked in to drop, and one to put back the addresses of what is protected.
  CHECK(chains_of(with_multicast(Action::discard)) == chains_of(spec()) + 3);
  CHECK(chains_of(with_multicast(Action::protect)) == chains_of(spec()) + 4);
}

TEST_CASE("another set of WAN interfaces changes what speaks of them, where it stands") {
  auto one = spec();
  one.interfaces = {"wan0"};
  // NEWSETELEM 12, DELSETELEM 14: the rules that name the one WAN look several up. Five chains do.
  CHECK(change_of(one, spec()) == std::vector<std::uint16_t>{8, 8, 8, 8, 12, 6, 6, 6, 6, 6, 6, 6});
  auto others = spec();
  others.interfaces = {"wan1", "wan2"};
  CHECK(change_of(spec(), others) == std::vector<std::uint16_t>{14, 12});
}

TEST_CASE("a table that hooks in elsewhere cannot be changed where it stands") {
  xfrm::Transaction transaction;
  xfrm::add_rules(transaction, spec());
  const auto there = xfrm::RulesSnapshot::of(transaction, "getvpn-t", xfrm::Family::ipv4);
  auto owned = xfrm::RulesSnapshot::of(transaction, "getvpn-t", xfrm::Family::ipv4);
  owned.set_flags(2);
  xfrm::Transaction change;
  CHECK_FALSE(there.change(change, owned));
  CHECK(change.empty());
}

TEST_CASE("the table is made exclusively and carries our comment") {
  xfrm::Transaction transaction;
  xfrm::add_rules(transaction, spec());
  const auto table = sent(transaction)[0];
  CHECK((table.flags & NLM_F_EXCL) != 0);
  CHECK(holds(table.hex, Octets{}.name("getvpn-t", 9)));
  // user data (6): comment (0) of 20 octets
  CHECK(holds(table.hex,
              Octets{}.attribute(6, Octets{}.raw("0014").name("getvpn-gm of a test", 20))));
}

TEST_CASE("the address writes keep the IPv4 header checksum right") {
  xfrm::Transaction transaction;
  xfrm::add_rules(transaction, with_multicast(xfrm::Entry::Action::protect));
  const auto messages = sent(transaction);
  const auto& inbound = messages[18].hex;
  const auto& restore = messages[34].hex;
  CHECK(holds(inbound, address_write(16)));
  CHECK_FALSE(holds(inbound, address_write(12)));
  CHECK(holds(restore, address_write(16)));
  CHECK(holds(restore, address_write(12)));
  CHECK(holds(messages[32].hex, address_write(16)));
  CHECK(holds(messages[32].hex, address_write(12)));
}

TEST_CASE("IPv6 has two maps more, and writes both addresses at once without a checksum") {
  xfrm::Transaction transaction;
  auto ipv6 = spec();
  for (auto* anchor : {&ipv6.anchors.in, &ipv6.anchors.out}) anchor->family = xfrm::Family::ipv6;
  xfrm::add_rules(transaction, ipv6);
  const auto messages = sent(transaction);
  const auto big = [](std::uint32_t value) {
    return Octets{}.host8(0).host8(0).host8(0).host8(static_cast<std::uint8_t>(value));
  };
  // NFTA_SET_FLAGS 3: map, timeout, dynamic; NFTA_PAYLOAD_OFFSET 3, _LEN 4
  const auto dynamic = Octets{}.attribute(3, big(0x38));
  const auto both = Octets{}.attribute(3, big(8)).attribute(4, big(32)).attribute(6, big(0));
  int dynamic_sets = 0, address_writes = 0;
  for (const auto& m : messages) {
    dynamic_sets += m.type == 9 && holds(m.hex, dynamic) ? 1 : 0;
    address_writes += m.type == 6 && holds(m.hex, both) ? 1 : 0;
  }
  CHECK(dynamic_sets == 2);
  CHECK(address_writes == 1);
  const auto table = xfrm::RulesSnapshot::of(transaction, "getvpn-t", xfrm::Family::ipv6);
  CHECK(table.differences(table).empty());
}

TEST_CASE("an SPI is a set element in network order") {
  xfrm::Transaction transaction;
  SECTION("added") {
    xfrm::add_spi(transaction, "getvpn-t", xfrm::Family::ipv4, 0x12345678);
    CHECK(sent(transaction)[0].type == 12);
  }
  SECTION("deleted") {
    xfrm::delete_spi(transaction, "getvpn-t", xfrm::Family::ipv4, 0x12345678);
    CHECK(sent(transaction)[0].type == 14);
  }
  CHECK(transaction.name(0) == "nftables table ip getvpn-t, SPI 0x12345678");
  const auto hex = sent(transaction)[0].hex;
  CHECK(holds(hex, Octets{}.attribute(1, Octets{}.raw("12345678"))));
  CHECK(holds(hex, Octets{}.name("spis", 5)));
}

TEST_CASE("an interface's index is a set element in the machine's order") {
  xfrm::Transaction transaction;
  xfrm::add_index(transaction, "getvpn-t", xfrm::Family::ipv4, 0x01020304);
  xfrm::delete_index(transaction, "getvpn-t", xfrm::Family::ipv4, 0x01020304);
  const auto messages = sent(transaction);
  CHECK(messages[0].type == 12);
  CHECK(messages[1].type == 14);
  for (const auto& m : messages) {
    CHECK(holds(m.hex, Octets{}.attribute(1, Octets{}.host32(0x01020304))));
    CHECK(holds(m.hex, Octets{}.name("known", 6)));
  }
}

TEST_CASE("a table differs from itself in nothing, and from another in what was changed") {
  const auto table = [](const xfrm::RulesSpec& of) {
    xfrm::Transaction transaction;
    xfrm::add_rules(transaction, of);
    return xfrm::RulesSnapshot::of(transaction, "getvpn-t", xfrm::Family::ipv4);
  };
  const auto wanted = table(spec());
  CHECK(table(spec()).differences(wanted).empty());
  CHECK(wanted.spis() == std::vector<std::uint32_t>{0x1234});
  CHECK(wanted.indices() == std::vector<int>{7});
  auto other = spec();
  const std::string name = "nftables table ip getvpn-t, ";
  SECTION("an element") {
    other.spis = {0x1235};
    CHECK(table(other).differences(wanted) ==
          std::vector<std::string>{name + "set spis, element 0x00001234 is gone",
                                   name + "set spis, element 0x00001235 was added"});
  }
  SECTION("one expression of one rule") {
    other.mark = 0x20000000;
    CHECK(table(other).differences(wanted) ==
          std::vector<std::string>{name + "chain tag, rule 1 was changed",
                                   name + "chain tag-local, rule 1 was changed"});
  }
  SECTION("a rule more") {
    other.open_ports = {848, 849};
    CHECK(table(other).differences(wanted) ==
          std::vector<std::string>{name + "chain guard, rule 4 was changed",
                                   name + "chain guard, rule 5 was added"});
  }
}

TEST_CASE("senders are a chain, a set and a map for each length, and changed where they stand") {
  const xfrm::Prefix site1{test::ipv4(10, 1, 0, 0), 16}, site2{test::ipv4(10, 2, 0, 0), 16},
      host{test::ipv4(10, 2, 0, 9), 32};
  const auto anchor = [](unsigned number) { return test::ipv4(240, 2, 0, number); };
  const auto table = [](const xfrm::RulesSpec& of) {
    xfrm::Transaction transaction;
    xfrm::add_rules(transaction, of);
    return xfrm::RulesSnapshot::of(transaction, "getvpn-t", xfrm::Family::ipv4);
  };
  auto with = spec();
  with.senders = {{site1, anchor(1)}, {host, anchor(2)}};
  with.bare = {0x1234};
  with.pool = {anchor(0), 21};
  const auto wanted = table(with);
  CHECK(wanted.senders() == with.senders);
  CHECK(wanted.bare() == with.bare);
  CHECK(table(spec()).senders().empty());
  const std::string name = "nftables table ip getvpn-t, ";
  auto other = with;
  SECTION("another anchor is another element") {
    other.senders.front().anchor = anchor(3);
    CHECK(table(other).differences(wanted) ==
          std::vector<std::string>{name + "set senders-16, element 0x0a010000f0020001 is gone",
                                   name + "set senders-16, element 0x0a010000f0020003 was added"});
    CHECK(change_of(with, other) == std::vector<std::uint16_t>{14, 12});
  }
  SECTION("one more is an element more") {
    other.senders = {{site1, anchor(1)}, {site2, anchor(3)}, {host, anchor(2)}};
    CHECK(change_of(with, other) == std::vector<std::uint16_t>{12});
  }
  SECTION("an SPI that is no longer bare") {
    other.bare.clear();
    CHECK(change_of(with, other) == std::vector<std::uint16_t>{14});
  }
}

TEST_CASE("a segment size adds a rule in front of the stash and one behind the tag") {
  auto clamped = spec();
  clamped.mss = 1360;
  xfrm::Transaction transaction;
  xfrm::add_rules(transaction, clamped);
  std::size_t writes = 0;
  // nf_tables.h, of an exthdr: kind 2 of a TCP option (operation 1), two octets at 2
  const auto big = [](std::uint32_t value) {
    return Octets{}.host8(0).host8(0).host8(0).host8(static_cast<std::uint8_t>(value));
  };
  for (const auto& message : sent(transaction))
    writes +=
        holds(message.hex,
              Octets{}.attribute(2, Octets{}.host8(2)).attribute(3, big(2)).attribute(4, big(2)));
  CHECK(writes == 2);
}

TEST_CASE("a table is deleted by name") {
  xfrm::Transaction transaction;
  xfrm::delete_table(transaction, "getvpn-t", xfrm::Family::ipv4);
  const auto messages = sent(transaction);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].type == 2);
  CHECK(messages[0].hex == Octets{}.attribute(1, Octets{}.name("getvpn-t", 9)).hex());
}

TEST_CASE("the longest names make messages that fit") {
  auto longest = spec();
  longest.table.assign(64, 'x');
  longest.interfaces.assign(1, "abcdefghijklmno");
  xfrm::Transaction transaction;
  xfrm::add_rules(transaction, longest);  // asserts the bound
  for (const auto& message : sent(transaction)) CHECK(message.hex.size() / 2 < 2048);
}

}  // namespace

}  // namespace rules_test
