// SPDX-License-Identifier: GPL-2.0-or-later
// Which notifications concern a plane: messages as the kernel's headers lay them out.

#include "xfrm/plane/event_filter.h"

#include <algorithm>

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace event_filter_test {

namespace {

using test::Octets;

const xfrm::EventFilter filter{
    {{test::ipv4(240, 0, 0, 1), test::ipv4(240, 0, 0, 2)}, 7000, 16, 1'000'000, 1'000, 0x10000000},
    "getvpn-t",
    {"wan0"},
    {4},
    {}};

const nlmsghdr& head(const Octets& octets) {
  return *reinterpret_cast<const nlmsghdr*>(octets.bytes().data());
}

// ---- XFRM

bool xfrm_concerns(std::uint16_t type, const Octets& body) {
  const auto octets = test::message(type, 0, body);
  return xfrm::xfrm_event_concerns(head(octets), filter);
}

// struct xfrm_usersa_info
Octets state(std::string_view destination, std::uint32_t reqid) {
  Octets out;
  out.zero(56).raw(destination).zero(12).raw("00001234").host8(50).zero(3).zero(16).zero(64);
  return out.zero(32).zero(12).host32(0).host32(reqid).host16(2).host8(1).zero(9);
}

TEST_CASE("states of our reqids or anchors concern us, others do not") {
  for (const auto type : std::initializer_list<std::uint16_t>{0x10, 0x1a}) {  // NEWSA, UPDSA
    CHECK(xfrm_concerns(type, state("f0000001", 5)));
    CHECK(xfrm_concerns(type, state("f0000002", 5)));
    CHECK(xfrm_concerns(type, state("c0000201", 7015)));
    CHECK_FALSE(xfrm_concerns(type, state("c0000201", 7016)));
  }
  // XFRM_MSG_EXPIRE: struct xfrm_user_expire; DELSA: xfrm_usersa_id and XFRMA_SA
  CHECK(xfrm_concerns(0x18, state("f0000001", 5).host8(1).zero(7)));
  CHECK_FALSE(xfrm_concerns(0x18, state("c0000201", 5).host8(1).zero(7)));
  CHECK(xfrm_concerns(0x11, Octets{}.zero(24).attribute(6, state("f0000002", 7000))));
  CHECK_FALSE(xfrm_concerns(0x11, Octets{}.zero(24).attribute(6, state("c0000201", 5))));
  CHECK_FALSE(xfrm_concerns(0x11, Octets{}.zero(10)));
}

TEST_CASE("a flush always concerns us, an acquire never") {
  CHECK(xfrm_concerns(0x1c, Octets{}.zero(4)));  // FLUSHSA
  CHECK(xfrm_concerns(0x1d, {}));                // FLUSHPOLICY
  CHECK_FALSE(xfrm_concerns(0x17, Octets{}.zero(280)));
}

// struct xfrm_userpolicy_info
Octets policy(std::uint32_t priority, std::uint32_t interface = 0, std::uint16_t family = 2) {
  Octets out;
  out.zero(40).host16(family).zero(6).host32(interface).host32(0).zero(64).zero(32);
  return out.host32(priority).host32(0).zero(8);
}

Octets reqid_template(std::uint32_t reqid) { return Octets{}.zero(44).host32(reqid).zero(16); }

TEST_CASE("policies concern us by priority, mark, interface or template") {
  const auto mark = Octets{}.host32(0x10000000).host32(0x10000000);
  for (const auto type :
       std::initializer_list<std::uint16_t>{0x13, 0x19}) {  // NEWPOLICY, UPDPOLICY
    CHECK(xfrm_concerns(type, policy(1'000'999)));
    CHECK(xfrm_concerns(type, policy(5, 4)));
    CHECK(xfrm_concerns(type, policy(5).attribute(21, mark)));
    CHECK(xfrm_concerns(type, policy(5).attribute(5, reqid_template(7003))));
    CHECK_FALSE(xfrm_concerns(type, policy(5)));
    CHECK_FALSE(xfrm_concerns(type, policy(1'001'000, 5)));
    CHECK_FALSE(xfrm_concerns(type, policy(1'000'999, 4, 10)));
    CHECK_FALSE(xfrm_concerns(type, policy(5).attribute(5, reqid_template(6999))));
  }
  // DELPOLICY: struct xfrm_userpolicy_id, empty when deleted by number, and XFRMA_POLICY (7)
  CHECK(xfrm_concerns(0x14, Octets{}.zero(64).attribute(7, policy(1'000'000))));
  CHECK(xfrm_concerns(0x14, Octets{}.zero(64).attribute(7, policy(5)).attribute(21, mark)));
  CHECK_FALSE(xfrm_concerns(0x14, Octets{}.zero(64).attribute(7, policy(5))));
  CHECK_FALSE(xfrm_concerns(0x14, Octets{}.zero(64)));
}

// ---- nftables

bool rules_concern(std::uint8_t type, std::uint8_t family, std::string_view table) {
  // struct nfgenmsg, then the table's name
  Octets body;
  body.host8(family).host8(0).host16(0).attribute(1, Octets{}.name(table, table.size() + 1));
  const auto octets = test::message(static_cast<std::uint16_t>(10 << 8 | type), 0, body);
  return xfrm::rules_event_concerns(head(octets), filter);
}

TEST_CASE("what happens to our table concerns us, and nobody else's") {
  for (const auto type : std::initializer_list<std::uint8_t>{0, 2, 3, 5, 6, 8, 9, 11, 12, 14}) {
    CHECK(rules_concern(type, 2, "getvpn-t"));
    CHECK_FALSE(rules_concern(type, 2, "getvpn-"));
    CHECK_FALSE(rules_concern(type, 2, "getvpn-t2"));
    CHECK_FALSE(rules_concern(type, 10, "getvpn-t"));
  }
  CHECK_FALSE(rules_concern(15, 2, "getvpn-t"));  // a new generation: says nothing of whose
}

// ---- rtnetlink

bool route_concerns(std::uint16_t type, const Octets& body) {
  const auto octets = test::message(type, 0, body);
  return xfrm::route_event_concerns(head(octets), filter);
}

Octets link(std::uint32_t index, std::string_view name) {
  return Octets{}.zero(4).host32(index).zero(8).attribute(3, Octets{}.name(name, name.size() + 1));
}

// struct rtmsg
Octets route(std::uint8_t length, std::string_view destination, std::uint32_t interface) {
  Octets out;
  out.host8(2).host8(length).zero(10);
  if (length != 0) out.attribute(1, Octets{}.raw(destination));
  return out.attribute(4, Octets{}.host32(interface));
}

TEST_CASE("links concern us by index or name") {
  for (const auto type : std::initializer_list<std::uint16_t>{16, 17}) {
    CHECK(route_concerns(type, link(4, "renamed")));
    CHECK(route_concerns(type, link(9, "wan0")));
    CHECK_FALSE(route_concerns(type, link(9, "wan01")));
    CHECK_FALSE(route_concerns(type, Octets{}.zero(8)));
  }
}

TEST_CASE("of addresses only IN concerns us") {
  const auto address = [](std::string_view local) {
    return Octets{}.zero(8).attribute(2, Octets{}.raw(local));
  };
  for (const auto type : std::initializer_list<std::uint16_t>{20, 21}) {
    CHECK(route_concerns(type, address("f0000001")));
    CHECK_FALSE(route_concerns(type, address("0a010001")));
  }
}

TEST_CASE("of routes the one to OUT and the WAN's default ones concern us, no others") {
  for (const auto type : std::initializer_list<std::uint16_t>{24, 25}) {
    CHECK(route_concerns(type, route(32, "f0000002", 9)));
    CHECK_FALSE(route_concerns(type, route(32, "f0000001", 1)));
    CHECK(route_concerns(type, route(0, "", 4)));
    CHECK_FALSE(route_concerns(type, route(0, "", 9)));
    CHECK_FALSE(route_concerns(type, route(24, "0a030000", 4)));
    CHECK_FALSE(route_concerns(type, route(32, "0a030001", 4)));
  }
  CHECK_FALSE(route_concerns(28, route(32, "f0000002", 9)));  // RTM_NEWNEIGH
}

TEST_CASE("of IPv6 our own address, all on lo, and the route to OUT concern us") {
  auto ipv6 = filter;
  const auto address = [](std::string_view hex) {
    xfrm::Address out{xfrm::Family::ipv6, {}};
    std::copy_n(support::octets(hex).begin(), 16, out.bytes.begin());
    return out;
  };
  const std::string in = "01000000000000000000000000000001",
                    out = "01000000000000000000000000000002";
  ipv6.scope.anchors = {address(in), address(out)};
  const auto concerns = [&](std::uint16_t type, const Octets& body) {
    const auto octets = test::message(type, 0, body);
    return xfrm::route_event_concerns(head(octets), ipv6);
  };
  // struct ifaddrmsg and IFA_ADDRESS (1); struct rtmsg and RTA_DST (1)
  const auto on = [](std::uint32_t interface, std::string_view hex) {
    return Octets{}.host8(10).zero(3).host32(interface).attribute(1, Octets{}.raw(hex));
  };
  const auto to = [](std::uint8_t family, std::uint8_t length, std::string_view hex) {
    return Octets{}.host8(family).host8(length).zero(10).attribute(1, Octets{}.raw(hex));
  };
  CHECK(concerns(20, on(4, in)));
  CHECK(concerns(21, on(1, "00000000000000000000000000000001")));
  CHECK_FALSE(concerns(20, on(4, out)));
  CHECK(concerns(24, to(10, 128, out)));
  CHECK_FALSE(concerns(24, to(10, 64, out)));
  CHECK_FALSE(concerns(24, to(10, 128, in)));
  CHECK_FALSE(concerns(24, to(2, 0, "")));
  CHECK(xfrm::xfrm_event_concerns(head(test::message(0x13, 0, policy(1'000'999, 0, 10))), ipv6));
}

}  // namespace

}  // namespace event_filter_test
