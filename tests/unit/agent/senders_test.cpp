// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/senders.h"

#include "agent/config/access_list.h"
#include "agent/kernel/applied_states.h"
#include "agent/kernel/translate.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"
#include "xfrm/base/describe.h"
#include "xfrm/plane/config.h"

namespace senders_test {

using namespace agent;

namespace {

gdoi::AddressRange network(std::string_view text) {
  const auto range = parse_prefix(text);
  REQUIRE(range.has_value());
  return *range;
}

gdoi::AccessEntry entry(gdoi::AccessEntry::Action action, std::string_view source,
                        std::string_view destination) {
  gdoi::AccessEntry out;
  out.action = action;
  out.selector.source.addresses = network(source);
  out.selector.destination.addresses = network(destination);
  return out;
}

gdoi::AccessEntry permit(std::string_view source, std::string_view destination) {
  return entry(gdoi::AccessEntry::Action::permit, source, destination);
}

std::string text(const std::vector<xfrm::Prefix>& networks) {
  std::string out;
  for (const auto& one : networks) out += (out.empty() ? "" : " ") + xfrm::describe(one);
  return out;
}

std::string senders(const std::vector<gdoi::AccessEntry>& entries) {
  return text(senders_of(entries));
}

TEST_CASE("each source of a list of sites is one sender, of both families") {
  CHECK(senders({permit("10.2.0.0/16", "10.1.0.0/16"), permit("10.1.0.0/16", "10.2.0.0/16"),
                 permit("10.1.0.0/16", "10.3.0.0/16"), permit("10.3.0.0/16", "10.1.0.0/16"),
                 permit("2001:db8:1::/48", "2001:db8:2::/48"),
                 permit("2001:db8:2::/48", "2001:db8:1::/48")}) ==
        "10.1.0.0/16 10.2.0.0/16 10.3.0.0/16 2001:db8:1::/48 2001:db8:2::/48");
  CHECK(senders({}) == "");
}

TEST_CASE("a network that the list protects traffic inside of has several senders") {
  CHECK(senders({permit("10.0.0.0/8", "10.0.0.0/8")}) == "");
  CHECK(senders({permit("0.0.0.0/0", "0.0.0.0/0")}) == "");
  CHECK(senders({permit("10.1.0.0/16", "0.0.0.0/0"), permit("0.0.0.0/0", "10.1.0.0/16")}) == "");
  CHECK(senders({permit("10.1.0.0/16", "10.1.4.0/24"), permit("10.2.0.0/16", "10.1.0.0/16")}) ==
        "10.2.0.0/16");
  CHECK(senders({permit("10.1.0.0/16", "10.2.0.0/16"), permit("10.2.0.0/16", "10.1.0.0/16"),
                 permit("10.0.0.0/8", "192.168.0.0/16")}) == "10.1.0.0/16 10.2.0.0/16");
}

TEST_CASE("of networks within each other the smallest counts") {
  CHECK(senders({permit("10.0.0.0/8", "192.168.0.0/16"), permit("10.1.0.0/16", "192.168.0.0/16"),
                 permit("10.1.2.0/24", "192.168.0.0/16"), permit("10.9.0.0/16", "192.168.0.0/16"),
                 permit("192.168.0.0/16", "10.0.0.0/8")}) ==
        "10.1.2.0/24 10.9.0.0/16 192.168.0.0/16");
}

TEST_CASE("what is denied, and groups that are sent to, are no senders") {
  CHECK(senders({entry(gdoi::AccessEntry::Action::deny, "10.7.0.0/16", "10.1.0.0/16"),
                 permit("10.1.0.0/16", "239.0.0.0/8")}) == "10.1.0.0/16");
}

TEST_CASE("those that are named are taken as they are, and too many are refused") {
  ReplaySenders wanted;
  wanted.networks = {network("10.0.0.0/8"), network("10.1.0.0/16")};
  auto named = replay_senders(wanted, {});
  REQUIRE(named.has_value());
  CHECK(text(*named) == "10.0.0.0/8 10.1.0.0/16");

  wanted = {true, {}};
  std::vector<gdoi::AccessEntry> entries;
  const auto add = [&](unsigned site) {
    entries.push_back(
        permit("10." + std::to_string(site / 256) + "." + std::to_string(site % 256) + ".0/24",
               "192.168.0.0/16"));
  };
  for (unsigned site = 0; site < xfrm::max_senders; ++site) add(site);
  CHECK(replay_senders(wanted, entries).has_value());
  add(xfrm::max_senders);
  const auto many = replay_senders(wanted, entries);
  REQUIRE_FALSE(many.has_value());
  CHECK(many.error().what ==
        "replay-senders: the list has 1001 networks, and 1000 can have a replay window; name those "
        "that matter");
}

TEST_CASE("a list that tells no sites apart gives nobody a window, not all of them one") {
  auto policy = support::lab_policy(7);
  TranslateOptions options;
  options.replay_window = 64;
  options.replay_senders.of_list = true;
  const Installation sites{policy.entries, {{&policy.teks[0], seconds{60}, true, true}}};
  auto told = translate(sites, {}, options);
  REQUIRE(told.has_value());
  CHECK(told->desired.sender_windows);
  CHECK(text(told->desired.senders) == "10.1.0.0/24 10.3.0.0/24");
  CHECK(AppliedStates{}.record(sites, told->desired, options).teks.at(0).replay_window == 64);

  for (auto& one : policy.entries)
    one.selector.source.addresses = one.selector.destination.addresses = network("10.0.0.0/8");
  const Installation all{policy.entries, {{&policy.teks[0], seconds{60}, true, true}}};
  told = translate(all, {}, options);
  REQUIRE(told.has_value());
  CHECK(told->desired.sender_windows);
  CHECK(told->desired.senders.empty());
  CHECK(AppliedStates{}.record(all, told->desired, options).teks.at(0).replay_window == 0);
}

}  // namespace

}  // namespace senders_test
