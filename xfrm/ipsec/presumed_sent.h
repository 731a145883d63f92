// SPDX-License-Identifier: GPL-2.0-or-later
// Where the ESP sequence numbers of an outbound state begin whose past is not known.
#pragma once

#include <cstdint>

namespace xfrm {

// presumed_sent is the last number we may have used under a key that has this many seconds to live:
// before a reboot for instance, of which nothing is remembered. Receivers with a replay window
// (RFC 4303 section 3.4.3) drop what lies behind, so a new state goes on from there. It is told
// from nothing but the end of the key's life, which is the same whoever asks, and grows as that
// comes nearer: by sequence_growth.
//
// It never exceeds 2^31, so at least 2^31 numbers are left without extended ones, and with them a
// receiver that is new does not take the first for one of the next 2^32. 0 seconds, no end, is 0;
// so is all above the longest of sequence_growth.
[[nodiscard]] std::uint32_t presumed_sent(std::uint32_t remaining_seconds);

// SequenceGrowth: while no more than `up_to` seconds are left, the presumed number grows by
// `rate` each second. So a state that replaces a lost one begins ahead of all that was sent if that
// were, on average since the key's first second, fewer than `rate` packets a second, for a key
// whose whole life is at most `up_to`.
struct SequenceGrowth {
  std::uint32_t up_to, rate;
};
// Two hours; a day, the longest lifetime of most key servers; 30 days, the longest of all.
inline constexpr SequenceGrowth sequence_growth[] = {
    {7'200, 120'000}, {86'400, 12'000}, {30 * 86'400, 130}};

}  // namespace xfrm
