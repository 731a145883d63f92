// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/policy_lookup.h"

#include <arpa/inet.h>
#include <linux/xfrm.h>

#include <cstring>

#include "xfrm/base/kernel_address.h"
#include "xfrm/netlink/payload.h"

namespace xfrm {
namespace {

int sort_listed_attribute(const nlattr* attribute, void* out) {
  auto& policy = *static_cast<ListedPolicy*>(out);
  const auto* value = static_cast<const std::byte*>(::mnl_attr_get_payload(attribute));
  const std::size_t size = ::mnl_attr_get_payload_len(attribute);
  switch (::mnl_attr_get_type(attribute)) {
    case XFRMA_TMPL: {
      const std::size_t count = size / sizeof(xfrm_user_tmpl);
      if (count == 0) break;
      xfrm_user_tmpl last{};
      std::memcpy(&last, value + (count - 1) * sizeof last, sizeof last);
      policy.has_template = true;
      policy.optional = last.optional != 0;
      policy.reqid = last.reqid;
      break;
    }
    case XFRMA_MARK: {
      xfrm_mark mark{};
      if (size < sizeof mark) break;
      std::memcpy(&mark, value, sizeof mark);
      policy.mark = mark.v;
      policy.mark_mask = mark.m;
      break;
    }
    case XFRMA_POLICY_TYPE:
      policy.sub = size > 0 && std::to_integer<int>(*value) == XFRM_POLICY_TYPE_SUB;
      break;
    case XFRMA_IF_ID:
      policy.of_xfrm_interface = true;
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

bool port_differs(std::uint16_t wanted, std::uint16_t mask, std::uint16_t port) {
  return ((wanted ^ port) & mask) != 0;
}

// comes_before: of two that match, in the order of the list.
bool comes_before(const ListedPolicy& later, const ListedPolicy& earlier) {
  if (later.sub != earlier.sub) return later.sub;
  return later.priority <= earlier.priority;
}

}  // namespace

std::optional<ListedPolicy> read_listed_policy(const nlmsghdr& message) {
  if (message.nlmsg_type != XFRM_MSG_NEWPOLICY) return std::nullopt;
  const auto info = payload_of<xfrm_userpolicy_info>(message);
  const auto direction = info ? from_kernel_direction(info->dir) : std::nullopt;
  if (!direction) return std::nullopt;
  const xfrm_selector& s = info->sel;
  constexpr unsigned longest = 128;
  if (s.prefixlen_s > longest || s.prefixlen_d > longest) return std::nullopt;
  ListedPolicy out;
  out.direction = *direction;
  out.source = {from_kernel(s.saddr, s.family), s.prefixlen_s};
  out.destination = {from_kernel(s.daddr, s.family), s.prefixlen_d};
  out.protocol = s.proto;
  out.source_port = ntohs(s.sport);
  out.source_port_mask = ntohs(s.sport_mask);
  out.destination_port = ntohs(s.dport);
  out.destination_port_mask = ntohs(s.dport_mask);
  out.interface = s.ifindex;
  out.priority = info->priority;
  out.index = info->index;
  out.allow = info->action == XFRM_POLICY_ALLOW;
  static_cast<void>(::mnl_attr_parse(&message, sizeof *info, sort_listed_attribute, &out));
  return out;
}

bool matches(const ListedPolicy& policy, const Flow& flow) {
  const Packet& packet = flow.packet;
  return !policy.of_xfrm_interface && (flow.mark & policy.mark_mask) == policy.mark &&
         (policy.interface == 0 || policy.interface == flow.interface) &&
         (policy.protocol == 0 || policy.protocol == packet.protocol) &&
         holds(policy.source, packet.source) && holds(policy.destination, packet.destination) &&
         !port_differs(policy.source_port, policy.source_port_mask, packet.source_port) &&
         !port_differs(policy.destination_port, policy.destination_port_mask,
                       packet.destination_port);
}

const ListedPolicy* first_match(std::span<const ListedPolicy> listed, PolicyDirection direction,
                                const Flow& flow) {
  const ListedPolicy* best = nullptr;
  for (const ListedPolicy& policy : listed)
    if (policy.direction == direction && matches(policy, flow) &&
        (best == nullptr || comes_before(policy, *best)))
      best = &policy;
  return best;
}

bool PolicyDefaults::passes(PolicyDirection direction) const {
  switch (direction) {
    case PolicyDirection::in:
      return in;
    case PolicyDirection::out:
      return out;
    case PolicyDirection::fwd:
      return fwd;
  }
  return true;
}

void ask_for_defaults(Request& request) {
  request.start(XFRM_MSG_GETDEFAULT);
  static_cast<void>(request.fixed<xfrm_userpolicy_default>());
}

std::optional<PolicyDefaults> read_defaults(const nlmsghdr& message) {
  if (message.nlmsg_type != XFRM_MSG_GETDEFAULT) return std::nullopt;
  const auto found = payload_of<xfrm_userpolicy_default>(message);
  if (!found) return std::nullopt;
  const auto passes = [](std::uint8_t action) { return action != XFRM_USERPOLICY_BLOCK; };
  return PolicyDefaults{passes(found->in), passes(found->out), passes(found->fwd)};
}

}  // namespace xfrm
