// SPDX-License-Identifier: GPL-2.0-or-later
// A model of the kernel's policies, for tests of plans.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"
#include "xfrm/ipsec/policy_plan.h"

namespace test::plan {

using xfrm::Entry;
using xfrm::Policy;
using xfrm::PolicyBody;
using xfrm::PolicyDirection;
using xfrm::PolicyFrame;
using xfrm::PolicyKey;
using xfrm::PolicyPlan;
using xfrm::PolicyStep;

inline PolicyFrame frame(std::uint32_t count = 1000, std::vector<int> interfaces = {4}) {
  return {7000, 0x10000000, std::move(interfaces), {100, count}};
}

inline Entry line(unsigned site, Entry::Action action = Entry::Action::protect,
                  xfrm::KeyClass c = 0) {
  Entry e;
  e.action = action;
  e.key_class = c;
  e.selector.source = {test::ipv4(10, site, 0, 0), 16};
  e.selector.destination = {test::ipv4(10, 0, 0, 0), 8};
  return e;
}
inline constexpr auto bypass = Entry::Action::bypass, discard = Entry::Action::discard,
                      inbound_optional = Entry::Action::protect_inbound_optional,
                      protect = Entry::Action::protect;

// Kernel is the model of what the kernel holds: refuses what it would refuse.
struct Kernel {
  std::map<PolicyKey, PolicyBody> policies;

  void step(const PolicyStep& s) {
    const auto at = policies.find(s.key);
    REQUIRE((at != policies.end()) == s.before.has_value());
    if (s.before) REQUIRE(at->second == *s.before);
    if (s.after)
      policies[s.key] = *s.after;
    else
      policies.erase(s.key);
  }
  void run(const PolicyPlan& plan) {
    for (const auto& s : plan.install) step(s);
    for (const auto& s : plan.remove) step(s);
  }
  [[nodiscard]] std::vector<Policy> present() const {
    std::vector<Policy> out;
    for (const auto& [key, body] : policies) out.push_back({key, body});
    return out;
  }
};

inline std::vector<Policy> sorted(std::vector<Policy> policies) {
  std::sort(policies.begin(), policies.end());
  return policies;
}

}  // namespace test::plan
