// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/snmp/gdoi_mib.h"
#include "agent/snmp/identification.h"
#include "agent/snmp/notifications.h"
#include "tests/unit/agent/shown_member.h"

namespace snmp_test {

using namespace agent;
using namespace agent::snmp;
using namespace support;
using agent::snmp::octets;  // support has one as well
using nlohmann::json;
using namespace std::string_literals;

namespace {

// id reads "1.2.3" below ciscoGdoiMIB.
ObjectId id(std::string_view text) {
  auto out = gdoi_mib();
  std::uint32_t number = 0;
  for (const char c : text) {
    if (c == '.')
      out.push_back(std::exchange(number, 0));
    else
      number = 10 * number + static_cast<std::uint32_t>(c - '0');
  }
  out.push_back(number);
  return out;
}

// Group 100 and member 172.16.1.2, as they stand in the names of rows.
const std::string group_row = "11.4.0.0.0.100";
const std::string member_row = group_row + ".1.4.172.16.1.2";

Objects objects_of(const std::string& document) {
  KekNumbers numbers;
  auto out = gdoi_objects(json::parse(document), numbers);
  INFO((out ? "" : out.error().what));
  REQUIRE(out.has_value());
  return std::move(*out);
}

Value at(const Objects& objects, const std::string& name) {
  const auto found = objects.find(id(name));
  INFO(name);
  REQUIRE(found != objects.end());
  return found->second;
}

json event(const char* kind, json facts) {
  return {{"event", kind}, {"group", "GDOI-GROUP"}, {"facts", std::move(facts)}};
}

}  // namespace

TEST_CASE("a registered member has its rows in all tables") {
  const auto all = objects_of(ShownMember{}.document());
  CHECK(at(all, "1.1.1.2." + group_row) == unsigned32(4));
  CHECK(at(all, "1.1.1.4." + group_row) == octets("GDOI-GROUP"));

  const auto member = [&](int column) {
    return at(all, "1.2.2.1." + std::to_string(column) + "." + member_row);
  };
  CHECK(member(2) == unsigned32(4));
  CHECK(member(4) == integer(1));
  CHECK(member(5) == unsigned32(4));
  CHECK(member(6) == octets("\x0a\0\0\x05"s));
  CHECK(member(7) == octets("\x5d\x5d\x5d\x5d\x5d\x5d\x5d\x5d\x5e\x5e\x5e\x5e\x5e\x5e\x5e\x5e"));
  CHECK(member(8) == counter32(0));
  CHECK(member(9) == counter32(1));

  const auto kek = [&](int column) {
    return at(all, "1.3.2.1." + std::to_string(column) + "." + member_row + ".1");
  };
  CHECK(kek(2) == member(7));
  CHECK(kek(11) == integer(2));
  CHECK(kek(12) == integer(0));
  CHECK(kek(13) == integer(3));
  CHECK(kek(16) == integer(1));
  CHECK(kek(19) == unsigned32(86398));
  CHECK(kek(20) == unsigned32(84613));
  CHECK(kek(21) == integer(1));

  const auto selector = [&](int column) {
    return at(all, "1.3.5.1." + std::to_string(column) + "." + member_row + ".1");
  };
  CHECK(selector(2) == integer(4));
  CHECK(selector(3) == unsigned32(8));
  CHECK(selector(4) == octets("\x0a\x01\0\0\xff\xff\xff\0"s));
  CHECK(selector(5) == octets("\0\0"s));
  CHECK(selector(8) == octets("\x0a\x03\0\0\xff\xff\xff\0"s));
  CHECK(selector(10) == integer(1));

  const auto inbound = [&](int column) {
    return at(all, "1.3.6.1." + std::to_string(column) + "." + member_row + ".1.1");
  };
  CHECK(inbound(2) == octets("\xa3\xd6\x59\x2e"));
  CHECK(inbound(3) == integer(1));
  CHECK(inbound(4) == integer(12));
  CHECK(inbound(8) == unsigned32(0));
  CHECK(inbound(9) == unsigned32(3600));
  CHECK(inbound(10) == unsigned32(1815));
  CHECK(inbound(11) == integer(1));
  CHECK(at(all, "1.3.6.1.11." + member_row + ".1.2") == integer(2));
}

TEST_CASE("a member's notifications are told to be on, and no key server's") {
  const auto all = objects_of(ShownMember{}.document());
  for (int which = 1; which <= 15; ++which)
    CHECK((all.count(id("1.4." + std::to_string(which) + ".0")) == 1) ==
          (which >= 5 && which <= 11));
}

TEST_CASE("what has no value has no instance") {
  auto status = json::parse(ShownMember{}.document());
  status["registration"]["registered_with"] = nullptr;
  status["kek"] = nullptr;
  const auto unregistered = objects_of(status.dump());
  for (const int column : {4, 5, 6, 7})
    CHECK(unregistered.count(id("1.2.2.1." + std::to_string(column) + "." + member_row)) == 0);
  status["local"] = nullptr;
  const auto waiting = objects_of(status.dump());
  CHECK(waiting.count(id("1.1.1.4." + group_row)) == 1);
  CHECK(waiting.count(id("1.2.2.1.2." + member_row)) == 0);
}

TEST_CASE("groups stand side by side, and one with an address is known by it") {
  const auto one = json::parse(ShownMember{}.document());
  auto two = one;
  two["group"]["identity"] = "239.0.0.7";
  const auto all = objects_of(json{{"schema", 2}, {"groups", {one, two}}}.dump());
  CHECK(all.count(id("1.1.1.4." + group_row)) == 1);
  CHECK(all.count(id("1.1.1.4.1.4.239.0.0.7")) == 1);
}

TEST_CASE("lines of the list have a row each, with the TEKs of before the last rekey") {
  auto status = json::parse(ShownMember{}.document());
  auto old = status["teks"][0];
  old["spi"] = "0x00000007";
  old["send"] = false;
  status["teks"].push_back(old);
  auto deny = status["acl"][0];
  deny["spi"] = nullptr;
  status["acl"].insert(status["acl"].begin(), deny);
  const auto all = objects_of(status.dump());
  CHECK(all.count(id("1.3.5.1.2." + member_row + ".1")) == 1);
  CHECK(all.count(id("1.3.5.1.2." + member_row + ".3")) == 0);
  CHECK(at(all, "1.3.6.1.2." + member_row + ".1.3") == octets("\0\0\0\x07"s));
  CHECK(at(all, "1.3.6.1.11." + member_row + ".1.3") == integer(1));
}

TEST_CASE("lines of the same addresses and ports are one selector with all their TEKs") {
  auto status = json::parse(ShownMember{}.document());
  auto other_tek = status["teks"][0];
  other_tek["spi"] = "0x00000007";
  status["teks"].push_back(other_tek);
  auto again = status["acl"][0];
  again["spi"] = "0x00000007";
  status["acl"].push_back(again);
  const auto lines = status["acl"].size();
  const auto all = objects_of(status.dump());
  CHECK(all.count(id("1.3.5.1.2." + member_row + "." + std::to_string(lines))) == 0);
  CHECK(at(all, "1.3.6.1.2." + member_row + ".1.4") == octets("\0\0\0\x07"s));
}

TEST_CASE("an answer that lacks something is told of") {
  KekNumbers numbers;
  CHECK(gdoi_objects(json{{"schema", 1}}, numbers).error().what.find("lacks something") !=
        std::string::npos);
  CHECK_FALSE(gdoi_objects(json(7), numbers).has_value());
}

TEST_CASE("a KEK keeps its number, and no other gets it") {
  KekNumbers numbers;
  CHECK(numbers.of("100", "A") == 1);
  CHECK(numbers.of("100", "B") == 2);
  CHECK(numbers.of("100", "A") == 1);
  CHECK(numbers.of("200", "A") == 1);
  for (int i = 0; i < 100; ++i) (void)numbers.of("100", std::to_string(i));
  CHECK(numbers.of("100", "A") == 103);
}

TEST_CASE("addresses, subnets and ranges of both families") {
  struct Row {
    const char *first, *last;
    std::uint32_t type;
    std::size_t size;
  };
  for (const auto& [first, last, type, size] :
       {Row{"10.0.0.1", "10.0.0.1", 1, 4}, Row{"10.0.0.0", "10.0.0.255", 4, 8},
        Row{"10.0.0.1", "10.0.0.9", 7, 8}, Row{"0.0.0.0", "255.255.255.255", 4, 8},
        Row{"2001:db8::1", "2001:db8::1", 5, 16}, Row{"2001:db8::", "2001:db8::ff", 6, 32},
        Row{"2001:db8::1", "2001:db8::ff", 8, 32}}) {
    const auto found = identification_of(first, last);
    INFO(first << " " << last);
    REQUIRE(found.has_value());
    CHECK(found->type == type);
    CHECK(found->value.size() == size);
  }
  CHECK_FALSE(identification_of("10.0.0.1", "::1").has_value());
  CHECK_FALSE(identification_of("nothing").has_value());
  CHECK_FALSE(group_identification("4294967296").has_value());
  CHECK(group_identification("4294967295")->value == "\xff\xff\xff\xff");
}

TEST_CASE("events become the member's notifications") {
  const auto status = json::parse(ShownMember{}.document());
  const auto number = [&](const char* kind, const json& facts) {
    const auto sent = notification_of(event(kind, facts), status);
    return sent ? sent->name.back() : 0;
  };
  CHECK(number("registering", {{"key_server", "10.0.0.5"}, {"again", "no"}}) == 5);
  CHECK(number("registered", {{"key_server", "10.0.0.5"}}) == 6);
  CHECK(number("registering", {{"key_server", "10.0.0.5"}, {"again", "yes"}}) == 7);
  CHECK(number("rekeyed", {{"key_server", "10.0.0.5"}}) == 8);
  CHECK(number("install-failed", json::object()) == 10);
  CHECK(number("rekey-refused", {{"key_server", "10.0.0.5"}}) == 11);
  CHECK(number("drift", json::object()) == 0);

  const auto sent = notification_of(event("rekeyed", {{"key_server", "10.0.0.6:850"}}), status);
  REQUIRE(sent->objects.size() == 3);
  CHECK(sent->objects[0] == std::pair{id("1.2.2.1.4." + member_row), integer(1)});
  CHECK(sent->objects[1] == std::pair{id("1.2.2.1.6." + member_row), octets("\x0a\0\0\x06"s)});
  CHECK(sent->objects[2] == std::pair{id("1.2.2.1.8." + member_row), counter32(0)});
  const auto ipv6 =
      notification_of(event("registered", {{"key_server", "[2001:db8::5]:850"}}), status);
  CHECK(ipv6->objects[0].second == integer(5));
}

}  // namespace snmp_test
