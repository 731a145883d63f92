// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/translate.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <set>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "agent/kernel/algorithms.h"
#include "agent/kernel/prefixes.h"
#include "agent/kernel/senders.h"
#include "xfrm/base/icmpv6.h"

namespace agent {
namespace {

using gdoi::AccessEntry;

std::string ace_text(const AccessEntry& entry) {
  const bool permit = entry.action == AccessEntry::Action::permit;
  return fmt::format("'{} {}'", permit ? "permit" : "deny", gdoi::describe(entry.selector));
}

bool has_ports(std::uint8_t protocol) noexcept {
  switch (protocol) {
    case 0:  // any: the kernel compares the ports of those that have some
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_SCTP:
    case IPPROTO_DCCP:
      return true;
    default:
      return false;
  }
}

Result<void> check(const AccessEntry& entry) {
  const auto& [protocol, source, destination] = entry.selector;
  for (const auto* end : {&source, &destination}) {
    const auto& [first, last] = end->addresses;
    if (first.family != source.addresses.first.family || last.family != first.family)
      return fail(fmt::format("entry {}: IPv4 and IPv6 mixed", ace_text(entry)));
    if (last < first)
      return fail(fmt::format("entry {}: a range that ends before it begins", ace_text(entry)));
    if (end->port != 0 && !has_ports(protocol))
      return fail(fmt::format("entry {}: protocol {} has no ports", ace_text(entry), protocol));
  }
  return {};
}

// What the kernel can compare with: a prefix, and a block of ports.
struct Block {
  xfrm::Prefix addresses;
  PortBlock ports;
};

std::vector<Block> blocks_of(const gdoi::TrafficEnd& end) {
  const auto ports = cover_ports(end);
  std::vector<Block> out;
  for (const auto& addresses : cover(end.addresses))
    for (const auto& block : ports) out.push_back({addresses, block});
  return out;
}

// add_entry adds what the kernel needs for one ACE, with `made` saying what becomes of it.
Result<void> add_entry(const AccessEntry& entry, xfrm::Entry made, std::vector<xfrm::Entry>& out) {
  if (auto valid = check(entry); !valid) return valid;
  made.selector.protocol = entry.selector.protocol;
  const auto destinations = blocks_of(entry.selector.destination);
  for (const auto& source : blocks_of(entry.selector.source)) {
    for (const auto& destination : destinations) {
      if (out.size() == max_entries)
        return fail(
            fmt::format("entry {}: the ACL has more than {} entries once ranges are split "
                        "into prefixes",
                        ace_text(entry), max_entries));
      made.selector.source = source.addresses;
      made.selector.source_port = source.ports.port;
      made.selector.source_port_mask = source.ports.mask;
      made.selector.destination = destination.addresses;
      made.selector.destination_port = destination.ports.port;
      made.selector.destination_port_mask = destination.ports.mask;
      out.push_back(made);
    }
  }
  return {};
}

xfrm::Prefix host(const gdoi::Address& address) {
  return {to_xfrm(address), static_cast<std::uint8_t>(address.size() * 8)};
}

bool has_ipv6(const xfrm::Entry& entry) {
  return entry.selector.source.address.family == xfrm::Family::ipv6;
}

// on_link_blocks is the types of ICMPv6 that belong on a link in the fewest blocks, since the
// kernel tries such policies one by one, for each packet.
std::vector<PortBlock> on_link_blocks() {
  std::vector<PortBlock> out;
  const auto& types = xfrm::on_link_icmpv6_types;
  for (auto first = types.begin(); first != types.end();) {
    auto last = first;
    while (last + 1 != types.end() && last[1] == *last + 1) ++last;
    gdoi::TrafficEnd run;
    run.port = *first;
    run.last_port = *last;
    for (const auto& block : cover_ports(run)) out.push_back(block);
    first = last + 1;
  }
  return out;
}

// add_on_link puts before the ACL what IPv6 needs on a link: finding neighbours, routers and
// multicast listeners, and all traffic between link-local addresses. An ACL such as "permit ipv6
// any any" would cut the router off from the next one.
void add_on_link(std::vector<xfrm::Entry>& entries) {
  xfrm::Entry any{xfrm::Entry::Action::bypass, 0, {}};
  any.selector.source.address.family = any.selector.destination.address.family = xfrm::Family::ipv6;
  std::vector<xfrm::Entry> first;
  for (const auto& types : on_link_blocks()) {
    auto icmp = any;
    icmp.selector.protocol = IPPROTO_ICMPV6;
    icmp.selector.source_port = types.port;  // where the kernel's selectors have the type
    icmp.selector.source_port_mask = types.mask;
    first.push_back(icmp);
  }
  const auto prefix = [](std::byte first_octet, std::byte second, std::uint8_t length) {
    return xfrm::Prefix{{xfrm::Family::ipv6, {first_octet, second}}, length};
  };
  const auto link_local = prefix(std::byte{0xfe}, std::byte{0x80}, 10);
  const auto all_on_link = prefix(std::byte{0xff}, std::byte{2}, 16);
  for (const auto& destination : {link_local, all_on_link}) {
    first.push_back(any);
    first.back().selector.destination = destination;
  }
  first.push_back(any);
  first.back().selector.source = link_local;
  entries.insert(entries.begin(), first.begin(), first.end());
}

// complete_ipv6 leaves IPv6 out as long as all of it passes in clear: a machine without IPv6 then
// needs none of its objects.
void complete_ipv6(std::vector<xfrm::Entry>& entries) {
  const bool needed = std::any_of(entries.begin(), entries.end(), [](const xfrm::Entry& entry) {
    return has_ipv6(entry) && entry.action != xfrm::Entry::Action::bypass;
  });
  if (needed)
    add_on_link(entries);
  else
    std::erase_if(entries, has_ipv6);
}

// GDOI itself must stay in clear whatever the ACL says: a rekey that needs the lost key would
// never arrive. That holds for our own and for that of members behind us.
void add_exceptions(const std::vector<gdoi::Endpoint>& key_servers, std::vector<xfrm::Entry>& out) {
  for (const auto& server : key_servers) {
    xfrm::Entry towards;
    towards.action = xfrm::Entry::Action::bypass;
    towards.selector.protocol = IPPROTO_UDP;
    auto from = towards;
    towards.selector.destination = host(server.address);
    towards.selector.source.address.family = towards.selector.destination.address.family;
    towards.selector.destination_port = server.port;
    from.selector.source = host(server.address);
    from.selector.destination.address.family = from.selector.source.address.family;
    from.selector.source_port = server.port;
    out.push_back(towards);
    out.push_back(from);
  }
}

Result<void> add_bypass(const std::vector<gdoi::TrafficSelector>& selectors,
                        std::vector<xfrm::Entry>& out) {
  for (const auto& selector : selectors) {
    const AccessEntry entry{AccessEntry::Action::deny, selector, {}};
    if (auto added = add_entry(entry, {xfrm::Entry::Action::bypass, 0, {}}, out); !added)
      return added;
  }
  return {};
}

// sending_classes are those with an ACE under a TEK that the key server lets us send on.
std::set<xfrm::KeyClass> sending_classes(const Installation& installation,
                                         const KeyClasses& classes) {
  std::set<xfrm::KeyClass> out;
  const auto& silent = installation.receive_only;
  for (const auto& entry : installation.entries)
    if (entry.action == AccessEntry::Action::permit &&
        !std::binary_search(silent.begin(), silent.end(), entry.spi))
      out.insert(classes.of(entry.spi).value());
  return out;
}

Result<void> add_acl(const Installation& installation, const KeyClasses& classes, bool passive,
                     std::vector<xfrm::Entry>& out) {
  const auto sending = sending_classes(installation, classes);
  for (const auto& entry : installation.entries) {
    xfrm::Entry made{xfrm::Entry::Action::bypass, 0, {}};
    if (entry.action == AccessEntry::Action::permit) {
      made.key_class = classes.of(entry.spi).value();
      const bool protects = !passive && sending.count(made.key_class) != 0;
      made.action =
          protects ? xfrm::Entry::Action::protect : xfrm::Entry::Action::protect_inbound_optional;
    }
    if (auto added = add_entry(entry, made, out); !added) return added;
  }
  return {};
}

Result<void> check(const gdoi::TekPolicy& policy, const TranslateOptions& options) {
  // The kernel finds a state of transport mode by the packet's own destination, so it would need
  // one for each host, each with sequence numbers of its own.
  if (policy.encapsulation != gdoi::Encapsulation::tunnel)
    return fail("transport encapsulation is not supported, the key server must say 'mode tunnel'");
  // RFC 4303 appendix A2.2: the upper half of a number is told from the window.
  if (policy.extended_sequence && options.replay_window == 0)
    return fail("extended sequence numbers need a replay window, set replay-window");
  if (policy.preservation != gdoi::AddressPreservation::both)
    return fail("only tunnels that keep source and destination address are supported");
  return {};
}

Result<xfrm::SaSpec> make_sa(const TekUse& use, xfrm::KeyClass key_class,
                             const TranslateOptions& options) {
  const auto& policy = use.tek->policy;
  xfrm::SaSpec sa;
  auto outcome = check(policy, options);
  if (outcome) outcome = set_algorithms(*use.tek, sa);
  if (!outcome)
    return fail(fmt::format("TEK {}: {}", spi_text(use.tek->spi), outcome.error().what));
  sa.spi = use.tek->spi.value;
  sa.key_class = key_class;
  sa.extended_sequence = policy.extended_sequence;
  sa.replay_window = options.replay_window;
  sa.lifetime_seconds = static_cast<std::uint32_t>(use.remaining.count());
  sa.receive = use.receive;
  // RFC 6054: senders that share a key must not choose the same IV. The kernel's generator cannot
  // be given a sender ID, so sending in counter modes is only for those who force it.
  const bool safe = !gdoi::is_counter_mode(policy.transform) || options.send_counter_modes;
  sa.send = use.send && safe && !options.passive;
  return sa;
}

}  // namespace

Result<Translation> translate(const Installation& installation, const KeyClasses& previous,
                              const TranslateOptions& options) {
  std::vector<gdoi::Spi> alive;
  for (const auto& use : installation.teks) alive.push_back(use.tek->spi);
  for (const auto& kept : installation.kept) alive.push_back(kept.spi);
  auto classes = KeyClasses::assign(installation.entries, alive, previous);
  if (!classes) return tl::unexpected<Error>{classes.error()};

  Translation out;
  auto& entries = out.desired.entries;
  entries.reserve(installation.entries.size() + 2 * options.key_servers.size() +
                  options.exceptions.size());
  add_exceptions(options.key_servers, entries);
  auto added = add_bypass(options.exceptions, entries);
  if (installation.mode == Installation::Mode::closed) {
    if (added) added = add_bypass(options.closed_exceptions, entries);
    xfrm::Entry all{xfrm::Entry::Action::discard, 0, {}};
    entries.push_back(all);
    all.selector.source.address.family = all.selector.destination.address.family =
        xfrm::Family::ipv6;
    entries.push_back(all);
  }
  if (added) added = add_acl(installation, *classes, options.passive, entries);
  if (!added) return tl::unexpected<Error>{added.error()};
  complete_ipv6(entries);

  for (const auto& use : installation.teks) {
    const auto key_class = classes->of(use.tek->spi);
    if (!key_class) continue;  // no ACE ever needed it
    auto sa = make_sa(use, *key_class, options);
    if (!sa) return tl::unexpected<Error>{sa.error()};
    out.desired.sas.push_back(*sa);
  }
  for (const auto& kept : installation.kept)
    if (const auto key_class = classes->of(kept.spi))
      out.desired.kept.push_back({kept.spi.value, kept.outbound, *key_class});
  if (options.replay_senders.any()) {
    auto senders = replay_senders(options.replay_senders, installation.entries);
    if (!senders) return tl::unexpected<Error>{senders.error()};
    out.desired.sender_windows = true;
    out.desired.senders = std::move(*senders);
    out.desired.drop_unknown_senders = options.drop_unknown_senders;
  }
  out.desired.remove_superseded = installation.remove_superseded;
  out.classes = std::move(*classes);
  return out;
}

}  // namespace agent
