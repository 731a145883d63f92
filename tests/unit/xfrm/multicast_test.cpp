// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/multicast.h"

#include <optional>

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"
#include "xfrm/nft/multicast_rules.h"

namespace multicast_test {

namespace {

using Action = xfrm::Entry::Action;
using xfrm::Entry;
using xfrm::Family;
using xfrm::Prefix;

constexpr xfrm::Address ipv6(unsigned first, unsigned second = 0) {
  return {Family::ipv6, {static_cast<std::byte>(first), static_cast<std::byte>(second)}};
}

const Prefix any{};
const Prefix site{test::ipv4(10, 1, 0, 0), 24};
const Prefix groups{test::ipv4(224, 0, 0, 0), 4}, groups6{ipv6(0xff), 8};
const Prefix some{test::ipv4(239, 1, 0, 0), 16}, some6{ipv6(0xff, 0x0e), 16};

Entry entry(Action action, Prefix source, Prefix destination, std::uint8_t protocol = 0) {
  Entry out;
  out.action = action;
  out.key_class = 3;
  source.address.family = destination.address.family;
  out.selector.source = source;
  out.selector.destination = destination;
  out.selector.protocol = protocol;
  return out;
}

Entry forwarded(Action action, Prefix destination) { return entry(action, any, destination, 4); }

TEST_CASE("lines that concern multicast are those whose destinations overlap with the groups") {
  struct Row {
    Prefix destination;
    std::optional<Prefix> groups;
  };
  const auto row = GENERATE(values<Row>({
      {any, groups},
      {{test::ipv4(128, 0, 0, 0), 1}, groups},
      {{test::ipv4(192, 0, 0, 0), 2}, groups},
      {{test::ipv4(224, 0, 0, 0), 3}, groups},
      {groups, groups},
      {some, some},
      {{test::ipv4(239, 1, 1, 1), 32}, Prefix{test::ipv4(239, 1, 1, 1), 32}},
      {{test::ipv4(0, 0, 0, 0), 1}, std::nullopt},
      {{test::ipv4(192, 0, 0, 0), 3}, std::nullopt},
      {{test::ipv4(240, 0, 0, 0), 4}, std::nullopt},
      {{test::ipv4(10, 0, 0, 0), 8}, std::nullopt},
      {{ipv6(0), 0}, groups6},
      {{ipv6(0x80), 1}, groups6},
      {{ipv6(0xfe), 7}, groups6},
      {groups6, groups6},
      {some6, some6},
      {{ipv6(0xfe, 0x80), 10}, std::nullopt},
      {{ipv6(0xfc), 7}, std::nullopt},
      {{ipv6(0x20), 3}, std::nullopt},
  }));
  CAPTURE(xfrm::describe(row.destination));
  const std::vector<Entry> list{entry(Action::protect, site, row.destination)};
  const auto lines = xfrm::multicast_entries(list);
  REQUIRE(lines.size() == (row.groups ? 1 : 0));
  if (!row.groups) return;
  CHECK(lines[0].selector.destination == *row.groups);
  CHECK(lines[0].selector.source == list[0].selector.source);
  CHECK(lines[0].key_class == 3);
}

TEST_CASE("lines end with the first that leaves nothing for others") {
  const std::vector<Entry> list{entry(Action::bypass, any, any, 17),
                                entry(Action::protect, any, any),
                                entry(Action::discard, any, some)};
  CHECK(xfrm::multicast_entries(list).size() == 2);
}

TEST_CASE("for each line the kernel's own flow to the groups has an entry before the list") {
  const std::vector<Entry> list{
      entry(Action::bypass, any, any, 17),     entry(Action::bypass, site, any),
      entry(Action::bypass, any, some, 17),    entry(Action::protect, site, some, 17),
      entry(Action::discard, any, groups, 17), entry(Action::protect, any, site),
      entry(Action::bypass, any, any)};
  std::vector<Entry> wanted{forwarded(Action::bypass, some), forwarded(Action::protect, some),
                            forwarded(Action::discard, groups), forwarded(Action::bypass, groups)};
  wanted.insert(wanted.end(), list.begin(), list.end());
  CHECK(xfrm::with_forwarded(list) == wanted);
}

TEST_CASE("the kernel makes no flow of its own for IPv6, and a list without multicast stays") {
  for (const Prefix& destination : {some6, site}) {
    const std::vector<Entry> list{entry(Action::protect, any, destination)};
    CHECK(xfrm::with_forwarded(list) == list);
  }
  CHECK(xfrm::multicast_entries({}).empty());
}

// Rules of one line, without the first, which returns what is others' to judge.
std::pair<std::size_t, std::size_t> rules_of(const Entry& line) {
  xfrm::Transaction transaction;
  xfrm::RulesSpec spec;
  spec.table = "t";
  spec.anchors.in.family = spec.anchors.out.family = line.selector.destination.address.family;
  spec.multicast = {line};
  const xfrm::RulesBuilder to{transaction, spec};
  return {xfrm::sending_rules(to, "c").size() - 1, xfrm::receiving_rules(to, "c").size() - 1};
}

TEST_CASE("a protecting line is two rules, and what came through a state must be listed") {
  using Counts = std::pair<std::size_t, std::size_t>;
  CHECK(rules_of(entry(Action::protect, site, some)) == Counts{2, 3});
  CHECK(rules_of(entry(Action::bypass, site, some)) == Counts{1, 3});
  CHECK(rules_of(entry(Action::protect_inbound_optional, site, some)) == Counts{1, 2});
  CHECK(rules_of(entry(Action::discard, site, some)) == Counts{1, 2});
  // ESP of others is one rule more, unless the line is not about it.
  CHECK(rules_of(entry(Action::protect, any, some6)) == Counts{2, 3});
  CHECK(rules_of(entry(Action::protect, any, some6, 17)) == Counts{1, 3});
}

}  // namespace

}  // namespace multicast_test
