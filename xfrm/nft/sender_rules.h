// SPDX-License-Identifier: GPL-2.0-or-later
// Replay windows for each sender. All members of a group send under one SPI, each with sequence
// numbers of its own; so there is a state of the same TEK for each sender, told apart by its
// destination, and that is written by where a packet comes from:
//
//   set bare         SPIs of which not every sender has a state
//   map senders-N    for each length N of networks: network > anchor
//   senders          (from inbound, ESP of ours) SPI in bare: to IN. The longest network of the
//                    source: to its anchor. The rest: to IN, or counted and dropped
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xfrm/nft/rules_builder.h"

namespace xfrm {

inline constexpr const char* senders_chain = "senders";

// RFC 4303 section 2: the SPI comes first.
inline constexpr std::uint32_t esp_spi = 0, spi_size = 4;

// add_senders makes the chain and its sets.
void add_senders(RulesBuilder& to);

// address_to ends a rule with: the address in the register becomes the destination, and no
// connection is tracked.
nft::Expressions& address_to(nft::Expressions& rule, const RulesBuilder& to);

// sender_length is the length of the networks in the map of this name; nothing for other sets.
[[nodiscard]] std::optional<std::uint8_t> sender_length(std::string_view set);

}  // namespace xfrm
