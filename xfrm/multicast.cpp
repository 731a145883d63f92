// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/multicast.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <optional>

namespace xfrm {
namespace {

// RFC 1112 §4: host groups are 224.0.0.0 to 239.255.255.255.
constexpr Prefix all_groups{{Family::ipv4, {std::byte{224}}}, 4};

// Offsets in the IPv4 header (RFC 791 §3.1) and behind it.
constexpr std::uint32_t ip_protocol = 9, ip_source = 12, ip_destination = 16, ip_address = 4;
constexpr std::uint32_t source_port = 0, destination_port = 2, port_size = 2;

bool is_any(const Prefix& prefix) { return prefix.length == 0; }

std::array<std::byte, 4> mask_of(std::uint8_t length) {
  const std::uint32_t bits = length == 0 ? 0 : htonl(~std::uint32_t{0} << (32 - length));
  std::array<std::byte, 4> out{};
  std::memcpy(out.data(), &bits, sizeof bits);
  return out;
}

// groups_in is the part of a prefix that is multicast.
std::optional<Prefix> groups_in(const Prefix& prefix) {
  if (prefix.address.family != Family::ipv4) return std::nullopt;
  const auto first = std::to_integer<unsigned>(prefix.address.bytes[0]);
  if (prefix.length >= all_groups.length)
    return first >> 4 == 14 ? std::optional{prefix} : std::nullopt;
  return first == (224U & (0xff00U >> prefix.length)) ? std::optional{all_groups} : std::nullopt;
}

bool is_for_all(const Entry& entry) {
  const Selector& s = entry.selector;
  return is_any(s.source) && s.protocol == 0 && s.source_port == 0 && s.destination_port == 0;
}

bool leaves_in_clear(const Entry& entry) {
  return entry.action == Entry::Action::bypass || entry.action == Entry::Action::accept;
}

// Line builds the rules of one line: each begins with what the line matches.
class Line {
 public:
  Line(const std::string& table, const std::string& chain, const Selector& selector)
      : table_{table}, chain_{chain}, selector_{selector} {}

  [[nodiscard]] nft::Expressions match() const {
    nft::Expressions out{table_, chain_};
    prefix(out, ip_source, selector_.source);
    prefix(out, ip_destination, selector_.destination);
    if (selector_.protocol != 0) out.network(ip_protocol, 1).equals(selector_.protocol);
    port(out, source_port, selector_.source_port);
    port(out, destination_port, selector_.destination_port);
    return out;
  }

 private:
  static void prefix(nft::Expressions& out, std::uint32_t offset, const Prefix& prefix) {
    if (is_any(prefix)) return;
    out.network(offset, ip_address).masked(mask_of(prefix.length));
    out.equals(std::span{prefix.address.bytes}.first(ip_address));
  }

  static void port(nft::Expressions& out, std::uint32_t offset, std::uint16_t port) {
    if (port == 0) return;
    const std::uint16_t value = htons(port);
    out.transport(offset, port_size).equals(std::as_bytes(std::span{&value, 1}));
  }

  const std::string &table_, &chain_;
  const Selector& selector_;
};

// add_protected: through our states of the line's class, or not at all.
void add_protected(std::vector<nft::Rule>& out, const Line& line, std::uint8_t direction,
                   std::uint32_t reqid) {
  out.push_back(line.match()
                    .transform(NFT_XFRM_KEY_REQID, direction)
                    .equals(std::as_bytes(std::span{&reqid, 1}))
                    .verdict(NFT_RETURN)
                    .rule());
  out.push_back(line.match().verdict(NF_DROP).rule());
}

}  // namespace

std::vector<Entry> multicast_lines(std::span<const Entry> entries) {
  std::vector<Entry> out;
  for (const Entry& entry : entries) {
    const auto groups = groups_in(entry.selector.destination);
    if (!groups) continue;
    out.push_back(entry);
    out.back().selector.destination = *groups;
    if (is_for_all(entry) && *groups == all_groups) break;
  }
  return out;
}

std::vector<Entry> with_forwarded(std::span<const Entry> entries) {
  std::vector<Entry> out;
  for (const Entry& line : multicast_lines(entries)) {
    // A line that lets only some of a wide range pass in clear says nothing about the groups in it.
    if (leaves_in_clear(line) && line.selector.destination == all_groups && !is_for_all(line))
      continue;
    Entry forwarded = line;
    forwarded.selector = {};
    forwarded.selector.destination = line.selector.destination;
    forwarded.selector.protocol = IPPROTO_IPIP;
    out.push_back(forwarded);
  }
  out.insert(out.end(), entries.begin(), entries.end());
  return out;
}

std::vector<nft::Rule> sending_rules(const std::string& table, const std::string& chain,
                                     std::span<const Entry> lines, std::uint32_t reqid) {
  std::vector<nft::Rule> out;
  for (const Entry& entry : lines) {
    const Line line{table, chain, entry.selector};
    switch (entry.action) {
      case Entry::Action::protect:
        add_protected(out, line, XFRM_POLICY_OUT, reqid + entry.key_class);
        break;
      case Entry::Action::block:
        out.push_back(line.match().verdict(NF_DROP).rule());
        break;
      case Entry::Action::bypass:
      case Entry::Action::accept:
        out.push_back(line.match().verdict(NFT_RETURN).rule());
        break;
    }
  }
  return out;
}

std::vector<nft::Rule> receiving_rules(const std::string& table, const std::string& chain,
                                       std::span<const Entry> lines, std::uint32_t reqid,
                                       const Address& in) {
  // What came through a state of ours must be in the list.
  const auto decrypted = [&](nft::Expressions expressions) {
    return std::move(expressions.transform(NFT_XFRM_KEY_DADDR_IP4, XFRM_POLICY_IN)
                         .equals(std::span{in.bytes}.first(ip_address))
                         .verdict(NF_DROP));
  };
  std::vector<nft::Rule> out;
  for (const Entry& entry : lines) {
    const Line line{table, chain, entry.selector};
    switch (entry.action) {
      case Entry::Action::protect:
        add_protected(out, line, XFRM_POLICY_IN, reqid + entry.key_class);
        break;
      case Entry::Action::block:
        out.push_back(line.match().verdict(NF_DROP).rule());
        break;
      case Entry::Action::bypass:
        out.push_back(decrypted(line.match()).rule());
        out.push_back(line.match().verdict(NFT_RETURN).rule());
        break;
      case Entry::Action::accept:
        out.push_back(line.match().verdict(NFT_RETURN).rule());
        break;
    }
  }
  out.push_back(decrypted(nft::Expressions{table, chain}).rule());
  return out;
}

}  // namespace xfrm
