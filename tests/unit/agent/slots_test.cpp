// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/slots.h"

#include "agent/base/address.h"
#include "tests/support/catch.h"

namespace slots_test {

using namespace agent;

namespace {

GroupConfig group(std::uint32_t number) {
  GroupConfig out;
  out.group = gdoi::GroupNumber{number};
  return out;
}

}  // namespace

TEST_CASE("a slot has anchors, numbers and a mark of its own, and a choice counts more") {
  auto one = group(1);
  const auto first = identity_in(0, one), third = identity_in(2, one);
  CHECK(first.table == "getvpn-gm-1");
  CHECK(to_string(first.anchor_in) == "240.0.0.1");
  CHECK(to_string(third.anchor_out) == "240.0.0.6");
  CHECK(to_string(third.anchor_in6) == "100::5");
  CHECK(third.reqid == first.reqid + 2 * 4096);
  CHECK(third.mark == first.mark >> 2);
  one.kernel.mark = 4;
  one.kernel.anchor_in6 = parse_ipv6("100::99");
  one.section = "ONE";
  CHECK(identity_in(2, one).mark == 4);
  CHECK(to_string(identity_in(2, one).anchor_in6) == "100::99");
  CHECK(identity_in(2, one).table == "getvpn-gm-ONE");
}

TEST_CASE("no slot is given twice, and the first free one is taken") {
  const auto one = group(1), two = group(2), three = group(3);
  SlotAllocator slots{{&one, &two, &three}};
  CHECK(slots.take(1, 0));
  CHECK_FALSE(slots.take(0, 0));
  CHECK_FALSE(slots.of(0).has_value());
  CHECK(slots.take_any(0));
  CHECK(slots.take_any(2));
  CHECK(slots.of(0)->slot == 1);
  CHECK(slots.of(1)->slot == 0);
  CHECK(slots.of(2)->slot == 2);
  CHECK_FALSE(slots.take(0, max_slots));
}

TEST_CASE("what the operator chose for a group without a slot is left to it") {
  const auto one = group(1);
  auto two = group(2);
  two.kernel.anchor_out = parse_ipv4("240.0.0.1");
  SlotAllocator slots{{&one, &two}};
  CHECK_FALSE(slots.take(0, 0));
  CHECK(slots.take_any(0));
  CHECK(slots.of(0)->slot == 1);
}

TEST_CASE("one mark may be chosen for two groups, but is derived for none of them") {
  auto one = group(1), two = group(2);
  two.kernel.mark = 0x10000000;
  SlotAllocator derived{{&one, &two}};
  CHECK_FALSE(derived.take(0, 0));
  one.kernel.mark = 0x10000000;
  SlotAllocator chosen{{&one, &two}};
  CHECK(chosen.take(0, 0));
  CHECK(chosen.take_any(1));
}

TEST_CASE("choices that two groups must not share are found") {
  auto one = group(1), two = group(2);
  CHECK_FALSE(find_clash(one, two));
  one.kernel.anchor_in = two.kernel.anchor_out = parse_ipv4("240.1.1.1");
  CHECK(find_clash(one, two)->key == "anchor-in");
  CHECK(find_clash(one, two)->other_key == "anchor-out");
  one.kernel = two.kernel = {};
  one.kernel.mark = two.kernel.mark = 4;
  CHECK_FALSE(find_clash(one, two));
  one.interfaces = {"wan0"};
  CHECK(find_clash(one, two)->key == "mark");
}

}  // namespace slots_test
