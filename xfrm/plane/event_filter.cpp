// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/event_filter.h"

#include <arpa/inet.h>  // before the kernel's headers, which then leave out what both define
#include <linux/if_addr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#include <algorithm>
#include <cstring>

#include "xfrm/base/contains.h"
#include "xfrm/base/kernel_address.h"
#include "xfrm/nft/lock_rules.h"

namespace xfrm {
namespace {

constexpr std::uint32_t loopback = 1;  // its index in every network namespace

// NameSearch finds one attribute of a type.
struct NameSearch {
  std::uint16_t type;
  std::span<const std::byte> found = {};
};

int match(const nlattr* attribute, void* out) {
  auto& search = *static_cast<NameSearch*>(out);
  if (::mnl_attr_get_type(attribute) == search.type)
    search.found = {static_cast<const std::byte*>(::mnl_attr_get_payload(attribute)),
                    ::mnl_attr_get_payload_len(attribute)};
  return MNL_CB_OK;
}

std::span<const std::byte> attribute_of(const nlmsghdr& message, std::size_t fixed,
                                        std::uint16_t type) {
  NameSearch search{type};
  if (::mnl_nlmsg_get_payload_len(&message) < fixed) return {};
  static_cast<void>(
      ::mnl_attr_parse(&message, static_cast<unsigned>(MNL_ALIGN(fixed)), match, &search));
  return search.found;
}

template <class Value>
bool copy(std::span<const std::byte> from, Value& out) {
  if (from.size() < sizeof out) return false;
  std::memcpy(&out, from.data(), sizeof out);
  return true;
}

template <class Fixed>
bool fixed_of(const nlmsghdr& message, Fixed& out) {
  return copy({static_cast<const std::byte*>(::mnl_nlmsg_get_payload(&message)),
               ::mnl_nlmsg_get_payload_len(&message)},
              out);
}

bool is_text(std::span<const std::byte> found, const std::string& wanted) {
  const auto* text = reinterpret_cast<const char*>(found.data());
  return !found.empty() && std::string_view{text, ::strnlen(text, found.size())} == wanted;
}

bool is_address(std::span<const std::byte> found, const Address& wanted) {
  return found.size() == address_size(wanted.family) &&
         std::equal(found.begin(), found.end(), wanted.bytes.begin());
}

bool state_concerns(const nlmsghdr& message, const PolicyScope& scope) {
  const auto state = read_state_event(message);
  return state && state->destination.family == scope.anchors.in.family &&
         (state->reqid - scope.first_reqid < scope.reqids ||
          state->destination == scope.anchors.in || state->destination == scope.anchors.out);
}

// Whatever has our owner, and our mark, our priorities, a template of our reqids, or is tied to one
// of our interfaces: a policy of ours may also have been given another content.
bool policy_concerns(const nlmsghdr& message, std::size_t fixed, const xfrm_userpolicy_info& info,
                     const EventFilter& filter) {
  const PolicyScope& scope = filter.scope;
  if (info.sel.user != scope.owner || info.sel.family != kernel_family(scope.anchors.in.family))
    return false;
  xfrm_mark mark{};
  if (copy(attribute_of(message, fixed, XFRMA_MARK), mark) && mark.v == scope.mark) return true;
  xfrm_user_tmpl t{};
  if (copy(attribute_of(message, fixed, XFRMA_TMPL), t) &&
      t.reqid - scope.first_reqid < scope.reqids)
    return true;
  return info.priority - scope.first_priority < scope.priorities ||
         contains(filter.indices, info.sel.ifindex);
}

bool deleted_policy_concerns(const nlmsghdr& message, const EventFilter& filter) {
  constexpr std::size_t fixed = sizeof(xfrm_userpolicy_id);
  xfrm_userpolicy_info info{};
  return copy(attribute_of(message, fixed, XFRMA_POLICY), info) &&
         policy_concerns(message, fixed, info, filter);
}

bool link_concerns(const nlmsghdr& message, const EventFilter& filter) {
  ifinfomsg info{};
  if (!fixed_of(message, info)) return false;
  if (contains(filter.indices, info.ifi_index)) return true;
  const auto name = attribute_of(message, sizeof info, IFLA_IFNAME);
  return std::any_of(filter.interfaces.begin(), filter.interfaces.end(),
                     [&](const std::string& ours) { return is_text(name, ours); });
}

bool address_concerns(const nlmsghdr& message, const EventFilter& filter) {
  const Address& anchor = filter.scope.anchors.in;
  const auto type = anchor.family == Family::ipv4 ? IFA_LOCAL : IFA_ADDRESS;
  ifaddrmsg info{};
  // Any IPv6 address on lo may mean that IPv6 was switched on or off there.
  if (anchor.family == Family::ipv6 && fixed_of(message, info) && info.ifa_family == AF_INET6 &&
      info.ifa_index == loopback)
    return true;
  return is_address(attribute_of(message, sizeof info, type), anchor);
}

// Of the thousands of routes a router learns and loses, the ones to OUT and to the anchors of
// senders, and the default ones by a
// WAN interface, for they may carry an MTU. The one to IN comes and goes with the address, in
// nobody's name.
bool learnt_route_concerns(const nlmsghdr& message, const EventFilter& filter) {
  rtmsg info{};
  const Family family = filter.scope.anchors.out.family;
  if (!fixed_of(message, info) || info.rtm_family != kernel_family(family)) return false;
  if (info.rtm_dst_len == 0) {
    int interface = 0;
    return !copy(attribute_of(message, sizeof info, RTA_OIF), interface) ||
           contains(filter.indices, interface);
  }
  const auto destination = attribute_of(message, sizeof info, RTA_DST);
  if (filter.pool.length != 0 && info.rtm_dst_len == filter.pool.length)
    return is_address(destination, filter.pool.address);
  return info.rtm_dst_len == address_size(family) * 8 &&
         is_address(destination, filter.scope.anchors.out);
}

}  // namespace

bool xfrm_event_concerns(const nlmsghdr& message, const EventFilter& filter) {
  xfrm_userpolicy_info info{};
  switch (message.nlmsg_type) {
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA:
    case XFRM_MSG_DELSA:
    case XFRM_MSG_EXPIRE:
      return state_concerns(message, filter.scope);
    case XFRM_MSG_FLUSHSA:
    case XFRM_MSG_FLUSHPOLICY:
      return true;
    case XFRM_MSG_NEWPOLICY:
    case XFRM_MSG_UPDPOLICY:
      return fixed_of(message, info) && policy_concerns(message, sizeof info, info, filter);
    case XFRM_MSG_DELPOLICY:
      return deleted_policy_concerns(message, filter);
    default:  // not an enum: acquire, report, mapping and what may come
      return false;
  }
}

bool rules_event_concerns(const nlmsghdr& message, const EventFilter& filter) {
  nfgenmsg info{};
  if (message.nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || !fixed_of(message, info) ||
      (message.nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
    return false;
  const Family family = filter.scope.anchors.in.family;
  // Tables, chains, rules, sets and elements all have the table's name as attribute 1.
  static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
                NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1);
  const auto table = attribute_of(message, sizeof info, 1);
  if (info.nfgen_family == NFPROTO_NETDEV)
    return is_text(table, lock_device_table(filter.table, family));
  return info.nfgen_family == kernel_family(family) &&
         (is_text(table, filter.table) || is_text(table, lock_table(filter.table)));
}

bool route_event_concerns(const nlmsghdr& message, const EventFilter& filter) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return link_concerns(message, filter);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return address_concerns(message, filter);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return learnt_route_concerns(message, filter);
    default:  // not an enum: neighbours, rules and what may come
      return false;
  }
}

}  // namespace xfrm
