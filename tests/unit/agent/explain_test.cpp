// SPDX-License-Identifier: GPL-2.0-or-later
// What the list says of a packet, and what is said when the kernel disagrees.
#include "agent/kernel/explain.h"

#include "agent/base/address.h"
#include "agent/config/access_list.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace explain_test {

using namespace agent;
using namespace support;
using Line = ListAnswer::Line;

namespace {

constexpr std::uint32_t first_spi = 0x100, second_spi = 0x200;

Packet packet(const std::vector<std::string>& words) { return parse_packet(words).value(); }
const Packet sites = packet({"10.1.0.10", "10.3.0.10", "udp", "53"});

// A member with a list of two classes, of which each has a TEK to send on.
struct Listed {
  std::vector<gdoi::AccessEntry> entries{deny(selector(site(1), site(2))),
                                         permit(selector(site(1), site(3)), first_spi),
                                         permit(selector(site(3), site(1)), second_spi)};
  std::vector<gdoi::Spi> receive_only;
  TranslateOptions options;
  std::optional<Installation::Mode> mode = Installation::Mode::list;
  bool known = true, with_teks = true;

  [[nodiscard]] ListAnswer ask(const Packet& what) const {
    const std::vector alive{gdoi::Spi{first_spi}, gdoi::Spi{second_spi}};
    const auto classes = KeyClasses::assign(entries, alive, {}).value();
    ListInForce list{entries, receive_only, mode, known, [&](xfrm::KeyClass key_class) {
                       if (!with_teks) return std::optional<gdoi::Spi>{};
                       for (const auto spi : alive)
                         if (classes.of(spi) == key_class) return std::optional{spi};
                       return std::optional<gdoi::Spi>{};
                     }};
    return ask_list(what, list, options, classes);
  }
};

gdoi::TrafficSelector access(std::string_view text) { return parse_selectors(text)->front(); }

PolicyAnswer policy(PolicyAnswer::Way way, Treatment treatment, std::uint32_t spi = 0) {
  PolicyAnswer out;
  out.way = way;
  out.interface = way == PolicyAnswer::Way::out ? "wan0" : "";
  out.treatment = treatment;
  if (spi != 0) out.spi = gdoi::Spi{spi};
  return out;
}

// agreed is what a sound kernel says of `sites`.
Explanation agreed() {
  using Way = PolicyAnswer::Way;
  Explanation out;
  out.list = Listed{}.ask(sites);
  out.policies = {policy(Way::out, Treatment::encrypt, first_spi),
                  policy(Way::forwarded, Treatment::encrypt), policy(Way::in, Treatment::encrypt)};
  out.lock.installed = true;
  out.lock.passes = false;
  return out;
}

}  // namespace

TEST_CASE("the first line about a packet decides, and its class says under which TEK") {
  const auto answer = Listed{}.ask(sites);
  CHECK(answer.line == Line::list);
  CHECK(answer.number == 2);
  CHECK(answer.text == "permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255");
  CHECK(answer.leaving == Treatment::encrypt);
  CHECK(answer.arriving == Treatment::encrypt);
  CHECK(answer.spi == gdoi::Spi{first_spi});

  const auto denied = Listed{}.ask(packet({"10.1.0.10", "10.2.0.10"}));
  CHECK(denied.number == 1);
  CHECK(denied.leaving == Treatment::clear);
  CHECK(denied.arriving == Treatment::clear);
  CHECK_FALSE(denied.spi.has_value());

  CHECK(Listed{}.ask(packet({"10.9.0.10", "10.2.0.10"})).line == Line::none);
}

TEST_CASE("without a TEK to send on what is protected is dropped") {
  Listed member;
  member.with_teks = false;
  CHECK(member.ask(sites).leaving == Treatment::drop);
  CHECK(member.ask(sites).arriving == Treatment::encrypt);
}

TEST_CASE("passive and receive-only let it leave in clear, and come in either way") {
  Listed passive, silent;
  passive.options.passive = true;
  silent.receive_only = {gdoi::Spi{first_spi}};
  for (const auto& member : {passive, silent}) {
    CHECK(member.ask(sites).leaving == Treatment::clear);
    CHECK(member.ask(sites).arriving == Treatment::either);
  }
  CHECK(silent.ask(packet({"10.3.0.10", "10.1.0.10"})).leaving == Treatment::encrypt);
}

