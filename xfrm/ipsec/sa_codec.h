// SPDX-License-Identifier: GPL-2.0-or-later
// States between SaSpec and netlink messages. Pure: nothing here talks to the kernel.
//
// The outbound state's source is the anchor IN, not the WAN address: both of its addresses are then
// ours and constant, so a WAN address that changes (DHCP, PPP) leaves the state alone. Adding the
// state anew under another source would start its ESP sequence numbers again under the same key.
// The address never shows: the packet's own source is written over it before it leaves.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <string>

#include "xfrm/base/describe.h"
#include "xfrm/base/types.h"
#include "xfrm/netlink/request.h"

namespace xfrm {

enum class Direction : std::uint8_t { inbound, outbound };

// A bitmap for more packets than this the kernel refuses (XFRMA_REPLAY_ESN_MAX).
inline constexpr std::uint32_t max_replay_window = 4096;

// add_state asks for a new state (XFRM_MSG_NEWSA), which fails when it exists. Inbound: any source
// to IN. Outbound: IN to OUT. Always ESP in tunnel mode for any inner family. `sent` is the last
// ESP sequence number used under this key before: an outbound state begins behind it.
void add_state(Request& request, const SaSpec& sa, Direction direction, const Anchors& anchors,
               std::uint32_t reqid, std::uint64_t sent = 0);

void delete_state(Request& request, std::uint32_t spi, const Address& destination);

void list_states(Request& request, Family family);

// State is one the kernel reported. The algorithms are borrowed from the message.
struct State {
  std::uint32_t spi = 0;
  std::uint32_t reqid = 0;
  Address source, destination;
  bool esp_tunnel = false;
  std::uint64_t added = 0;          // seconds of the epoch
  std::uint64_t hard_seconds = 0;   // of life since then; 0: for ever
  std::uint64_t sent = 0;           // last ESP sequence number used
  std::uint32_t replay_window = 0;  // packets; 0: no replay protection
  std::uint64_t packets = 0, bytes = 0;
  std::uint32_t replay_errors = 0, integrity_errors = 0;
  std::span<const std::byte> cipher, integrity, aead;  // xfrm_algo and its kin, whole
};
[[nodiscard]] std::optional<State> read_state(const nlmsghdr& message);

// read_state_event does so for a notification, also of a deletion (XFRM_MSG_DELSA) or an expiry.
[[nodiscard]] std::optional<State> read_state_event(const nlmsghdr& message);

// same_keys tells whether a state the kernel holds uses the algorithms and keys of `sa`.
[[nodiscard]] bool same_keys(const State& state, const SaSpec& sa);

[[nodiscard]] std::string describe(Direction direction, std::uint32_t spi);

}  // namespace xfrm
