// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/policy_codec.h"

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "xfrm/base/kernel_address.h"
#include "xfrm/netlink/payload.h"

namespace xfrm {
namespace {

std::uint8_t kernel_direction(PolicyDirection direction) {
  switch (direction) {
    case PolicyDirection::in:
      return XFRM_POLICY_IN;
    case PolicyDirection::out:
      return XFRM_POLICY_OUT;
    case PolicyDirection::fwd:
      return XFRM_POLICY_FWD;
  }
  return XFRM_POLICY_IN;
}

xfrm_selector kernel_selector(const PolicyKey& key) {
  const Selector& s = key.selector;
  xfrm_selector out{};
  out.saddr = to_kernel(s.source.address);
  out.daddr = to_kernel(s.destination.address);
  out.sport = htons(s.source_port);
  out.sport_mask = s.source_port != 0 ? htons(s.source_port_mask) : 0;
  out.dport = htons(s.destination_port);
  out.dport_mask = s.destination_port != 0 ? htons(s.destination_port_mask) : 0;
  out.family = kernel_family(s.source.address.family);
  out.prefixlen_s = s.source.length;
  out.prefixlen_d = s.destination.length;
  out.proto = s.protocol;
  out.ifindex = key.interface;
  out.user = static_cast<__kernel_uid32_t>(key.owner);
  return out;
}

// A mask without a port is none of ours; one with has its ones first, and holds the port.
bool is_port_block(std::uint16_t port, std::uint16_t mask) {
  if (port == 0) return mask == 0;
  const auto others = static_cast<std::uint16_t>(~mask);
  return (others & (others + 1)) == 0 && (port & others) == 0;
}

// Selectors we could not have made (other masks of ports) are none of ours.
std::optional<Selector> read_selector(const xfrm_selector& s) {
  if (!is_port_block(ntohs(s.sport), ntohs(s.sport_mask)) ||
      !is_port_block(ntohs(s.dport), ntohs(s.dport_mask)))
    return std::nullopt;
  Selector out;
  out.source = {from_kernel(s.saddr, s.family), s.prefixlen_s};
  out.destination = {from_kernel(s.daddr, s.family), s.prefixlen_d};
  out.protocol = s.proto;
  out.source_port = ntohs(s.sport);
  out.destination_port = ntohs(s.dport);
  if (s.sport != 0) out.source_port_mask = ntohs(s.sport_mask);
  if (s.dport != 0) out.destination_port_mask = ntohs(s.dport_mask);
  return out;
}

void put_mark(Request& request, std::uint32_t mark) {
  if (mark != 0) request.attribute(XFRMA_MARK, xfrm_mark{mark, mark});
}

// A sender names the state by OUT. A receiver takes whatever came through one of ours: the reqid
// tells. The kernel compares no addresses when the template has none.
xfrm_user_tmpl make_template(const Policy& policy, const Anchors& anchors) {
  xfrm_user_tmpl out{};
  if (policy.key.direction == PolicyDirection::out) {
    out.saddr = to_kernel(anchors.in);
    out.id.daddr = to_kernel(anchors.out);
  }
  out.id.proto = IPPROTO_ESP;
  out.family = kernel_family(anchors.in.family);
  out.reqid = policy.body.reqid;
  out.mode = XFRM_MODE_TUNNEL;
  out.share = XFRM_SHARE_ANY;
  out.optional = policy.body.action == Entry::Action::protect_inbound_optional ? 1 : 0;
  out.aalgos = out.ealgos = out.calgos = ~0U;
  return out;
}

struct Attributes {
  std::span<const std::byte> templates;
  xfrm_mark mark{};
  bool main_type = true;
  bool foreign = false;  // has what we never set
};

int sort_policy_attribute(const nlattr* attribute, void* out) {
  auto& found = *static_cast<Attributes*>(out);
  const std::span whole{static_cast<const std::byte*>(::mnl_attr_get_payload(attribute)),
                        ::mnl_attr_get_payload_len(attribute)};
  switch (::mnl_attr_get_type(attribute)) {
    case XFRMA_TMPL:
      found.templates = whole;
      break;
    case XFRMA_MARK:
      if (whole.size() >= sizeof found.mark)
        std::memcpy(&found.mark, whole.data(), sizeof found.mark);
      break;
    case XFRMA_POLICY_TYPE:
      found.main_type = whole.empty() || std::to_integer<int>(whole[0]) == XFRM_POLICY_TYPE_MAIN;
      break;
    case XFRMA_SEC_CTX:
    case XFRMA_IF_ID:
      found.foreign = true;
      break;
    default:  // not an enum of ours: attributes newer kernels may add
      break;
  }
  return MNL_CB_OK;
}

bool has_template(const PolicyBody& body) { return body.reqid != 0; }

// What protects on the way out protects ICMP errors about the answer, too: the kernel asks about
// the quoted packet turned round, where no policy is about the error itself, and then heeds only
// policies with this flag.
std::uint8_t flags_of(PolicyDirection direction, bool with_template) {
  return direction == PolicyDirection::out && with_template ? XFRM_POLICY_ICMP : 0;
}

// our_body is what a policy of ours does; nothing when we would not have made it.
std::optional<PolicyBody> our_body(const Policy& policy, const xfrm_userpolicy_info& info,
                                   const Attributes& found, const PolicyScope& scope) {
  const std::uint8_t action = info.action;
  const bool out = policy.key.direction == PolicyDirection::out;
  const std::uint32_t priority = policy.body.priority;
  const bool other_flags = info.flags != flags_of(policy.key.direction, !found.templates.empty());
  if (found.templates.empty()) {
    const bool tied = out ? policy.key.interface != 0 : policy.key.mark == scope.mark;
    const bool within = priority - scope.first_priority < scope.priorities;
    if (!tied || !within) return std::nullopt;
    const bool discard = action == XFRM_POLICY_BLOCK;
    return PolicyBody{priority, 0, discard ? Entry::Action::discard : Entry::Action::bypass,
                      other_flags};
  }
  xfrm_user_tmpl t{};
  if (action != XFRM_POLICY_ALLOW || found.templates.size() != sizeof t) return std::nullopt;
  std::memcpy(&t, found.templates.data(), sizeof t);
  const Address destination = from_kernel(t.id.daddr, t.family);
  const Address expected = out ? scope.anchors.out : any_address(scope.anchors.out.family);
  if (t.id.proto != IPPROTO_ESP || t.mode != XFRM_MODE_TUNNEL || (out && t.optional != 0) ||
      destination != expected || t.reqid - scope.first_reqid >= scope.reqids)
    return std::nullopt;
  const bool optional = t.optional != 0;
  return PolicyBody{priority, t.reqid,
                    optional ? Entry::Action::protect_inbound_optional : Entry::Action::protect,
                    other_flags};
}

}  // namespace

const Policy* find_policy(const std::vector<Policy>& sorted, const PolicyKey& key) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), Policy{key, {}}, by_key);
  return at != sorted.end() && at->key == key ? &*at : nullptr;
}

