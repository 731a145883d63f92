// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/sa_kek.h"

#include "gdoi/wire/attributes.h"
#include "gdoi/wire/either_form.h"

namespace gdoi {
namespace {

constexpr std::uint8_t protocol_udp = 17;

// RFC 6407 section 5.3, RFC 8263 section 8.
enum SakAttribute : std::uint16_t {
  management_algorithm = 1,
  kek_algorithm = 2,
  kek_key_length = 3,
  kek_key_lifetime = 4,
  sig_hash_algorithm = 5,
  sig_algorithm = 6,
  sig_key_length = 7,
  ke_oakley_group = 8,  // RFC 3547's; reserved since
  ack_requested = 9,
};

struct SakFields {
  std::uint8_t protocol = 0;
  IdTriple source, destination;
  RekeySpi spi;
  std::vector<Attribute> attributes;
};

Result<SakFields> read_sak(View body, IdLength form) {
  Reader in{body};
  SakFields out;
  if (!in.u8(out.protocol)) return fail(Errc::truncated, "SAK");
  const auto source = read_id_triple(in, form);
  if (!source) return tl::unexpected<Error>{source.error()};
  const auto destination = read_id_triple(in, form);
  if (!destination) return tl::unexpected<Error>{destination.error()};
  out.source = *source;
  out.destination = *destination;

  // RFC 6407 section 5.3, RESERVED2: "These octets represent fields previously defined but no
  // longer used by GDOI." RFC 3547 had the POP algorithm there, so the value is not judged.
  std::uint32_t reserved = 0;
  if (!(in.cookie(out.spi.initiator) && in.cookie(out.spi.responder) && in.u32(reserved)))
    return fail(Errc::truncated, "SAK");
  auto attributes = parse_attributes(in.rest());
  if (!attributes) return tl::unexpected<Error>{attributes.error()};
  out.attributes = std::move(*attributes);
  return out;
}

Result<CipherAlgorithm> cipher_of(std::uint32_t value) {
  switch (value) {
    case 1:
      return CipherAlgorithm::des_cbc;
    case 2:
      return CipherAlgorithm::triple_des_cbc;
    case 3:
      return CipherAlgorithm::aes_cbc;
  }
  return fail(Errc::unsupported, "KEK_ALGORITHM", value);
}

Result<HashAlgorithm> hash_of(std::uint32_t value) {
  switch (value) {
    case 1:
      return HashAlgorithm::md5;
    case 2:
      return HashAlgorithm::sha1;
    case 3:
      return HashAlgorithm::sha256;
    case 4:
      return HashAlgorithm::sha384;
    case 5:
      return HashAlgorithm::sha512;
  }
  return fail(Errc::unsupported, "SIG_HASH_ALGORITHM", value);
}

Result<SignatureAlgorithm> signature_of(std::uint32_t value) {
  if (value < 1 || value > 6) return fail(Errc::unsupported, "SIG_ALGORITHM", value);
  return SignatureAlgorithm{static_cast<std::uint16_t>(value)};
}

template <class T, class Target>
Result<void> store(const Result<T>& value, Target& target) {
  if (!value) return tl::unexpected<Error>{value.error()};
  target = *value;
  return {};
}

Result<void> apply_known(std::uint16_t type, std::uint32_t value, KekPolicy& policy) {
  const auto small = static_cast<std::uint16_t>(std::min<std::uint32_t>(value, 0xffff));
  switch (type) {
    case management_algorithm:
      policy.management = small;
      return {};
    case kek_algorithm:
      return store(cipher_of(value), policy.cipher);
    case kek_key_length:
      policy.key_bits = small;
      return {};
    case kek_key_lifetime:
      if (value == 0) return fail(Errc::malformed, "KEK_KEY_LIFETIME of 0");
      policy.lifetime = seconds{value};
      return {};
    case sig_hash_algorithm:
      return store(hash_of(value), policy.signature_hash);
    case sig_algorithm:
      return store(signature_of(value), policy.signature);
    case sig_key_length:
      policy.signature_key_bits = small;
      return {};
    case ke_oakley_group:
      return {};
  }
  assert(type == ack_requested);
  if (value >= 1 && value <= 4)
    policy.acknowledgement = AckType{static_cast<std::uint16_t>(value)};
  else  // an acknowledgement we cannot make is none; rekeys still are readable
    count_up(policy.ignored_attributes);
  return {};
}

Result<void> apply(const Attribute& attribute, KekPolicy& policy, SeenTypes& seen) {
  // Section 5.3.2 wants abortion on an attribute not understood. Key servers in the field have
  // private ones that change nothing for us, so these are counted for the operator to see.
  if (attribute.type < management_algorithm || attribute.type > ack_requested) {
    count_up(policy.ignored_attributes);
    return {};
  }
  if (!seen.first(attribute.type))
    return fail(Errc::malformed, "SAK attribute twice", attribute.type);
  const auto value = attribute.number();
  if (!value) return fail(Errc::malformed, "SAK attribute value", attribute.type);
  return apply_known(attribute.type, *value, policy);
}

// RFC 6407 section 5.3.3: "Sending the KEK_KEY_LENGTH attribute in the SA payload is OPTIONAL if
// the KEK cipher has a fixed key length." DES keys may be counted with their parity bits or
// without.
Result<std::uint16_t> key_bits_of(const KekPolicy& policy, bool given) {
  const std::uint16_t bits = policy.key_bits;
  switch (policy.cipher) {
    case CipherAlgorithm::des_cbc:
      if (!given || bits == 64 || bits == 56) return std::uint16_t{64};
      break;
    case CipherAlgorithm::triple_des_cbc:
      if (!given || bits == 192 || bits == 168) return std::uint16_t{192};
      break;
    case CipherAlgorithm::aes_cbc:
      if (!given) return fail(Errc::malformed, "SAK with AES but no KEK_KEY_LENGTH");
      if (bits == 128 || bits == 192 || bits == 256) return bits;
      break;
  }
  return fail(Errc::unsupported, "KEK_KEY_LENGTH", bits);
}

Result<KekPolicy> judge_sak(const SakFields& layout) {
  if (layout.protocol != protocol_udp)
    return fail(Errc::unsupported, "SAK protocol", layout.protocol);
  KekPolicy policy;
  // A source that is a name tells nothing, and nothing depends on it: rekeys are known by their
  // cookies, not by where they come from.
  const auto source = store(traffic_end(layout.source), policy.source);
  if (!source && source.error().code != Errc::unsupported)
    return tl::unexpected<Error>{source.error()};
  if (const auto end = store(traffic_end(layout.destination), policy.destination); !end)
    return tl::unexpected<Error>{end.error()};
  policy.spi = layout.spi;
  // RFC 2408 section 2.5.3 has no cookies of zero, so a PUSH could never carry these.
  if (policy.spi.initiator.is_zero() && policy.spi.responder.is_zero())
    return fail(Errc::malformed, "SAK SPI of 0");

  // RFC 6407 names no default for an absent KEK_KEY_LIFETIME. RFC 2407 section 4.5 has one for SAs:
  // "If unspecified, the default value shall be assumed to be 28800 seconds (8 hours)."
  policy.lifetime = seconds{28800};
  SeenTypes seen;
  for (const Attribute& attribute : layout.attributes)
    if (const auto applied = apply(attribute, policy, seen); !applied)
      return tl::unexpected<Error>{applied.error()};

  // RFC 6407 section 5.3: "The KEK_ALGORITHM and SIG_ALGORITHM attributes MUST be included"
  if (!seen.has(kek_algorithm)) return fail(Errc::malformed, "SAK without KEK_ALGORITHM");
  if (!seen.has(sig_algorithm)) return fail(Errc::malformed, "SAK without SIG_ALGORITHM");
  if (const auto bits = store(key_bits_of(policy, seen.has(kek_key_length)), policy.key_bits);
      !bits)
    return tl::unexpected<Error>{bits.error()};
  return policy;
}

}  // namespace

Result<KekPolicy> parse_sa_kek(View body) { return either_form(body, &read_sak, &judge_sak); }

}  // namespace gdoi
