// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/acknowledgement.h"

#include <cstdlib>

#include "gdoi/wire/header.h"
#include "gdoi/wire/identification.h"

namespace gdoi {
namespace {

HashAlgorithm hash_of(AckType type) noexcept {
  switch (type) {
    case AckType::kek_sha256:
    case AckType::lkh_sha256:
      return HashAlgorithm::sha256;
    case AckType::kek_sha512:
    case AckType::lkh_sha512:
      return HashAlgorithm::sha512;
  }
  std::abort();
}

std::size_t octets_of(AckKeyLength length, const AckFacts& facts) noexcept {
  const std::size_t output = digest_size(hash_of(facts.type));
  switch (length) {
    case AckKeyLength::block:
      return 2 * output;  // of SHA-256 as of SHA-512
    case AckKeyLength::output:
      return output;
    case AckKeyLength::base_key:
      return facts.base_key.size();
  }
  std::abort();
}

void put_sequence_and_id(Writer& out, const AckFacts& facts) {
  out.payload(PayloadType::sequence, [&](Writer& body) { body.u32(facts.sequence.value); });
  // RFC 8263 section 3.4: "The Protocol ID and Port fields MUST be set to 0."
  out.payload(PayloadType::identification,
              encode_identification(identification_of(facts.member, 0, 0)));
}

Bytes finished(Result<Bytes> message) {
  assert(message);  // these few octets are within every limit
  return std::move(*message);
}

}  // namespace

bool uses_lkh(AckType type) noexcept {
  return type == AckType::lkh_sha256 || type == AckType::lkh_sha512;
}

KeyMaterial derive_ack_key(const AckFacts& facts, AckKeyLength length) {
  // RFC 8263 section 3.2: "a label encoded as a null-terminated ASCII string", and L "as two octets
  // in network byte order".
  static constexpr char label[] = "GROUPKEY-PUSH ACK";
  Writer context;
  context.bytes(std::as_bytes(std::span{label}))
      .cookie(facts.spi.initiator)
      .cookie(facts.spi.responder)
      .u16(static_cast<std::uint16_t>(8 * octets_of(length, facts)));
  return prf(hash_of(facts.type), facts.base_key, {finished(std::move(context).finish())});
}

Bytes encode_acknowledgement(const AckFacts& facts, AckKeyLength length) {
  Writer alone;
  put_sequence_and_id(alone, facts);
  const KeyMaterial hash = prf(hash_of(facts.type), derive_ack_key(facts, length).view(),
                               {finished(std::move(alone).finish())});

  // RFC 8263 section 3.1: "Flags are set to 0. Message ID MUST be set to 0."
  IsakmpHeader header;
  header.cookies = facts.spi;
  header.exchange = ExchangeType::groupkey_push_ack;
  Writer out = begin_message(header);
  out.payload(PayloadType::hash, hash.view());
  put_sequence_and_id(out, facts);
  return finished(finish_clear(std::move(out)));
}

}  // namespace gdoi
