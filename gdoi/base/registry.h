// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers of the IKEv1 and GDOI registries with their names. An unknown number is a legal value of
// its enum type and prints as "unknown".
#pragma once

#include <cstdint>
#include <string_view>

namespace gdoi {

// RFC 2408 section 3.1, RFC 6407 section 5, RFC 3947.
enum class PayloadType : std::uint8_t {
  none = 0,
  sa = 1,
  proposal = 2,
  transform = 3,
  key_exchange = 4,
  identification = 5,
  certificate = 6,
  certificate_request = 7,
  hash = 8,
  signature = 9,
  nonce = 10,
  notification = 11,
  del = 12,
  vendor_id = 13,
  sa_kek = 15,
  sa_tek = 16,
  key_download = 17,
  sequence = 18,
  proof_of_possession = 19,
  nat_d = 20,
  nat_oa = 21,
  gap = 22,
  nat_d_draft = 130,  // NAT-D of draft-ietf-ipsec-nat-t-ike-02 and -03
  fragment = 132,     // of Cisco and Microsoft
};

// RFC 2408 section 3.1, RFC 6407 section 7, RFC 8263 section 8.
enum class ExchangeType : std::uint8_t {
  identity_protection = 2,
  aggressive = 4,
  informational = 5,
  groupkey_pull = 32,
  groupkey_push = 33,
  groupkey_push_ack = 35,
};

// RFC 2408 section 3.14.1, RFC 2407 section 4.6.3, RFC 3706.
enum class NotifyType : std::uint16_t {
  invalid_payload_type = 1,
  doi_not_supported = 2,
  situation_not_supported = 3,
  invalid_cookie = 4,
  invalid_exchange_type = 7,
  no_proposal_chosen = 14,
  bad_proposal_syntax = 15,
  payload_malformed = 16,
  invalid_key_information = 17,
  invalid_id_information = 18,
  invalid_hash_information = 23,
  authentication_failed = 24,
  invalid_signature = 25,
  connected = 16384,
  responder_lifetime = 24576,
  replay_status = 24577,
  initial_contact = 24578,
  r_u_there = 36136,
  r_u_there_ack = 36137,
};

// RFC 2407 section 4.6.2.1, RFC 8052.
enum class IdType : std::uint8_t {
  ipv4_addr = 1,
  fqdn = 2,
  user_fqdn = 3,
  ipv4_addr_subnet = 4,
  ipv6_addr = 5,
  ipv6_addr_subnet = 6,
  ipv4_addr_range = 7,
  ipv6_addr_range = 8,
  der_asn1_dn = 9,
  der_asn1_gn = 10,
  key_id = 11,
  oid = 13,
};

// ESP transform identifiers: RFC 2407 section 4.4.4, RFC 3602, 3686, 4106, 4309, 4543.
enum class EspTransformId : std::uint8_t {
  des = 2,
  triple_des = 3,
  null = 11,
  aes_cbc = 12,
  aes_ctr = 13,
  aes_ccm_8 = 14,
  aes_ccm_12 = 15,
  aes_ccm_16 = 16,
  aes_gcm_8 = 18,
  aes_gcm_12 = 19,
  aes_gcm_16 = 20,
  camellia = 22,
  null_auth_aes_gmac = 23,
};

// Authentication Algorithm attribute: RFC 2407 section 4.5, RFC 4868.
enum class IntegrityId : std::uint16_t {
  none = 0,
  hmac_md5_96 = 1,
  hmac_sha1_96 = 2,
  hmac_sha256_128 = 5,
  hmac_sha384_192 = 6,
  hmac_sha512_256 = 7,
};

[[nodiscard]] std::string_view name_of(PayloadType type) noexcept;
[[nodiscard]] std::string_view name_of(ExchangeType type) noexcept;
[[nodiscard]] std::string_view name_of(NotifyType type) noexcept;
[[nodiscard]] std::string_view name_of(IdType type) noexcept;
[[nodiscard]] std::string_view name_of(EspTransformId id) noexcept;
[[nodiscard]] std::string_view name_of(IntegrityId id) noexcept;

}  // namespace gdoi
