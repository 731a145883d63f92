// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/esp_policy.h"

#include <algorithm>
#include <array>

#include "gdoi/policy/key_sizes.h"
#include "gdoi/wire/lifetime.h"

namespace gdoi {
namespace {

// RFC 2407 section 4.5, RFC 4304, RFC 6407 section 5.5.1.1.
enum EspAttribute : std::uint16_t {
  life_type = 1,
  life_duration = 2,
  group_description = 3,
  encapsulation_mode = 4,
  authentication_algorithm = 5,
  key_length = 6,
  key_rounds = 7,
  extended_sequence_number = 11,
  address_preservation = 14,
  sa_direction = 15,
};

// A combined mode brings its own integrity; any other transform wants some.
enum class Kind : std::uint8_t { plain, combined };

struct Transform {
  EspTransformId id;
  Kind kind;
  std::array<std::uint16_t, 3> key_bits;  // which it may have
  bool fixed;                             // has one key length, which need not be said
};

constexpr std::array<std::uint16_t, 3> aes{128, 192, 256};

constexpr std::array known_transforms{
    Transform{EspTransformId::triple_des, Kind::plain, {192}, true},
    Transform{EspTransformId::null, Kind::plain, {0}, true},
    Transform{EspTransformId::aes_cbc, Kind::plain, aes, false},
    Transform{EspTransformId::aes_ctr, Kind::plain, aes, false},
    Transform{EspTransformId::aes_ccm_8, Kind::combined, aes, false},
    Transform{EspTransformId::aes_ccm_12, Kind::combined, aes, false},
    Transform{EspTransformId::aes_ccm_16, Kind::combined, aes, false},
    Transform{EspTransformId::aes_gcm_8, Kind::combined, aes, false},
    Transform{EspTransformId::aes_gcm_12, Kind::combined, aes, false},
    Transform{EspTransformId::aes_gcm_16, Kind::combined, aes, false},
    Transform{EspTransformId::null_auth_aes_gmac, Kind::combined, aes, false},
};

const Transform* find_transform(std::uint8_t id) noexcept {
  const auto found =
      std::find_if(known_transforms.begin(), known_transforms.end(),
                   [&](const Transform& row) { return row.id == EspTransformId{id}; });
  return found == known_transforms.end() ? nullptr : &*found;
}

// What the registry has besides, so that a refusal can name it. DES keys fall to a search of 2^56;
// a 64-bit block lets much traffic under one key give itself away, of which groups have much.
struct Refused {
  std::uint16_t number;
  std::string_view what;
};
constexpr std::array refused_transforms{
    Refused{1, "SAT transform ESP_DES_IV64"},  Refused{2, "SAT transform ESP_DES"},
    Refused{4, "SAT transform ESP_RC5"},       Refused{5, "SAT transform ESP_IDEA"},
    Refused{6, "SAT transform ESP_CAST"},      Refused{7, "SAT transform ESP_BLOWFISH"},
    Refused{8, "SAT transform ESP_3IDEA"},     Refused{9, "SAT transform ESP_DES_IV32"},
    Refused{10, "SAT transform ESP_RC4"},      Refused{21, "SAT transform ESP_SEED_CBC"},
    Refused{22, "SAT transform ESP_CAMELLIA"},
};
constexpr std::array refused_integrities{
    Refused{3, "SAT authentication algorithm DES-MAC"},
    Refused{4, "SAT authentication algorithm KPDK"},
    Refused{8, "SAT authentication algorithm HMAC-RIPEMD"},
    Refused{9, "SAT authentication algorithm AES-XCBC-MAC"},
    Refused{10, "SAT authentication algorithm SIG-RSA"},
    Refused{11, "SAT authentication algorithm AES-128-GMAC"},
    Refused{12, "SAT authentication algorithm AES-192-GMAC"},
    Refused{13, "SAT authentication algorithm AES-256-GMAC"},
};
constexpr std::array refused_modes{
    Refused{3, "SAT encapsulation mode UDP-Encapsulated-Tunnel, whose addresses are not kept"},
    Refused{4, "SAT encapsulation mode UDP-Encapsulated-Transport, whose addresses are not kept"},
};

template <class Table>
tl::unexpected<Error> refuse(const Table& table, std::uint16_t number, std::string_view kind) {
  for (const Refused& row : table)
    if (row.number == number) return fail(Errc::unsupported, row.what, number);
  return fail(Errc::unsupported, kind, number);
}

// Pending is a policy while its attributes are read.
struct Pending {
  TekPolicy policy;
  Lifetimes lifetimes;
  SeenTypes seen;
};

bool known_integrity(std::uint16_t value) noexcept {
  switch (IntegrityId{value}) {
    case IntegrityId::none:
    case IntegrityId::hmac_md5_96:
    case IntegrityId::hmac_sha1_96:
    case IntegrityId::hmac_sha256_128:
    case IntegrityId::hmac_sha384_192:
    case IntegrityId::hmac_sha512_256:
      return true;
  }
  return false;
}

// In the registries of the next three attributes 0 is reserved. Cisco's reference implementation
// writes it for what was not configured, so it counts as absent.

Result<void> set_encapsulation(std::uint16_t value, TekPolicy& policy) {
  if (value == 0) return {};
  if (value != 1 && value != 2) return refuse(refused_modes, value, "SAT encapsulation mode");
  policy.encapsulation = Encapsulation{value};
  return {};
}

Result<void> set_integrity(std::uint16_t value, TekPolicy& policy) {
  if (!known_integrity(value))
    return refuse(refused_integrities, value, "SAT authentication algorithm");
  policy.integrity = IntegrityId{value};
  return {};
}

Result<void> set_extended_sequence(std::uint16_t value, TekPolicy& policy) {
  if (value != 1) return fail(Errc::unsupported, "SAT extended sequence number", value);
  policy.extended_sequence = true;
  return {};
}

Result<void> set_preservation(std::uint16_t value, TekPolicy& policy) {
  if (value == 0) return {};
  if (value > 4) return fail(Errc::unsupported, "SAT address preservation", value);
  policy.preservation = AddressPreservation{value};
  return {};
}

Result<void> set_direction(std::uint16_t value, TekPolicy& policy) {
  if (value == 0) return {};
  if (value > 3) return fail(Errc::unsupported, "SAT direction", value);
  policy.direction = SaDirection{value};
  return {};
}

Result<void> set(std::uint16_t type, std::uint16_t value, TekPolicy& policy) {
  switch (type) {
    case encapsulation_mode:
      return set_encapsulation(value, policy);
    case authentication_algorithm:
      return set_integrity(value, policy);
    case key_length:
      policy.key_bits = value;
      return {};
    case extended_sequence_number:
      return set_extended_sequence(value, policy);
    case address_preservation:
      return set_preservation(value, policy);
    case sa_direction:
      return set_direction(value, policy);
  }
  assert(type == group_description || type == key_rounds);
  return {};
}

bool is_known(std::uint16_t type) noexcept {
  return (type >= life_type && type <= key_rounds) || type == extended_sequence_number ||
         type == address_preservation || type == sa_direction;
}

bool says_nothing(std::uint16_t type) noexcept {
  return !is_known(type) || type == group_description || type == key_rounds;
}

Result<void> apply(const Attribute& attribute, Pending& pending) {
  if (attribute.type == life_type) return pending.lifetimes.add_type(attribute);
  if (attribute.type == life_duration) return pending.lifetimes.add_duration(attribute);
  if (!is_known(attribute.type)) {  // private ones above all: TBAR is said to come this way
    count_up(pending.policy.ignored_attributes);
    return {};
  }
  // RFC 2407 section 4.5.2 allows "multiple instances of the same attribute class, so long as the
  // different attribute entries do not conflict with one another. Currently, the only attributes
  // which requires this treatment are Life Type and Duration."
  if (!pending.seen.first(attribute.type))
    return fail(Errc::malformed, "SAT attribute twice", attribute.type);
  const auto value = attribute.number16();
  if (!value) return fail(Errc::malformed, "SAT attribute value", attribute.type);
  return set(attribute.type, *value, pending.policy);
}

// without_salt takes the salt or nonce, which KD sends behind the key, out of a key length that
// counts it, as Cisco's reference implementation does.
std::uint16_t without_salt(const Transform& transform, std::uint16_t key_bits) noexcept {
  for (const std::uint16_t bits : transform.key_bits)
    if (key_bits == 8 * cipher_key_octets(transform.id, bits)) return bits;
  return key_bits;
}

// RFC 3602 section 5.3: "Since the AES allows variable key lengths, the Key Length attribute MUST
// be specified in both a Phase 1 exchange [IKE] and a Phase 2 exchange [DOI]." RFC 3686, 4106, 4309
// and 4543 say the same of the other modes. RFC 2407 section 4.5: "For fixed length ciphers, the
// Key Length attribute MUST NOT be sent"; sent and right, it does no harm.
Result<void> settle_key_bits(const Transform& transform, bool given, TekPolicy& policy) {
  if (!given && !transform.fixed)
    return fail(Errc::malformed, "SAT with AES but no key length",
                static_cast<std::uint32_t>(transform.id));
  if (!given) policy.key_bits = transform.key_bits[0];
  // 3DES counted without its parity bits.
  if (transform.id == EspTransformId::triple_des && policy.key_bits == 168) policy.key_bits = 192;

  if (!transform.fixed) policy.key_bits = without_salt(transform, policy.key_bits);

  const std::size_t choices = transform.fixed ? 1 : transform.key_bits.size();
  const auto end = transform.key_bits.begin() + static_cast<std::ptrdiff_t>(choices);
  if (std::find(transform.key_bits.begin(), end, policy.key_bits) == end)
    return fail(Errc::unsupported, "SAT key length", policy.key_bits);
  return {};
}

// RFC 2407 section 4.5: "When negotiating ESP without confidentiality, the Auth Algorithm attribute
// MUST be included". ESP with confidentiality alone it allows; RFC 8221 section 4 does not, since
// such packets can be altered at will, and in a group nobody else notices.
Result<void> check_integrity(const Transform& transform, const TekPolicy& policy) {
  const bool has = policy.integrity != IntegrityId::none;
  if (transform.kind == Kind::plain && !has)
    return fail(Errc::unsupported, "SAT without integrity",
                static_cast<std::uint32_t>(transform.id));
  if (transform.kind == Kind::combined && has)
    return fail(Errc::malformed, "SAT with a combined mode and an authentication algorithm",
                static_cast<std::uint32_t>(policy.integrity));
  return {};
}

}  // namespace

Result<TekPolicy> esp_policy(std::uint8_t transform, std::span<const Attribute> attributes) {
  const Transform* const known = find_transform(transform);
  if (known == nullptr) return refuse(refused_transforms, transform, "SAT transform");

  Pending pending;
  pending.policy.transform = known->id;
  for (const Attribute& attribute : attributes)
    if (const auto applied = apply(attribute, pending); !applied)
      return tl::unexpected<Error>{applied.error()};
  if (const auto paired = pending.lifetimes.finish(); !paired)
    return tl::unexpected<Error>{paired.error()};

  TekPolicy policy = pending.policy;
  // RFC 2407 section 4.5, SA Duration: "If unspecified, the default value shall be assumed to be
  // 28800 seconds (8 hours)."
  policy.lifetime = seconds{pending.lifetimes.seconds().value_or(28800)};
  policy.lifetime_kilobytes = pending.lifetimes.kilobytes();
  if (const auto settled = settle_key_bits(*known, pending.seen.has(key_length), policy); !settled)
    return tl::unexpected<Error>{settled.error()};
  if (const auto checked = check_integrity(*known, policy); !checked)
    return tl::unexpected<Error>{checked.error()};
  return policy;
}

std::vector<UnknownAttribute> unknown_attributes(std::span<const Attribute> attributes) {
  std::vector<UnknownAttribute> out;
  for (const Attribute& attribute : attributes)
    if (says_nothing(attribute.type))
      out.push_back({attribute.type, Bytes(attribute.value.begin(), attribute.value.end())});
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace gdoi