void put_policy(Request& request, const Policy& policy, const Anchors& anchors, IfPresent present) {
  request.start(present == IfPresent::replace ? XFRM_MSG_UPDPOLICY : XFRM_MSG_NEWPOLICY,
                NLM_F_CREATE);
  auto& info = request.fixed<xfrm_userpolicy_info>();
  info.sel = kernel_selector(policy.key);
  info.lft.soft_byte_limit = info.lft.hard_byte_limit = XFRM_INF;
  info.lft.soft_packet_limit = info.lft.hard_packet_limit = XFRM_INF;
  info.priority = policy.body.priority;
  info.dir = kernel_direction(policy.key.direction);
  info.action =
      policy.body.action == Entry::Action::discard ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW;
  info.share = XFRM_SHARE_ANY;
  info.flags = flags_of(policy.key.direction, has_template(policy.body));
  if (has_template(policy.body)) request.attribute(XFRMA_TMPL, make_template(policy, anchors));
  put_mark(request, policy.key.mark);
}

void delete_policy(Request& request, const PolicyKey& key) {
  request.start(XFRM_MSG_DELPOLICY);
  auto& id = request.fixed<xfrm_userpolicy_id>();
  id.sel = kernel_selector(key);
  id.dir = kernel_direction(key.direction);
  put_mark(request, key.mark);
}

void delete_policy_by_index(Request& request, const PolicyKey& key, std::uint32_t index) {
  request.start(XFRM_MSG_DELPOLICY);
  auto& id = request.fixed<xfrm_userpolicy_id>();
  id.sel = kernel_selector(key);
  id.index = index;
  id.dir = kernel_direction(key.direction);
  put_mark(request, key.mark);
}

void prune_policies(Request& request, PolicyDirection direction, Family family) {
  PolicyKey nobody;
  nobody.direction = direction;
  nobody.selector.source = nobody.selector.destination = {any_address(family), 0};
  nobody.interface = std::numeric_limits<int>::max();
  delete_policy(request, nobody);
}

std::optional<PolicyDirection> from_kernel_direction(std::uint8_t direction) {
  if (direction == XFRM_POLICY_IN) return PolicyDirection::in;
  if (direction == XFRM_POLICY_OUT) return PolicyDirection::out;
  if (direction == XFRM_POLICY_FWD) return PolicyDirection::fwd;
  return std::nullopt;
}

void list_policies(Request& request) {
  request.start(XFRM_MSG_GETPOLICY);
  static_cast<void>(request.fixed<xfrm_userpolicy_id>());
}

namespace {

std::optional<xfrm_userpolicy_info> info_of(const nlmsghdr& message) {
  if (message.nlmsg_type != XFRM_MSG_NEWPOLICY) return std::nullopt;
  return payload_of<xfrm_userpolicy_info>(message);
}

std::optional<Policy> read_key(const nlmsghdr& message, Attributes& found) {
  const auto info = info_of(message);
  if (!info) return std::nullopt;
  const auto direction = from_kernel_direction(info->dir);
  const auto selector = read_selector(info->sel);
  if (!direction || !selector) return std::nullopt;
  static_cast<void>(::mnl_attr_parse(&message, sizeof *info, sort_policy_attribute, &found));
  if (found.foreign || !found.main_type || found.mark.v != found.mark.m) return std::nullopt;
  return Policy{{*direction, *selector, info->sel.ifindex, found.mark.v, info->sel.user},
                {info->priority}};
}

}  // namespace

std::optional<Policy> read_policy(const nlmsghdr& message) {
  Attributes found;
  return read_key(message, found);
}

std::uint32_t index_of(const nlmsghdr& message) { return info_of(message)->index; }

std::optional<Policy> recognise_policy(const nlmsghdr& message, const PolicyScope& scope) {
  Attributes found;
  auto policy = read_key(message, found);
  if (!policy || policy->key.owner != scope.owner ||
      policy->key.selector.source.address.family != scope.anchors.in.family)
    return std::nullopt;
  const auto body = our_body(*policy, *info_of(message), found, scope);
  if (!body) return std::nullopt;
  policy->body = *body;
  return policy;
}

std::string describe(const PolicyKey& key) {
  std::string text = "policy ";
  text += key.direction == PolicyDirection::in    ? "in"
          : key.direction == PolicyDirection::out ? "out"
                                                  : "fwd";
  return text + ", " + describe(key.selector);
}

}  // namespace xfrm
