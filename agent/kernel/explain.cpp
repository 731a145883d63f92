// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/explain.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "xfrm/base/describe.h"
#include "xfrm/base/icmpv6.h"

namespace agent {
namespace {

using Line = ListAnswer::Line;
using gdoi::AccessEntry;

bool is_ipv6_packet(const Packet& packet) {
  return packet.source.family == gdoi::Address::Family::ipv6;
}

bool is_link_local(const gdoi::Address& address) {
  return address.bytes[0] == std::byte{0xfe} &&
         (address.bytes[1] & std::byte{0xc0}) == std::byte{0x80};
}

bool is_all_on_link(const gdoi::Address& address) {
  return address.bytes[0] == std::byte{0xff} && address.bytes[1] == std::byte{0x02};
}

bool belongs_on_link(const Packet& packet) {
  const auto& types = xfrm::on_link_icmpv6_types;
  return is_ipv6_packet(packet) &&
         (is_link_local(packet.source) || is_link_local(packet.destination) ||
          is_all_on_link(packet.destination) ||
          (packet.protocol == IPPROTO_ICMPV6 &&
           std::find(types.begin(), types.end(), packet.source_port) != types.end()));
}

bool is_gdoi_with(const Packet& packet, const gdoi::Endpoint& server) {
  return packet.protocol == IPPROTO_UDP &&
         ((packet.destination == server.address && packet.destination_port == server.port) ||
          (packet.source == server.address && packet.source_port == server.port));
}

const gdoi::TrafficSelector* first_about(const Packet& packet,
                                         const std::vector<gdoi::TrafficSelector>& selectors) {
  const auto at = std::find_if(selectors.begin(), selectors.end(),
                               [&](const auto& one) { return matches(one, packet); });
  return at == selectors.end() ? nullptr : &*at;
}

ListAnswer clear_by(Line line, std::string text = {}) {
  ListAnswer out;
  out.line = line;
  out.text = std::move(text);
  return out;
}

ListAnswer both(Line line, Treatment treatment) {
  ListAnswer out;
  out.line = line;
  out.leaving = out.arriving = treatment;
  return out;
}

// permit_by is what a permit line says: it depends on the TEKs of its class.
void permit_by(const AccessEntry& entry, const ListInForce& list, const TranslateOptions& options,
               const KeyClasses& classes, ListAnswer& out) {
  const auto key_class = classes.of(entry.spi);
  const auto& silent = list.receive_only;
  const bool sends =
      std::any_of(list.entries.begin(), list.entries.end(), [&](const AccessEntry& other) {
        return other.action == AccessEntry::Action::permit && classes.of(other.spi) == key_class &&
               !std::binary_search(silent.begin(), silent.end(), other.spi);
      });
  if (options.passive || !sends) {
    out.leaving = Treatment::clear;
    out.arriving = Treatment::either;
    return;
  }
  out.arriving = Treatment::encrypt;
  out.leaving = Treatment::drop;  // until there is a TEK to send on
  if (key_class) out.spi = list.sender(*key_class);
  if (out.spi) out.leaving = Treatment::encrypt;
}

std::string way_text(const PolicyAnswer& answer) {
  switch (answer.way) {
    case PolicyAnswer::Way::out:
      return "policies out by " + answer.interface;
    case PolicyAnswer::Way::forwarded:
      return "policies fwd";
    case PolicyAnswer::Way::in:
      return "policies in";
  }
  return "policies";
}

std::string treatment_text(Treatment treatment, const std::optional<gdoi::Spi>& spi, bool leaving) {
  switch (treatment) {
    case Treatment::clear:
      return leaving ? "let it leave in clear" : "let it in in clear only";
    case Treatment::encrypt:
      if (!leaving) return "let it in encrypted only";
      return spi ? "encrypt it under " + spi_text(*spi) : "encrypt it";
    case Treatment::either:
      return "let it in encrypted and in clear";
    case Treatment::drop:
      return "drop it";
    case Treatment::foreign:
      return "leave it to other IPsec";
    case Treatment::unknown:
      break;
  }
  return "do what is not known";
}

// may_be_seen: whether the list lets a packet be seen in clear on a WAN.
bool may_be_seen(const ListAnswer& list) {
  return list.leaving == Treatment::clear || list.arriving == Treatment::clear ||
         list.arriving == Treatment::either;
}

}  // namespace

ListAnswer ask_list(const Packet& packet, const ListInForce& list, const TranslateOptions& options,
                    const KeyClasses& classes) {
  if (!list.mode) return clear_by(Line::no_list);
  if (belongs_on_link(packet)) return clear_by(Line::link);
  for (const auto& server : options.key_servers)
    if (is_gdoi_with(packet, server))
      return clear_by(Line::key_server, "GDOI with " + to_string(server.address));
  if (const auto* deny = first_about(packet, options.exceptions))
    return clear_by(Line::deny, "deny " + gdoi::describe(*deny));
  if (*list.mode == Installation::Mode::closed) {
    const auto* deny = first_about(packet, options.closed_exceptions);
    return deny != nullptr ? clear_by(Line::fail_close_deny, "deny " + gdoi::describe(*deny))
                           : both(Line::fail_close, Treatment::drop);
  }
  if (!list.known) return both(Line::predecessor, Treatment::unknown);
  const auto at =
      std::find_if(list.entries.begin(), list.entries.end(),
                   [&](const AccessEntry& entry) { return matches(entry.selector, packet); });
  if (at == list.entries.end()) return clear_by(Line::none);
  const bool permit = at->action == AccessEntry::Action::permit;
  auto out = clear_by(Line::list, (permit ? "permit " : "deny ") + gdoi::describe(at->selector));
  out.number = static_cast<std::size_t>(at - list.entries.begin()) + 1;
  if (permit) permit_by(*at, list, options, classes, out);
  return out;
}

xfrm::Packet to_xfrm(const Packet& packet) {
  return {to_xfrm(packet.source), to_xfrm(packet.destination), packet.protocol, packet.source_port,
          packet.destination_port};
}

PolicyAnswer from_xfrm(const xfrm::PolicyAnswer& answer) {
  using Does = xfrm::PolicyAnswer::Does;
  PolicyAnswer out;
  out.way = answer.direction == xfrm::PolicyDirection::out   ? PolicyAnswer::Way::out
            : answer.direction == xfrm::PolicyDirection::fwd ? PolicyAnswer::Way::forwarded
                                                             : PolicyAnswer::Way::in;
  out.interface = answer.interface;
  if (answer.spi) out.spi = gdoi::Spi{*answer.spi};
  out.treatment = answer.does == Does::clear     ? Treatment::clear
                  : answer.does == Does::protect ? Treatment::encrypt
                  : answer.does == Does::either  ? Treatment::either
                  : answer.does == Does::drop    ? Treatment::drop
                                                 : Treatment::foreign;
  if (out.way == PolicyAnswer::Way::out && answer.does == Does::protect && !out.spi)
    out.treatment = Treatment::drop;  // there is no state to leave on
  if (answer.policy) {
    const auto& policy = *answer.policy;
    out.policy = fmt::format("{} to {} priority {} index {}", xfrm::describe(policy.source),
                             xfrm::describe(policy.destination), policy.priority, policy.index);
    out.ours = policy.ours;
  }
  return out;
}

LockAnswer from_xfrm(const xfrm::LockAnswer& answer) {
  LockAnswer out;
  out.installed = answer.installed;
  out.passes = answer.passes;
  out.exempt = answer.exempt;
  out.changing = answer.changing;
  if (answer.entry) out.line = xfrm::describe(answer.entry->selector);
  out.differences = answer.differences;
  return out;
}

std::vector<std::string> disagreements(const Explanation& explanation) {
  std::vector<std::string> out;
  const auto& list = explanation.list;
  const auto& lock = explanation.lock;
  for (const auto& difference : lock.differences) out.push_back("second lock: " + difference);
  if (list.line == Line::predecessor) return out;
  for (const auto& answer : explanation.policies) {
    if (!explanation.decides) break;
    const bool leaving = answer.way == PolicyAnswer::Way::out;
    const auto wanted = leaving ? list.leaving : list.arriving;
    const bool same_tek = wanted != Treatment::encrypt || !leaving || answer.spi == list.spi;
    if (answer.treatment == wanted && same_tek) continue;
    out.push_back(fmt::format("{} {}, the list says to {}", way_text(answer),
                              treatment_text(answer.treatment, answer.spi, leaving),
                              treatment_text(wanted, list.spi, leaving)));
  }
  const bool passes = may_be_seen(list);
  if (!lock.exempt && !lock.changing && lock.passes != passes)
    out.push_back(fmt::format("the second lock {} it pass in clear, the list says to {}",
                              lock.passes ? "lets" : "does not let",
                              passes ? "let it pass" : "drop it"));
  return out;
}

}  // namespace agent
