// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/proposal.h"

#include <array>
#include <cassert>

namespace gdoi {
namespace {

struct CipherNumber {
  CipherAlgorithm cipher;
  std::uint16_t number;
};
constexpr std::array ciphers{
    CipherNumber{CipherAlgorithm::des_cbc, 1},
    CipherNumber{CipherAlgorithm::triple_des_cbc, 5},
    CipherNumber{CipherAlgorithm::aes_cbc, 7},
};

struct HashNumber {
  HashAlgorithm hash;
  std::uint16_t number;
};
constexpr std::array hashes{
    HashNumber{HashAlgorithm::md5, 1},    HashNumber{HashAlgorithm::sha1, 2},
    HashNumber{HashAlgorithm::sha256, 4}, HashNumber{HashAlgorithm::sha384, 5},
    HashNumber{HashAlgorithm::sha512, 6},
};

constexpr std::uint32_t situation_identity_only = 1;

// The number of a transform and its lifetime are the responder's to choose; the rest is not.
bool same_algorithms(const IkeTransform& a, const IkeTransform& b) {
  return a.encryption == b.encryption && a.hash == b.hash && a.authentication == b.authentication &&
         a.group == b.group && a.key_bits == b.key_bits;
}

// What we offered is known to mean something.
Phase1Proposal meaning_of(const IkeTransform& ours) {
  Phase1Proposal out;
  for (const auto& row : ciphers)
    if (row.number == ours.encryption) out.cipher = row.cipher;
  for (const auto& row : hashes)
    if (row.number == ours.hash) out.hash = row.hash;
  out.key_bits = ours.key_bits;
  out.group = static_cast<DhGroup>(ours.group);
  return out;
}

}  // namespace

std::vector<Phase1Proposal> default_proposals(Phase1Mode mode) {
  using enum CipherAlgorithm;
  using enum HashAlgorithm;
  using enum DhGroup;
  if (mode == Phase1Mode::aggressive)
    return {{aes_cbc, 256, sha256, modp2048},
            {aes_cbc, 128, sha256, modp2048},
            {aes_cbc, 256, sha1, modp2048},
            {aes_cbc, 128, sha1, modp2048}};
  return {
      {aes_cbc, 256, sha512, ecp521},   {aes_cbc, 256, sha384, ecp384},
      {aes_cbc, 256, sha256, ecp256},   {aes_cbc, 256, sha256, modp4096},
      {aes_cbc, 256, sha256, modp2048}, {aes_cbc, 128, sha256, ecp256},
      {aes_cbc, 128, sha256, modp2048}, {aes_cbc, 256, sha1, modp2048},
      {aes_cbc, 128, sha1, modp2048},   {aes_cbc, 256, sha256, modp1536},
      {aes_cbc, 256, sha256, modp1024}, {aes_cbc, 256, sha1, modp1024},
      {aes_cbc, 128, sha1, modp1024},
  };
}

std::vector<Phase1Proposal> of_one_group(std::vector<Phase1Proposal> proposals) {
  assert(!proposals.empty());
  const DhGroup group = proposals.front().group;
  std::erase_if(proposals, [&](const Phase1Proposal& one) { return one.group != group; });
  return proposals;
}

std::size_t cipher_key_size(const Phase1Proposal& proposal) noexcept {
  switch (proposal.cipher) {
    case CipherAlgorithm::des_cbc:
      return 8;
    case CipherAlgorithm::triple_des_cbc:
      return 24;
    case CipherAlgorithm::aes_cbc:
      return proposal.key_bits / 8u;
  }
  return 0;
}

std::uint16_t ike_number(CipherAlgorithm cipher) noexcept {
  for (const auto& row : ciphers)
    if (row.cipher == cipher) return row.number;
  return 0;
}

std::uint16_t ike_number(HashAlgorithm hash) noexcept {
  for (const auto& row : hashes)
    if (row.hash == hash) return row.number;
  return 0;
}

Phase1Sa offer(std::span<const Phase1Proposal> proposals, std::uint16_t method, seconds lifetime,
               std::uint32_t doi) {
  Phase1Sa out;
  out.doi = doi;
  out.situation = doi == doi_ipsec ? situation_identity_only : 0;
  std::uint8_t number = 0;
  for (const auto& proposal : proposals) {
    IkeTransform transform;
    transform.number = ++number;
    transform.encryption = ike_number(proposal.cipher);
    transform.hash = ike_number(proposal.hash);
    transform.authentication = method;
    transform.group = static_cast<std::uint16_t>(proposal.group);
    if (proposal.cipher == CipherAlgorithm::aes_cbc) transform.key_bits = proposal.key_bits;
    transform.life_seconds = static_cast<std::uint32_t>(lifetime.count());
    out.transforms.push_back(transform);
  }
  return out;
}

Result<Phase1Proposal> accept(const Phase1Sa& offered, const Phase1Sa& answer) {
  if (answer.transforms.size() != 1)
    return fail(Errc::malformed, "phase 1 answer with more than one transform",
                static_cast<std::uint32_t>(answer.transforms.size()));

  // RFC 2409 section 5: "If the initiator of an exchange notices that attribute values have changed
  // or attributes have been added or deleted from an offer made, that response MUST be rejected."
  // Lifetimes are excepted by long practice: responders shorten them.
  for (const auto& ours : offered.transforms)
    if (same_algorithms(ours, answer.transforms.front())) return meaning_of(ours);
  return fail(Errc::unexpected, "phase 1 answer that we did not offer",
              answer.transforms.front().number);
}

}  // namespace gdoi
