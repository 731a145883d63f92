// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/shadowed.h"

#include "agent/config/access_list.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace shadowed_test {

using namespace agent;
using namespace support;

namespace {

// entries makes a list of "permit ..." and "deny ..." lines, all under one TEK.
std::vector<gdoi::AccessEntry> entries(std::initializer_list<std::string> lines) {
  std::vector<gdoi::AccessEntry> out;
  for (const auto& line : lines) {
    const bool permits = line.rfind("permit ", 0) == 0;
    const auto selector = parse_selectors(line.substr(permits ? 7 : 5)).value().front();
    out.push_back({permits ? gdoi::AccessEntry::Action::permit : gdoi::AccessEntry::Action::deny,
                   selector, gdoi::Spi{permits ? 7U : 0U}});
  }
  return out;
}

using Lines = std::vector<Shadowed>;

}  // namespace

TEST_CASE("a line that an earlier one covers can never match") {
  CHECK(shadowed_entries(entries({"permit tcp any any", "deny tcp any any eq 22"})) ==
        Lines{{1, 0}});
  CHECK(shadowed_entries(entries({"permit ip 10.0.0.0/8 10.0.0.0/8", "permit udp any any",
                                  "deny icmp host 10.1.0.1 10.3.0.0/16"})) == Lines{{2, 0}});
  CHECK(shadowed_entries(entries({"deny udp any any range 10 20", "permit udp any any eq 20",
                                  "permit udp any any range 12 20"})) == Lines{{1, 0}, {2, 0}});
}

TEST_CASE("a line with some traffic of its own is not shadowed") {
  CHECK(shadowed_entries(entries({"deny tcp any any eq 22", "permit tcp any any"})).empty());
  CHECK(shadowed_entries(entries({"permit tcp any any", "permit ip any any"})).empty());
  CHECK(
      shadowed_entries(entries({"permit ip 10.1.0.0/24 any", "deny ip 10.0.0.0/16 any"})).empty());
  CHECK(
      shadowed_entries(entries({"permit ip any 10.1.0.0/24", "deny ip 10.1.0.0/24 any"})).empty());
  CHECK(shadowed_entries(entries({"deny udp any any range 10 20", "permit udp any any range 15 21",
                                  "permit udp any any", "deny udp any any gt 20"})) ==
        Lines{{3, 2}});
  CHECK(shadowed_entries({}).empty());
}

TEST_CASE("a line that stands there for two TEKs is a rollover") {
  auto list = entries({"permit tcp any any", "permit tcp any any"});
  list[1].spi = gdoi::Spi{8};
  CHECK(shadowed_entries(list).empty());
}

TEST_CASE("families do not shadow one another, and very long lists are not searched") {
  auto list = entries({"permit ip any any", "permit ip any any"});
  list[1].selector.source.addresses = list[1].selector.destination.addresses =
      gdoi::AddressRange::any(gdoi::Address::Family::ipv6);
  CHECK(shadowed_entries(list).empty());

  const auto two = entries({"permit ip any any", "permit tcp any any"});
  std::vector<gdoi::AccessEntry> most(max_searched, two[1]);
  most[0] = two[0];
  CHECK(shadowed_entries(most).size() == max_searched - 1);
  most.push_back(two[1]);
  CHECK(shadowed_entries(most).empty());
}

TEST_CASE("lists that differ in their TEKs only have the same lines") {
  const auto list = lab_policy(7).entries;
  CHECK(have_same_lines(list, lab_policy(8).entries));
  auto other = list;
  other[0].action = gdoi::AccessEntry::Action::deny;
  CHECK_FALSE(have_same_lines(list, other));
  other = list;
  other[1].selector.protocol = 17;
  CHECK_FALSE(have_same_lines(list, other));
  other = list;
  other.push_back(list[0]);
  CHECK_FALSE(have_same_lines(list, other));
}

}  // namespace shadowed_test
