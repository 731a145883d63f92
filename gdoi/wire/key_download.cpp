// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/key_download.h"

#include <algorithm>

#include "gdoi/wire/key_packet.h"

namespace gdoi {
namespace {

Result<void> add_tek(const KeyPacket& packet, KeyDownload& out) {
  // TEK_SOURCE_AUTH_KEY (3) belongs to transforms we refuse in the SAT.
  enum AttributeType : std::uint16_t { tek_algorithm_key = 1, tek_integrity_key = 2 };

  TekKeys keys;
  Reader spi{packet.spi};
  if (!(spi.u32(keys.spi.value) && spi.empty()))
    return fail(Errc::malformed, "TEK packet SPI size",
                static_cast<std::uint32_t>(packet.spi.size()));
  SeenTypes seen;
  for (const Attribute& attribute : packet.attributes) {
    if (attribute.type != tek_algorithm_key && attribute.type != tek_integrity_key) {
      count_up(out.ignored);
      continue;
    }
    // RFC 6407 section 5.6.1: "Exactly one attribute matching each type sent in the SAT payload
    // MUST be present."
    if (!seen.first(attribute.type)) return fail(Errc::malformed, "TEK key twice", keys.spi.value);
    auto& key = attribute.type == tek_algorithm_key ? keys.cipher_key : keys.integrity_key;
    key = KeyMaterial::copy_of(attribute.value);
  }
  if (keys.cipher_key.empty() && keys.integrity_key.empty())
    return fail(Errc::malformed, "TEK packet without a key", keys.spi.value);
  out.teks.push_back(std::move(keys));
  return {};
}

// RFC 6407 section 5.6.2: "If the KEK key packet is included, there MUST be only one present in the
// KD payload." Section 5.6.3 says the same of LKH, which carries the KEK in another way.
Result<void> check_only_kek(const KeyDownload& out) {
  if (out.kek || out.lkh) return fail(Errc::malformed, "more than one KEK or LKH packet");
  return {};
}

Result<void> add_kek(const KeyPacket& packet, KeyDownload& out) {
  enum AttributeType : std::uint16_t { kek_algorithm_key = 1, sig_algorithm_key = 2 };

  if (const auto only = check_only_kek(out); !only) return only;
  KekKeys keys;
  Reader spi{packet.spi};
  if (!(spi.cookie(keys.spi.initiator) && spi.cookie(keys.spi.responder) && spi.empty()))
    return fail(Errc::malformed, "KEK packet SPI size",
                static_cast<std::uint32_t>(packet.spi.size()));
  SeenTypes seen;
  for (const Attribute& attribute : packet.attributes) {
    if (attribute.type != kek_algorithm_key && attribute.type != sig_algorithm_key) {
      count_up(out.ignored);
      continue;
    }
    if (!seen.first(attribute.type)) return fail(Errc::malformed, "KEK key twice", attribute.type);
    if (attribute.type == kek_algorithm_key)
      keys.iv_and_key = KeyMaterial::copy_of(attribute.value);
    else
      keys.signature_key.assign(attribute.value.begin(), attribute.value.end());
  }
  if (keys.iv_and_key.empty()) return fail(Errc::malformed, "KEK packet without KEK_ALGORITHM_KEY");
  out.kek = std::move(keys);
  return {};
}

Result<void> add_lkh(KeyDownload& out) {
  if (const auto only = check_only_kek(out); !only) return only;
  out.lkh = true;
  return {};
}

// low_bits takes the last `bits` bits of a big-endian number. How many octets carry a SID is not
// said anywhere, so any number of them will do.
std::uint32_t low_bits(View octets, std::uint16_t bits) noexcept {
  std::uint32_t value = 0;
  for (const std::byte octet : octets) value = value << 8 | std::to_integer<std::uint32_t>(octet);
  return bits == 32 ? value : value & ((std::uint32_t{1} << bits) - 1);
}

Result<void> add_sender_ids(const KeyPacket& packet, KeyDownload& out) {
  enum AttributeType : std::uint16_t { number_of_sid_bits = 1, sid_value = 2 };

  if (out.sender_ids) return fail(Errc::malformed, "more than one SID packet");
  // RFC 6407 section 5.6.4: "When the KD Type is SID, the SPI Size field MUST be zero"
  if (!packet.spi.empty()) return fail(Errc::malformed, "SID packet with an SPI");
  SenderIds ids;
  for (const Attribute& attribute : packet.attributes) {
    if (attribute.type != number_of_sid_bits) continue;
    const auto bits = attribute.number16();
    // RFC 6054 section 3 puts the SID into a 64-bit IV beside a counter that must not be short.
    if (!bits || *bits == 0 || *bits > 32)
      return fail(Errc::unsupported, "NUMBER_OF_SID_BITS", bits.value_or(0));
    if (ids.bits != 0) return fail(Errc::malformed, "NUMBER_OF_SID_BITS twice");
    ids.bits = *bits;
  }
  if (ids.bits == 0) return fail(Errc::malformed, "SID packet without NUMBER_OF_SID_BITS");

  for (const Attribute& attribute : packet.attributes) {
    if (attribute.type == sid_value)
      ids.values.push_back(low_bits(attribute.value, ids.bits));
    else if (attribute.type != number_of_sid_bits)
      count_up(out.ignored);
  }
  if (ids.values.empty()) return fail(Errc::malformed, "SID packet without SID_VALUE");
  out.sender_ids = std::move(ids);
  return {};
}

Result<void> add(const KeyPacket& packet, KeyDownload& out) {
  switch (packet.type) {
    case KeyPacketType::tek:
      return add_tek(packet, out);
    case KeyPacketType::kek:
      return add_kek(packet, out);
    case KeyPacketType::lkh:
      return add_lkh(out);
    case KeyPacketType::sender_ids:
      return add_sender_ids(packet, out);
  }
  count_up(out.ignored);  // unassigned or private: keys for nobody we know
  return {};
}

Result<void> check_unique(const std::vector<TekKeys>& teks) {
  std::vector<Spi> spis(teks.size());
  std::transform(teks.begin(), teks.end(), spis.begin(),
                 [](const TekKeys& keys) { return keys.spi; });
  std::sort(spis.begin(), spis.end());
  const auto twice = std::adjacent_find(spis.begin(), spis.end());
  if (twice != spis.end())
    return fail(Errc::malformed, "two TEK packets for one SPI", twice->value);
  return {};
}

}  // namespace

Result<KeyDownload> parse_key_download(View body) {
  Reader in{body};
  std::uint16_t count = 0, reserved = 0;
  if (!(in.u16(count) && in.u16(reserved))) return fail(Errc::truncated, "KD");
  KeyDownload out;
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto packet = next_key_packet(in);
    if (!packet) return tl::unexpected<Error>{packet.error()};
    if (const auto added = add(*packet, out); !added) return tl::unexpected<Error>{added.error()};
  }
  if (!in.empty())
    return fail(Errc::malformed, "octets after the last key packet",
                static_cast<std::uint32_t>(in.rest().size()));
  if (const auto unique = check_unique(out.teks); !unique)
    return tl::unexpected<Error>{unique.error()};
  return out;
}

}  // namespace gdoi
