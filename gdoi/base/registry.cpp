// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/base/registry.h"

#include <algorithm>
#include <array>

namespace gdoi {
namespace {

template <class Number>
struct Named {
  Number number;
  std::string_view name;
};
template <class Number>
Named(Number, std::string_view) -> Named<Number>;  // clang 14 does not find it by itself

constexpr std::array payload_types{
    Named{PayloadType::none, "none"},
    Named{PayloadType::sa, "SA"},
    Named{PayloadType::proposal, "P"},
    Named{PayloadType::transform, "T"},
    Named{PayloadType::key_exchange, "KE"},
    Named{PayloadType::identification, "ID"},
    Named{PayloadType::certificate, "CERT"},
    Named{PayloadType::certificate_request, "CR"},
    Named{PayloadType::hash, "HASH"},
    Named{PayloadType::signature, "SIG"},
    Named{PayloadType::nonce, "NONCE"},
    Named{PayloadType::notification, "N"},
    Named{PayloadType::del, "D"},
    Named{PayloadType::vendor_id, "VID"},
    Named{PayloadType::sa_kek, "SAK"},
    Named{PayloadType::sa_tek, "SAT"},
    Named{PayloadType::key_download, "KD"},
    Named{PayloadType::sequence, "SEQ"},
    Named{PayloadType::proof_of_possession, "POP"},
    Named{PayloadType::nat_d, "NAT-D"},
    Named{PayloadType::nat_oa, "NAT-OA"},
    Named{PayloadType::gap, "GAP"},
    Named{PayloadType::nat_d_draft, "NAT-D"},
    Named{PayloadType::fragment, "FRAGMENT"},
};

constexpr std::array exchange_types{
    Named{ExchangeType::identity_protection, "Identity Protection"},
    Named{ExchangeType::aggressive, "Aggressive"},
    Named{ExchangeType::informational, "Informational"},
    Named{ExchangeType::groupkey_pull, "GROUPKEY-PULL"},
    Named{ExchangeType::groupkey_push, "GROUPKEY-PUSH"},
    Named{ExchangeType::groupkey_push_ack, "GROUPKEY-PUSH-ACK"},
};

constexpr std::array notify_types{
    Named{NotifyType::invalid_payload_type, "INVALID-PAYLOAD-TYPE"},
    Named{NotifyType::doi_not_supported, "DOI-NOT-SUPPORTED"},
    Named{NotifyType::situation_not_supported, "SITUATION-NOT-SUPPORTED"},
    Named{NotifyType::invalid_cookie, "INVALID-COOKIE"},
    Named{NotifyType::invalid_exchange_type, "INVALID-EXCHANGE-TYPE"},
    Named{NotifyType::no_proposal_chosen, "NO-PROPOSAL-CHOSEN"},
    Named{NotifyType::bad_proposal_syntax, "BAD-PROPOSAL-SYNTAX"},
    Named{NotifyType::payload_malformed, "PAYLOAD-MALFORMED"},
    Named{NotifyType::invalid_key_information, "INVALID-KEY-INFORMATION"},
    Named{NotifyType::invalid_id_information, "INVALID-ID-INFORMATION"},
    Named{NotifyType::invalid_hash_information, "INVALID-HASH-INFORMATION"},
    Named{NotifyType::authentication_failed, "AUTHENTICATION-FAILED"},
    Named{NotifyType::invalid_signature, "INVALID-SIGNATURE"},
    Named{NotifyType::connected, "CONNECTED"},
    Named{NotifyType::responder_lifetime, "RESPONDER-LIFETIME"},
    Named{NotifyType::replay_status, "REPLAY-STATUS"},
    Named{NotifyType::initial_contact, "INITIAL-CONTACT"},
    Named{NotifyType::r_u_there, "R-U-THERE"},
    Named{NotifyType::r_u_there_ack, "R-U-THERE-ACK"},
};

constexpr std::array id_types{
    Named{IdType::ipv4_addr, "ID_IPV4_ADDR"},
    Named{IdType::fqdn, "ID_FQDN"},
    Named{IdType::user_fqdn, "ID_USER_FQDN"},
    Named{IdType::ipv4_addr_subnet, "ID_IPV4_ADDR_SUBNET"},
    Named{IdType::ipv6_addr, "ID_IPV6_ADDR"},
    Named{IdType::ipv6_addr_subnet, "ID_IPV6_ADDR_SUBNET"},
    Named{IdType::ipv4_addr_range, "ID_IPV4_ADDR_RANGE"},
    Named{IdType::ipv6_addr_range, "ID_IPV6_ADDR_RANGE"},
    Named{IdType::der_asn1_dn, "ID_DER_ASN1_DN"},
    Named{IdType::der_asn1_gn, "ID_DER_ASN1_GN"},
    Named{IdType::key_id, "ID_KEY_ID"},
    Named{IdType::oid, "ID_OID"},
};

constexpr std::array esp_transforms{
    Named{EspTransformId::des, "esp-des"},
    Named{EspTransformId::triple_des, "esp-3des"},
    Named{EspTransformId::null, "esp-null"},
    Named{EspTransformId::aes_cbc, "esp-aes"},
    Named{EspTransformId::aes_ctr, "esp-aes-ctr"},
    Named{EspTransformId::aes_ccm_8, "esp-ccm-8"},
    Named{EspTransformId::aes_ccm_12, "esp-ccm-12"},
    Named{EspTransformId::aes_ccm_16, "esp-ccm-16"},
    Named{EspTransformId::aes_gcm_8, "esp-gcm-8"},
    Named{EspTransformId::aes_gcm_12, "esp-gcm-12"},
    Named{EspTransformId::aes_gcm_16, "esp-gcm"},
    Named{EspTransformId::camellia, "esp-camellia"},
    Named{EspTransformId::null_auth_aes_gmac, "esp-gmac"},
};

constexpr std::array integrities{
    Named{IntegrityId::none, "none"},
    Named{IntegrityId::hmac_md5_96, "esp-md5-hmac"},
    Named{IntegrityId::hmac_sha1_96, "esp-sha-hmac"},
    Named{IntegrityId::hmac_sha256_128, "esp-sha256-hmac"},
    Named{IntegrityId::hmac_sha384_192, "esp-sha384-hmac"},
    Named{IntegrityId::hmac_sha512_256, "esp-sha512-hmac"},
};

template <class Number, std::size_t Size>
constexpr std::string_view look_up(const std::array<Named<Number>, Size>& table, Number number) {
  for (const auto& row : table)
    if (row.number == number) return row.name;
  return "unknown";
}

template <class Number, std::size_t Size>
constexpr bool ascending(const std::array<Named<Number>, Size>& table) {
  return std::is_sorted(table.begin(), table.end(), [](const auto& left, const auto& right) {
    return left.number <= right.number;
  });
}

// In order and without doubles, so that a row is found by eye.
static_assert(ascending(payload_types) && ascending(exchange_types) && ascending(notify_types));
static_assert(ascending(id_types) && ascending(esp_transforms) && ascending(integrities));

// The numbers that are easily confused: GDOI's payloads start at 15, POP and NAT-D lie between
// SEQ and GAP; 32 and 33 are Quick Mode and New Group Mode in plain IKE; 17 in ESP is reserved.
static_assert(look_up(payload_types, PayloadType{15}) == "SAK");
static_assert(look_up(payload_types, PayloadType{18}) == "SEQ");
static_assert(look_up(payload_types, PayloadType{22}) == "GAP");
static_assert(look_up(exchange_types, ExchangeType{33}) == "GROUPKEY-PUSH");
static_assert(look_up(exchange_types, ExchangeType{34}) == "unknown");
static_assert(look_up(esp_transforms, EspTransformId{17}) == "unknown");
static_assert(look_up(esp_transforms, EspTransformId{20}) == "esp-gcm");
static_assert(look_up(integrities, IntegrityId{5}) == "esp-sha256-hmac");

}  // namespace

std::string_view name_of(PayloadType type) noexcept { return look_up(payload_types, type); }
std::string_view name_of(ExchangeType type) noexcept { return look_up(exchange_types, type); }
std::string_view name_of(NotifyType type) noexcept { return look_up(notify_types, type); }
std::string_view name_of(IdType type) noexcept { return look_up(id_types, type); }
std::string_view name_of(EspTransformId id) noexcept { return look_up(esp_transforms, id); }
std::string_view name_of(IntegrityId id) noexcept { return look_up(integrities, id); }

}  // namespace gdoi
