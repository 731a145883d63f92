// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/multicast.h"

#include <catch2/catch.hpp>
#include <optional>

#include "tests/unit/xfrm/expected.h"

namespace {

using Action = xfrm::Entry::Action;
using xfrm::Entry;
using xfrm::Prefix;

const Prefix any{};
const Prefix site{test::ipv4(10, 1, 0, 0), 24};
const Prefix groups{test::ipv4(224, 0, 0, 0), 4};
const Prefix some{test::ipv4(239, 1, 0, 0), 16};

Entry entry(Action action, Prefix source, Prefix destination, std::uint8_t protocol = 0) {
  Entry out;
  out.action = action;
  out.key_class = 3;
  out.selector.source = source;
  out.selector.destination = destination;
  out.selector.protocol = protocol;
  return out;
}

Entry forwarded(Action action, Prefix destination) { return entry(action, any, destination, 4); }

TEST_CASE("lines that concern multicast are those whose destinations overlap with 224.0.0.0/4") {
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
  }));
  CAPTURE(xfrm::describe(row.destination));
  const std::vector<Entry> list{entry(Action::protect, site, row.destination)};
  const auto lines = xfrm::multicast_lines(list);
  REQUIRE(lines.size() == (row.groups ? 1 : 0));
  if (!row.groups) return;
  CHECK(lines[0].selector.destination == *row.groups);
  CHECK(lines[0].selector.source == site);
  CHECK(lines[0].key_class == 3);
}

TEST_CASE("lines end with the first that leaves nothing for others") {
  const std::vector<Entry> list{entry(Action::bypass, any, any, 17),
                                entry(Action::protect, any, any), entry(Action::block, any, some)};
  CHECK(xfrm::multicast_lines(list).size() == 2);
}

TEST_CASE("for each line the kernel's own flow to the groups has an entry before the list") {
  const std::vector<Entry> list{
      entry(Action::bypass, any, any, 17),   entry(Action::bypass, site, any),
      entry(Action::bypass, any, some, 17),  entry(Action::protect, site, some, 17),
      entry(Action::block, any, groups, 17), entry(Action::protect, any, site),
      entry(Action::bypass, any, any)};
  std::vector<Entry> wanted{forwarded(Action::bypass, some), forwarded(Action::protect, some),
                            forwarded(Action::block, groups), forwarded(Action::bypass, groups)};
  wanted.insert(wanted.end(), list.begin(), list.end());
  CHECK(xfrm::with_forwarded(list) == wanted);
}

TEST_CASE("a list without multicast stays as it is") {
  const std::vector<Entry> list{entry(Action::protect, site, site)};
  CHECK(xfrm::with_forwarded(list) == list);
  CHECK(xfrm::multicast_lines({}).empty());
}

TEST_CASE(
    "a protecting line is two rules, any other one; what came through a state must be listed") {
  const auto count = [](Action action) {
    const std::vector<Entry> lines{entry(action, site, some)};
    return std::pair{xfrm::sending_rules("t", "c", lines, 7000).size(),
                     xfrm::receiving_rules("t", "c", lines, 7000, test::ipv4(240, 0, 0, 1)).size()};
  };
  CHECK(count(Action::protect) == std::pair<std::size_t, std::size_t>{2, 3});
  CHECK(count(Action::bypass) == std::pair<std::size_t, std::size_t>{1, 3});
  CHECK(count(Action::accept) == std::pair<std::size_t, std::size_t>{1, 2});
  CHECK(count(Action::block) == std::pair<std::size_t, std::size_t>{1, 2});
}

}  // namespace
