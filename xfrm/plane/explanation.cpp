// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/explanation.h"

#include <algorithm>
#include <cerrno>

#include "xfrm/base/contains.h"
#include "xfrm/nft/lock_plan.h"
#include "xfrm/nft/rules_snapshot.h"

namespace xfrm {
namespace {

constexpr std::uint8_t udp = 17;  // netinet/in.h does not go with the kernel's headers

bool may_match(const ListedPolicy& policy, const Packet& packet) {
  return holds(policy.source, packet.source) && holds(policy.destination, packet.destination);
}

// list_matching lists those that are about the packet's addresses, in the kernel's order.
Result<std::vector<ListedPolicy>> list_matching(NetlinkChannel& xfrm, const Packet& packet,
                                                const PolicyScope& ours) {
  for (int tries = 1;; ++tries) {
    std::vector<ListedPolicy> out;
    Request request;
    list_policies(request);
    const auto done = xfrm.dump(request, "list of policies", [&](const nlmsghdr& message) {
      auto policy = read_listed_policy(message);
      if (!policy || !may_match(*policy, packet)) return;
      policy->ours = recognise_policy(message, ours).has_value();
      out.push_back(std::move(*policy));
    });
    if (done) return out;
    if (done.error().code != EINTR || tries == dump_attempts) return tl::unexpected{done.error()};
  }
}

Result<PolicyDefaults> defaults_of(NetlinkChannel& xfrm) {
  PolicyDefaults out;
  Request request;
  ask_for_defaults(request);
  const auto done = xfrm.request(request, "policy defaults", [&](const nlmsghdr& message) {
    if (const auto read = read_defaults(message)) out = *read;
  });
  // Kernels before 5.15 have none.
  if (!done && done.error().code != EINVAL && done.error().code != EOPNOTSUPP)
    return tl::unexpected{done.error()};
  return out;
}

PolicyAnswer::Does does(const ListedPolicy* policy, PolicyDirection direction,
                        const PolicyDefaults& defaults) {
  using Does = PolicyAnswer::Does;
  if (policy == nullptr) return defaults.passes(direction) ? Does::clear : Does::drop;
  if (!policy->allow) return Does::drop;
  if (!policy->has_template) return Does::clear;
  if (!policy->ours) return Does::foreign;
  return policy->optional ? Does::either : Does::protect;
}

}  // namespace

Result<std::vector<PolicyAnswer>> ask_policies(NetlinkChannel& xfrm, const Packet& packet,
                                               std::span<const Link> wans, std::uint32_t mark,
                                               const PolicyScope& ours) {
  const auto listed = list_matching(xfrm, packet, ours);
  if (!listed) return tl::unexpected{listed.error()};
  const auto defaults = defaults_of(xfrm);
  if (!defaults) return tl::unexpected{defaults.error()};
  std::vector<PolicyAnswer> out;
  const auto ask = [&](PolicyDirection direction, const std::string& name, const Flow& flow) {
    const auto* policy = first_match(*listed, direction, flow);
    out.push_back({direction, name, does(policy, direction, *defaults),
                   policy != nullptr ? std::optional{*policy} : std::nullopt, std::nullopt});
  };
  for (const Link& wan : wans) ask(PolicyDirection::out, wan.name, {packet, wan.index, 0});
  // What came in is asked with the interface that it would leave by.
  const auto inwards = path_to(packet.destination, wans.empty() ? "" : wans.front().vrf);
  const int interface = inwards ? inwards->index : 0;
  ask(PolicyDirection::fwd, {}, {packet, interface, mark});
  ask(PolicyDirection::in, {}, {packet, interface, mark});
  return out;
}

LockAnswer ask_lock(const LockSpec& lock, const Packet& packet) {
  LockAnswer out;
  out.installed = true;
  const auto& acl = lock.lists.back();
  const auto at = std::find_if(acl.begin(), acl.end(),
                               [&](const Entry& entry) { return matches(entry.selector, packet); });
  if (at != acl.end()) out.entry = *at;
  out.changing = lock.lists.size() > 1;
  out.exempt = packet.protocol == udp && packet.source_port == packet.destination_port &&
               contains(lock.open_ports, packet.source_port);
  out.passes = out.exempt ||
               std::any_of(lock.lists.begin(), lock.lists.end(),
                           [&](const auto& list) { return lets_pass(lock_layers(list), packet); });
  return out;
}

}  // namespace xfrm
