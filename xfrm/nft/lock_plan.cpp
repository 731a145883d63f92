// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/lock_plan.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>

#include "xfrm/base/kernel_address.h"

namespace xfrm {
namespace {

// How many pairs of lines are compared, at most, to keep the number of layers small. What lies
// beyond is layered just as it stands.
constexpr std::size_t most_comparisons = 10'000'000;

using Key = std::vector<std::byte>;

bool is_icmp(std::uint8_t protocol) {
  return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

std::uint16_t used_mask(std::uint16_t port, std::uint16_t mask) { return port != 0 ? mask : 0; }

// fits_icmp: the kernel compares type and code, as numbers, with ports.
bool fits_icmp(const Selector& s) {
  const auto fits = [](std::uint16_t port, std::uint16_t mask) { return (port & mask) >> 8 == 0; };
  return fits(s.source_port, s.source_port_mask) &&
         fits(s.destination_port, s.destination_port_mask);
}

// without_any_protocol: with ports and any protocol, one selector for each protocol the kernel
// finds ports in.
std::vector<Selector> without_any_protocol(const Selector& s) {
  if (s.source_port == 0 && s.destination_port == 0) return {s};
  const bool ipv4 = s.source.address.family == Family::ipv4;
  std::vector<std::uint8_t> protocols{s.protocol};
  if (s.protocol == 0)
    protocols = {IPPROTO_TCP,     IPPROTO_UDP,
                 IPPROTO_UDPLITE, IPPROTO_SCTP,
                 IPPROTO_DCCP,    ipv4 ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6}};
  std::vector<Selector> out;
  for (const auto protocol : protocols) {
    if (is_icmp(protocol) && !fits_icmp(s)) continue;
    out.push_back(s);
    out.back().protocol = protocol;
  }
  return out;
}

LockShape shape_of(const Selector& s) {
  LockShape out{s.source.length,
                s.destination.length,
                s.protocol != 0,
                false,
                used_mask(s.source_port, s.source_port_mask),
                used_mask(s.destination_port, s.destination_port_mask)};
  out.icmp = is_icmp(s.protocol) && (out.source_port_mask | out.destination_port_mask) != 0;
  return out;
}

// put adds a field, which takes whole words of 4 octets.
void put(Key& out, std::span<const std::byte> field) {
  out.insert(out.end(), field.begin(), field.end());
  out.resize((out.size() + 3) / 4 * 4);
}

void put_port(Key& out, const LockShape& shape, std::uint16_t port, std::uint16_t mask) {
  if (mask == 0) return;
  const std::uint16_t value = port & mask;
  if (shape.icmp) {
    const auto octet = static_cast<std::uint8_t>(value);
    return put(out, std::as_bytes(std::span{&octet, 1}));
  }
  const std::uint16_t ordered = htons(value);
  put(out, std::as_bytes(std::span{&ordered, 1}));
}

Key key_of(const Selector& s, const LockShape& shape) {
  Key out;
  for (const Prefix* prefix : {&s.source, &s.destination})
    if (prefix->length != 0)
      put(out, std::span{prefix->address.bytes}.first(address_size(prefix->address.family)));
  if (shape.protocol) put(out, std::as_bytes(std::span{&s.protocol, 1}));
  put_port(out, shape, s.source_port, shape.source_port_mask);
  put_port(out, shape, s.destination_port, shape.destination_port_mask);
  return out;
}

bool meet(const Prefix& a, const Prefix& b) {
  const std::size_t bits = std::min(a.length, b.length), octets = bits / 8;
  if (!std::equal(a.address.bytes.begin(),
                  a.address.bytes.begin() + static_cast<std::ptrdiff_t>(octets),
                  b.address.bytes.begin()))
    return false;
  if (bits % 8 == 0) return true;
  const auto differing = a.address.bytes[octets] ^ b.address.bytes[octets];
  return (std::to_integer<unsigned>(differing) & (0xff00U >> bits % 8)) == 0;
}

bool ports_meet(std::uint16_t a, std::uint16_t a_mask, std::uint16_t b, std::uint16_t b_mask) {
  return a == 0 || b == 0 || ((a ^ b) & a_mask & b_mask) == 0;
}

// meet tells whether some packet may match both. True when in doubt.
bool meet(const Selector& a, const Selector& b) {
  return (a.protocol == 0 || b.protocol == 0 || a.protocol == b.protocol) &&
         meet(a.source, b.source) && meet(a.destination, b.destination) &&
         ports_meet(a.source_port, a.source_port_mask, b.source_port, b.source_port_mask) &&
         ports_meet(a.destination_port, a.destination_port_mask, b.destination_port,
                    b.destination_port_mask);
}

// masked is the prefix of `length` that an address is in.
Prefix masked(Address address, std::uint8_t length) {
  const auto mask = lock_mask(length, address.bytes.size());
  for (std::size_t i = 0; i < mask.size(); ++i) address.bytes[i] &= mask[i];
  return {address, length};
}

// seen_as is a packet as a test of that shape sees it.
Key seen_as(const Packet& packet, const LockShape& shape) {
  Selector s;
  s.source = masked(packet.source, shape.source);
  s.destination = masked(packet.destination, shape.destination);
  s.protocol = packet.protocol;
  s.source_port = packet.source_port;
  s.destination_port = packet.destination_port;
  return key_of(s, shape);
}

struct Layer {
  bool in_clear;
  std::vector<Selector> lines;
};

// Layers grow by one line after the other.
class Layers {
 public:
  void add(const Selector& line, bool in_clear) {
    if (layers_.empty() || (layers_.back().in_clear != in_clear && !may_go_before_last(line)))
      layers_.push_back({in_clear, {}});
    const bool last = layers_.back().in_clear == in_clear;
    layers_[layers_.size() - (last ? 1 : 2)].lines.push_back(line);
  }
  [[nodiscard]] const std::vector<Layer>& all() const { return layers_; }

