// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/available_crypto.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gdoi/crypto/available.h"

namespace agent {
namespace {

constexpr std::string_view advice =
    "the configuration of OpenSSL (openssl.cnf, OPENSSL_CONF) takes it away: see its providers and "
    "default_properties";

constexpr std::array all_hashes{gdoi::HashAlgorithm::md5, gdoi::HashAlgorithm::sha1,
                                gdoi::HashAlgorithm::sha256, gdoi::HashAlgorithm::sha384,
                                gdoi::HashAlgorithm::sha512};
struct Cipher {
  std::string_view word;
  gdoi::CipherAlgorithm algorithm;
  std::size_t key_octets;
};
constexpr std::array all_ciphers{
    Cipher{"des", gdoi::CipherAlgorithm::des_cbc, 8},
    Cipher{"3des", gdoi::CipherAlgorithm::triple_des_cbc, 24},
    Cipher{"aes128", gdoi::CipherAlgorithm::aes_cbc, 16},
    Cipher{"aes192", gdoi::CipherAlgorithm::aes_cbc, 24},
    Cipher{"aes256", gdoi::CipherAlgorithm::aes_cbc, 32},
};

bool is_available(const gdoi::Phase1Proposal& proposal) {
  return gdoi::is_available(proposal.hash) &&
         gdoi::is_available(proposal.cipher, gdoi::cipher_key_size(proposal));
}

}  // namespace

Result<std::vector<std::string>> leave_available(DaemonConfig& config) {
  if (!gdoi::is_random_available()) return fail(fmt::format("no random numbers: {}", advice));
  // Names what is kept for comparing: keys, messages.
  if (!gdoi::is_available(gdoi::HashAlgorithm::sha256))
    return fail(fmt::format("no SHA-256: {}", advice));
  std::vector<std::string> missing;
  for (const auto hash : all_hashes) {
    if (gdoi::is_available(hash)) continue;
    missing.emplace_back(hash_word(hash));
    for (auto& group : config.groups) group.config.acceptance.rekey_hash.remove(hash_word(hash));
  }
  for (const auto& cipher : all_ciphers) {
    if (gdoi::is_available(cipher.algorithm, cipher.key_octets)) continue;
    missing.emplace_back(cipher.word);
    for (auto& group : config.groups) group.config.acceptance.rekey_encryption.remove(cipher.word);
  }
  if (missing.empty()) return missing;
  for (auto& group : config.groups) {
    auto& proposals = group.config.proposals;
    std::erase_if(proposals, [](const auto& one) { return !is_available(one); });
    if (proposals.empty())
      return fail(fmt::format("nothing of ike-proposal is left to offer without {}: {}",
                              fmt::join(missing, ", "), advice));
  }
  return missing;
}

}  // namespace agent
