// SPDX-License-Identifier: GPL-2.0-or-later
// What a plane is known by in the kernel, and what it is to protect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xfrm/base/types.h"

namespace xfrm {

// discard_address is 100::N, of the discard prefix (RFC 6666): the pool of IPv6 anchors.
[[nodiscard]] constexpr Address discard_address(std::uint8_t number) {
  Address out{Family::ipv6, {}};
  out.bytes[0] = std::byte{1};
  out.bytes[15] = std::byte{number};
  return out;
}

inline constexpr std::uint32_t max_planes = 64;

// sender_pool has the anchors of the senders of one plane and family, max_sender_anchors of them:
// a part of 240.2.0.0/15 or of 100::1:0:0/96.
inline constexpr std::uint32_t max_sender_anchors = 2048;
// Fewer than half, so that all may be exchanged for others at once.
inline constexpr std::size_t max_senders = 1000;
[[nodiscard]] Prefix sender_pool(std::uint32_t owner, Family family);

// Priorities of our policies in the kernel: 2^24 numbers for each precedence from here on. Other
// programs' policies with lower numbers, such as strongSwan's (below 400,000), come before ours.
inline constexpr std::uint32_t first_of_all_priorities = 1'000'000'000;
inline constexpr std::uint32_t priorities_per_plane = 1U << 24;

// PlaneOptions may change while a plane is open; they count from the next apply() on.
struct PlaneOptions {
  // Where two planes have policies for one packet, that of the lower precedence counts.
  std::uint32_t precedence = 0;  // below max_planes
  // The largest TCP segment of what is encrypted; 0: what surely fits the WAN's MTU; nothing: TCP
  // is left alone.
  std::optional<std::uint16_t> mss_clamp = {};
  // With several planes: the mark bits of those with a lower precedence, and whether there are any
  // with a higher one.
  std::uint32_t earlier_marks = 0;
  bool others_follow = false;
  // Whether ESP of the ACL's networks under SPIs that we do not have is counted (Plane::unknown).
  bool count_unknown = false;
};

// PlaneSettings are what both address families of a plane have in common. Several planes: each has
// a name, reqids, anchors, a mark bit and an owner of its own.
struct PlaneSettings {
  std::string name;         // of the nftables tables: letters, digits, '-', '_', '.'
  std::uint32_t reqid = 0;  // first of max_key_classes that are this group's; nonzero
  std::uint32_t mark = 0;   // one bit: "came in on the WAN"
  // WAN interfaces, at least one. They may come and go: apply() protects those that are there, and
  // verify() tells of one that came.
  std::vector<std::string> interfaces;
  // What is called so, or begins so, is a WAN interface for the second lock from its first packet
  // on, before anybody names it.
  std::vector<std::string> beginnings = {};
  std::uint32_t owner = 0;  // in the selectors of the plane's policies (PolicyKey)
  // UDP from and to these ports leaves also by a WAN interface that has just come back under
  // another index and that nothing protects yet: GDOI, which has a protection of its own.
  std::vector<std::uint16_t> open_ports = {848};
  // Whether the second lock is ours alone to change, where the kernel can (Linux 6.9 and later).
  // False is for tests that take it away.
  bool own_lock = true;
  PlaneOptions options = {};
};

struct PlaneConfig : PlaneSettings {
  Anchors ipv4;  // a default pool of 240.0.0.1 and 240.0.0.2
  Anchors ipv6 = {discard_address(1), discard_address(2)};
};

// InstallerConfig is one address family of a plane, that of the anchors.
struct InstallerConfig : PlaneSettings {
  Anchors anchors;
  // Whether inbound ESP is told apart by its sender, as the last apply() wanted.
  bool windows = false;

  [[nodiscard]] Family family() const { return anchors.in.family; }
  [[nodiscard]] Prefix pool() const { return sender_pool(owner, family()); }
};

[[nodiscard]] InstallerConfig config_of(const PlaneConfig& plane, Family family);

// first_priority is where the numbers of the plane's own policies begin.
[[nodiscard]] std::uint32_t first_priority(const PlaneSettings& plane);

}  // namespace xfrm
