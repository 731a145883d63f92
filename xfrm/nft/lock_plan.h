// SPDX-License-Identifier: GPL-2.0-or-later
// An ACL in the form in which nftables can look a packet up without going through it line by line.
//
// The first line that matches decides, but among lines that decide alike the order does not matter.
// So the list is cut into layers, in each of which all lines decide alike, and a layer into tests:
// lines that look at the same bits of a packet. One test is one look-up in a hash table, whatever
// the number of its lines. A line joins the layer before the last when nothing in the last one can
// match the same packets, so most lists have two or three layers and few tests.
//
// There are two decisions only: whether a packet may be seen in clear on a WAN, or not.
//
// Pure: entries in, layers out.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "xfrm/base/packet.h"
#include "xfrm/base/types.h"

namespace xfrm {

// LockShape is the bits that a test looks at.
struct LockShape {
  std::uint8_t source = 0, destination = 0;                       // lengths of prefixes
  bool protocol = false;                                          // it, too
  bool icmp = false;                                              // type and code in place of ports
  std::uint16_t source_port_mask = 0, destination_port_mask = 0;  // 0: not looked at
  friend auto operator<=>(const LockShape&, const LockShape&) = default;
};

struct LockTest {
  LockShape shape;
  std::vector<std::vector<std::byte>> keys;  // lock_key of its lines, sorted
  friend bool operator==(const LockTest&, const LockTest&) = default;
};

struct LockLayer {
  bool in_clear = false;  // what its tests match may be seen in clear
  std::vector<LockTest> tests;
};

// lock_layers: the first layer with a test that matches decides; what none matches may be in clear.
// All entries are of one family.
[[nodiscard]] std::vector<LockLayer> lock_layers(std::span<const Entry> entries);

// lets_pass tells whether the layers let a packet be seen in clear, looked up as nftables does it.
[[nodiscard]] bool lets_pass(std::span<const LockLayer> layers, const Packet& packet);

// may_be_clear is what an entry decides.
[[nodiscard]] bool may_be_clear(const Entry& entry);

// lock_networks is the ACL as far as ESP can be judged by it, which does not show what is inside:
// addresses alone. A line that protects some of what goes between two networks protects them here;
// one that lets pass counts when it does so for all protocols, or for ESP.
[[nodiscard]] std::vector<Entry> lock_networks(std::span<const Entry> entries);

// lock_mask is the first `octets` octets of a mask with that many ones.
[[nodiscard]] std::vector<std::byte> lock_mask(std::size_t ones, std::size_t octets);

}  // namespace xfrm
