// SPDX-License-Identifier: GPL-2.0-or-later
// The objects of the data plane in the kernel's terms.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace xfrm {

enum class Family : std::uint8_t { ipv4, ipv6 };

// Address in network order; IPv4 uses the first four octets, the rest stay zero.
struct Address {
  Family family = Family::ipv4;
  std::array<std::byte, 16> bytes{};
  friend auto operator<=>(const Address&, const Address&) = default;
};

struct Prefix {
  Address address;
  std::uint8_t length = 0;  // bits; host bits of `address` are zero
  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

struct Selector {
  Prefix source, destination;
  std::uint8_t protocol = 0;                            // 0: any
  std::uint16_t source_port = 0, destination_port = 0;  // 0: any
  // Bits in which ports are compared, ones first: a block of ports begins at a port with zeros in
  // the others. Without a port they say nothing and stay as they are here.
  std::uint16_t source_port_mask = 0xffff, destination_port_mask = 0xffff;
  friend auto operator<=>(const Selector&, const Selector&) = default;
};

// Anchors are the two addresses of a plane and family that stand for it in the kernel and are never
// seen on the wire: the destination of inbound states, and that of outbound ones.
struct Anchors {
  Address in, out;
  friend bool operator==(const Anchors&, const Anchors&) = default;
};

// Sender is a network whose ESP is received by states of its own, with a replay window of their
// own: their destination is this anchor.
struct Sender {
  Prefix network;
  Address anchor;
  friend auto operator<=>(const Sender&, const Sender&) = default;
};

// KeyClass ties entries to the SAs that protect them: an entry is served by the SAs of its own
// class only. Most groups have one class, 0; a key server that gives each ACE a TEK of its own
// makes one per ACE. In the kernel: reqid = PlaneConfig::reqid + class.
using KeyClass = std::uint16_t;
inline constexpr std::uint32_t max_key_classes = 4096;

// Entry is one ACE of a group's ACL as the kernel shall enforce it.
struct Entry {
  // The first three are those of RFC 4301 section 4.4.1.
  // protect: leaves encrypted, and must have come through our states.
  // bypass:  passes in clear both ways.
  // discard: dropped in every direction (fail-close before the first registration).
  // protect_inbound_optional: leaves in clear; comes in both encrypted (through our states) and in
  //          clear (receive-only SAs).
  enum class Action : std::uint8_t { protect, bypass, discard, protect_inbound_optional };
  Action action = Action::protect;
  KeyClass key_class = 0;  // of the two that protect; meaningless for the others
  Selector selector;
  friend auto operator<=>(const Entry&, const Entry&) = default;
};

// SaSpec is one TEK. The keys are borrowed for the length of the call. Names are the kernel's
// ("cbc(aes)", "hmac(sha256)", "rfc4106(gcm(aes))"); an AEAD has its key in `cipher_key` and no
// integrity.
struct SaSpec {
  std::uint32_t spi = 0;  // host order
  KeyClass key_class = 0;
  std::string_view cipher;
  std::span<const std::byte> cipher_key;
  std::string_view integrity;
  std::span<const std::byte> integrity_key;
  std::uint32_t icv_bits = 0;  // of the integrity algorithm or the AEAD
  bool aead = false;
  bool extended_sequence = false;
  std::uint32_t replay_window = 0;     // packets; 0: no replay protection
  std::uint32_t lifetime_seconds = 0;  // hard; the kernel drops the state by itself; 0: never
  bool receive = true;                 // wanted as inbound state
  bool send = true;                    // wanted as outbound state
};

}  // namespace xfrm