 private:
  // Layers decide in turns, so the last but one decides as the line does.
  [[nodiscard]] bool may_go_before_last(const Selector& line) {
    const auto& last = layers_.back().lines;
    if (layers_.size() < 2 || last.size() > budget_) return false;
    budget_ -= last.size();
    return std::none_of(last.begin(), last.end(),
                        [&](const Selector& other) { return meet(line, other); });
  }

  std::vector<Layer> layers_;
  std::size_t budget_ = most_comparisons;
};

}  // namespace

bool may_be_clear(const Entry& entry) {
  return entry.action == Entry::Action::bypass ||
         entry.action == Entry::Action::protect_inbound_optional;
}

std::vector<LockLayer> lock_layers(std::span<const Entry> entries) {
  Layers layers;
  for (const Entry& entry : entries)
    for (const Selector& line : without_any_protocol(entry.selector))
      layers.add(line, may_be_clear(entry));
  std::vector<LockLayer> out;
  for (const Layer& layer : layers.all()) {
    std::map<LockShape, std::set<Key>> tests;
    for (const Selector& line : layer.lines) {
      const LockShape shape = shape_of(line);
      tests[shape].insert(key_of(line, shape));
    }
    out.push_back({layer.in_clear, {}});
    for (const auto& [shape, keys] : tests)
      out.back().tests.push_back({shape, {keys.begin(), keys.end()}});
  }
  return out;
}

bool lets_pass(std::span<const LockLayer> layers, const Packet& packet) {
  for (const LockLayer& layer : layers)
    for (const LockTest& test : layer.tests)
      if (std::binary_search(test.keys.begin(), test.keys.end(), seen_as(packet, test.shape)))
        return layer.in_clear;
  return true;
}

std::vector<Entry> lock_networks(std::span<const Entry> entries) {
  std::vector<Entry> out;
  for (const Entry& entry : entries) {
    const Selector& s = entry.selector;
    const bool any_port = s.source_port == 0 && s.destination_port == 0;
    const bool all = (s.protocol == 0 && any_port) || s.protocol == IPPROTO_ESP;
    if (entry.action == Entry::Action::discard) continue;  // nobody has keys yet
    if (entry.action == Entry::Action::bypass && !all) continue;
    const auto action =
        entry.action == Entry::Action::bypass ? entry.action : Entry::Action::protect;
    Entry line{action, 0, {}};
    line.selector.source = s.source;
    line.selector.destination = s.destination;
    if (out.empty() || out.back() != line) out.push_back(line);
  }
  return out;
}

std::vector<std::byte> lock_mask(std::size_t ones, std::size_t octets) {
  std::vector<std::byte> out(octets);
  for (std::size_t bit = 0; bit < ones; ++bit) out[bit / 8] |= std::byte{0x80} >> (bit % 8);
  return out;
}

}  // namespace xfrm