TEST_CASE("GDOI comes first, then what the operator excepts, then the list") {
  Listed member;
  member.entries = {permit(selector(any(), any()), first_spi)};
  member.options.key_servers = {key_server()};
  member.options.exceptions = {access("udp any any eq 53")};
  CHECK(member.ask(packet({"10.1.0.1", "10.0.0.5", "udp", "848"})).line == Line::key_server);
  CHECK(member.ask(packet({"10.0.0.5", "10.1.0.1", "udp", "848", "5000"})).line ==
        Line::key_server);
  CHECK(member.ask(packet({"10.0.0.5", "10.1.0.1", "udp", "5000"})).line == Line::list);
  CHECK(member.ask(sites).line == Line::deny);
  CHECK(member.ask(sites).text == "deny udp any any eq 53");
}

TEST_CASE("fail-close drops all but exceptions; before it nothing is enforced") {
  Listed member;
  member.mode = Installation::Mode::closed;
  member.options.closed_exceptions = {access("udp any any eq 53")};
  CHECK(member.ask(sites).line == Line::fail_close_deny);
  const auto other = member.ask(packet({"10.1.0.10", "10.3.0.10", "tcp", "80"}));
  CHECK(other.line == Line::fail_close);
  CHECK(other.leaving == Treatment::drop);
  CHECK(other.arriving == Treatment::drop);
  member.mode.reset();
  CHECK(member.ask(sites).line == Line::no_list);
}

TEST_CASE("of a predecessor's list nothing is known") {
  Listed member;
  member.known = false;
  CHECK(member.ask(sites).line == Line::predecessor);
  CHECK(member.ask(sites).leaving == Treatment::unknown);
}

TEST_CASE("what IPv6 needs on a link is never protected") {
  Listed member;
  const auto all = gdoi::AddressRange::any(gdoi::Address::Family::ipv6);
  member.entries = {permit(selector(all, all), first_spi)};
  const auto line = [&](const std::vector<std::string>& words) {
    return member.ask(packet(words)).line;
  };
  CHECK(line({"2001:db8::1", "2001:db8::2", "icmpv6", "135"}) == Line::link);
  CHECK(line({"2001:db8::1", "2001:db8::2", "icmpv6", "128"}) == Line::list);
  CHECK(line({"fe80::1", "2001:db8::2"}) == Line::link);
  CHECK(line({"2001:db8::1", "febf::2"}) == Line::link);
  CHECK(line({"2001:db8::1", "ff02::5"}) == Line::link);
  CHECK(line({"2001:db8::1", "ff05::5"}) == Line::list);
}

TEST_CASE("three that agree have nothing to say") { CHECK(disagreements(agreed()).empty()); }

TEST_CASE("policies that do otherwise are named") {
  auto gone = agreed();
  gone.policies[0].treatment = Treatment::clear;
  gone.policies[0].spi.reset();
  CHECK(disagreements(gone) ==
        std::vector<std::string>{"policies out by wan0 let it leave in clear, the list says to "
                                 "encrypt it under 0x00000100"});
  auto other_tek = agreed();
  other_tek.policies[0].spi = gdoi::Spi{second_spi};
  CHECK(disagreements(other_tek) ==
        std::vector<std::string>{"policies out by wan0 encrypt it under 0x00000200, the list says "
                                 "to encrypt it under 0x00000100"});
  auto foreign = agreed();
  foreign.policies[1].treatment = Treatment::foreign;
  CHECK(disagreements(foreign) ==
        std::vector<std::string>{
            "policies fwd leave it to other IPsec, the list says to let it in encrypted only"});
  foreign.decides = false;
  CHECK(disagreements(foreign).empty());
}

TEST_CASE("a second lock that lets pass, is not there or was changed is named") {
  auto open = agreed();
  open.lock.passes = true;
  CHECK(
      disagreements(open) ==
      std::vector<std::string>{"the second lock lets it pass in clear, the list says to drop it"});
  auto changed = agreed();
  changed.lock.differences = {"table ip t/lock is gone"};
  CHECK(disagreements(changed) == std::vector<std::string>{"second lock: table ip t/lock is gone"});
  open.lock.changing = true;
  CHECK(disagreements(open).empty());
}

TEST_CASE("what the kernel answers is taken over") {
  xfrm::PolicyAnswer answer;
  answer.direction = xfrm::PolicyDirection::out;
  answer.interface = "wan0";
  answer.does = xfrm::PolicyAnswer::Does::protect;
  answer.policy = xfrm::ListedPolicy{};
  answer.policy->priority = 7;
  answer.policy->index = 9;
  answer.policy->ours = true;
  CHECK(from_xfrm(answer).treatment == Treatment::drop);  // no state to leave on
  answer.spi = first_spi;
  CHECK(from_xfrm(answer).treatment == Treatment::encrypt);
  CHECK(from_xfrm(answer).spi == gdoi::Spi{first_spi});
  CHECK(from_xfrm(answer).policy == "0.0.0.0/0 to 0.0.0.0/0 priority 7 index 9");
  CHECK(from_xfrm(answer).ours);
}

}  // namespace explain_test
