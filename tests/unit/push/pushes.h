// SPDX-License-Identifier: GPL-2.0-or-later
// The pushes of these tests, and what a member makes of them.
#pragma once

#include <cstdint>

#include "gdoi/push/rekey_sa_table.h"
#include "tests/unit/push/samples.h"

namespace push_test {

using ks::datagram;
using ks::header;
using ks::packed;
using ks::plaintext;
using ks::signed_octets;
using Push = ks::PushMessage;

// The group of most tests: two lists, each with its TEK.
[[nodiscard]] Push tek_push(std::uint32_t sequence, std::uint32_t spi);
// kek_push announces `next` beside a new TEK.
[[nodiscard]] Push kek_push(std::uint32_t sequence, std::uint32_t spi, const ks::Kek& next,
                            Sak policy = {});

// downloaded is the KEK as a registration would have given it.
[[nodiscard]] gdoi::Kek downloaded(const ks::Kek& kek, std::uint32_t last_sequence = 0);
[[nodiscard]] gdoi::RekeySpi spi_of(const ks::Kek& kek);

inline constexpr gdoi::Instant noon{std::chrono::hours{12}};
inline const gdoi::Address member{gdoi::Address::Family::ipv4,
                                  {std::byte{172}, std::byte{16}, std::byte{1}, std::byte{2}}};

// state writes down all that a RekeySaTable shows, for comparison.
[[nodiscard]] std::string state(const gdoi::RekeySaTable& sas);

// receive gives a datagram to `sas` if it is an ISAKMP message.
[[nodiscard]] gdoi::Result<gdoi::PushOutcome> receive(gdoi::RekeySaTable& sas, View datagram,
                                                      gdoi::Instant now);

// accepted unwraps a Rekey, and throws what went wrong when there is none.
[[nodiscard]] gdoi::Rekey accepted(gdoi::Result<gdoi::PushOutcome> outcome);
// refused says why an authentic PUSH was refused, empty when it was not.
[[nodiscard]] std::string refused(const gdoi::Result<gdoi::PushOutcome>& outcome);

}  // namespace push_test
