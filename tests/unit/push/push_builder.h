// SPDX-License-Identifier: GPL-2.0-or-later
// A key server that only pushes: it builds GROUPKEY-PUSH messages, right ones and each kind of
// wrong one.
#pragma once

#include <cstdint>

#include "gdoi/push/rekey_sa_table.h"
#include "tests/unit/push/codec.h"
#include "tests/unit/push/signer.h"

namespace push_test {

// ServerKek is a KEK as the key server holds it.
struct ServerKek {
  Bytes spi = kek_spi('K');
  std::string cipher = "AES-128-CBC";
  Bytes key = repeated(0x11, 16), iv = repeated(0x22, 16);
  const Signer* signer = &Signer::rsa(2048);
  std::string hash = "SHA256";

  [[nodiscard]] Bytes iv_and_key() const { return support::joined({iv, key}); }
  [[nodiscard]] std::size_t block() const noexcept { return iv.size(); }
};

// Push is one message. What it does not say is as RFC 6407 wants it.
struct Push {
  std::vector<Part> parts{};  // all but SIG, SEQ included

  // How it is signed: 0 to 3 are protocol variants (a) to (d) of the header.
  unsigned header_variant = 0;
  bool digest_info = true;
  std::optional<Bytes> signature{};  // instead of the right one

  // How it is packed.
  std::optional<std::vector<Part>> sent_parts{};  // instead of `parts` and SIG: sent, not signed
  std::byte padding{0};
  std::size_t extra_blocks = 0;
  unsigned flags = 1, exchange = 33, version = 0x10;
  std::uint32_t message_id = 0;
};

[[nodiscard]] Bytes header(const ServerKek& kek, const Push& push, unsigned first, unsigned flags,
                           std::size_t length);
// signed_octets is "rekey" | HDR' | payloads, for a SIG body of `signature_size` octets.
[[nodiscard]] Bytes signed_octets(const ServerKek& kek, const Push& push,
                                  std::size_t signature_size);
// plaintext is all payloads with SIG, without padding.
[[nodiscard]] Bytes plaintext(const ServerKek& kek, const Push& push);
// packed encrypts any plaintext; `first` is the next payload of the header.
[[nodiscard]] Bytes packed(const ServerKek& kek, const Push& push, View plain,
                           unsigned first = type_seq);
[[nodiscard]] Bytes datagram(const ServerKek& kek, const Push& push);

// The group of most tests: two lists, each with its TEK.
[[nodiscard]] Push tek_push(std::uint32_t sequence, std::uint32_t spi);
// kek_push announces `next` beside a new TEK.
[[nodiscard]] Push kek_push(std::uint32_t sequence, std::uint32_t spi, const ServerKek& next,
                            Sak policy = {});
[[nodiscard]] Bytes kek_packet(const ServerKek& kek, bool with_public_key = true);

// downloaded is the KEK as a registration would have given it.
[[nodiscard]] gdoi::Kek downloaded(const ServerKek& kek, std::uint32_t last_sequence = 0);
[[nodiscard]] gdoi::RekeySpi spi_of(const ServerKek& kek);

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
