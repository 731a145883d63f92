// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "agent/base/names.h"
#include "gdoi/push/rekey_sa.h"

namespace agent {
namespace {

using Filter = Accepted::Filter;
using Names = std::span<const std::string_view>;

struct Table {
  std::string_view setting;
  Names known, weak;
};

// Weak is what no longer keeps its promise: DES and MD5 are broken; 3DES gives a group's traffic
// away after some gigabytes under one key (RFC 8429), while a KEK never encrypts as much; NULL
// hides nothing.
constexpr std::array<std::string_view, 5> ciphers{"des", "3des", "aes128", "aes192", "aes256"};
constexpr std::array<std::string_view, 1> weak_ciphers{"des"};
constexpr std::array<std::string_view, 5> hashes{"md5", "sha1", "sha256", "sha384", "sha512"};
constexpr std::array<std::string_view, 1> weak_hashes{"md5"};
constexpr std::array<std::string_view, 34> transforms{
    "esp-3des",      "esp-null",        "esp-aes",         "esp-192-aes",     "esp-256-aes",
    "esp-ctr",       "esp-192-ctr",     "esp-256-ctr",     "esp-gcm",         "esp-192-gcm",
    "esp-256-gcm",   "esp-gcm-12",      "esp-192-gcm-12",  "esp-256-gcm-12",  "esp-gcm-8",
    "esp-192-gcm-8", "esp-256-gcm-8",   "esp-ccm",         "esp-192-ccm",     "esp-256-ccm",
    "esp-ccm-12",    "esp-192-ccm-12",  "esp-256-ccm-12",  "esp-ccm-8",       "esp-192-ccm-8",
    "esp-256-ccm-8", "esp-gmac",        "esp-192-gmac",    "esp-256-gmac",    "esp-md5-hmac",
    "esp-sha-hmac",  "esp-sha256-hmac", "esp-sha384-hmac", "esp-sha512-hmac",
};
constexpr std::array<std::string_view, 3> weak_transforms{"esp-3des", "esp-null", "esp-md5-hmac"};

Table table_of(Filter filter) noexcept {
  switch (filter) {
    case Filter::rekey_encryption:
      return {"rekey-encryption", ciphers, weak_ciphers};
    case Filter::rekey_hash:
      return {"rekey-hash", hashes, weak_hashes};
    case Filter::transform:
      break;
  }
  return {"transform", transforms, weak_transforms};
}

bool contains(Names words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string cipher_word(const gdoi::KekPolicy& kek) {
  switch (kek.cipher) {
    case gdoi::CipherAlgorithm::des_cbc:
      return "des";
    case gdoi::CipherAlgorithm::triple_des_cbc:
      return "3des";
    case gdoi::CipherAlgorithm::aes_cbc:
      break;
  }
  return fmt::format("aes{}", kek.key_bits);
}

Result<void> named(const std::string& what, Result<void> outcome) {
  if (outcome) return outcome;
  return fail(fmt::format("{}: {}", what, outcome.error().what));
}

}  // namespace

std::string_view hash_word(gdoi::HashAlgorithm hash) noexcept {
  switch (hash) {
    case gdoi::HashAlgorithm::md5:
      return "md5";
    case gdoi::HashAlgorithm::sha1:
      return "sha1";
    case gdoi::HashAlgorithm::sha256:
      return "sha256";
    case gdoi::HashAlgorithm::sha384:
      return "sha384";
    case gdoi::HashAlgorithm::sha512:
      break;
  }
  return "sha512";
}

Accepted::Accepted(Filter filter) : filter_{filter} {
  const auto [setting, known, weak] = table_of(filter);
  for (const auto word : known)
    if (!contains(weak, word)) words_.push_back(word);
}

bool Accepted::has(std::string_view word) const noexcept { return contains(words_, word); }

Result<void> Accepted::add(std::string_view word) {
  const auto [setting, known, weak] = table_of(filter_);
  const Accepted usual{filter_};
  const auto single = std::find(known.begin(), known.end(), word);
  Names added = usual.words_;
  if (word == "any")
    added = known;
  else if (word != "default" && single == known.end())
    return fail(fmt::format("invalid value '{}' (expected default, any, {})", word,
                            fmt::join(known.begin(), known.end(), ", ")));
  else if (word != "default")
    added = Names{single, 1};
  if (by_default_) words_.clear();
  by_default_ = false;
  for (const auto one : added)
    if (!has(one)) words_.push_back(one);
  return {};
}

void Accepted::remove(std::string_view word) {
  std::erase(words_, word);
  by_default_ = false;
}

Result<void> Accepted::check(std::string_view word) const {
  if (has(word)) return {};
  return fail(fmt::format("{0} is not accepted; '{1} = default, {0}' would accept it", word,
                          table_of(filter_).setting));
}

std::string Accepted::text() const {
  const auto known = table_of(filter_).known;
  std::vector<std::string_view> refused;
  for (const auto word : known)
    if (!has(word)) refused.push_back(word);
  const auto list = [](const auto& words) { return fmt::format("{}", fmt::join(words, " ")); };
  if (refused.empty()) return "any";
  return refused.size() < words_.size() ? "any but " + list(refused) : list(words_);
}

Result<void> check_kek(const gdoi::KekPolicy& kek, const Acceptance& acceptance) {
  auto checked = acceptance.rekey_encryption.check(cipher_word(kek));
  if (checked) checked = acceptance.rekey_hash.check(hash_word(gdoi::signature_hash(kek)));
  return named("KEK 0x" + spi_text(kek.spi), checked);
}

Result<void> check_algorithms(const gdoi::GroupPolicy& policy, const Acceptance& acceptance) {
  if (policy.kek)
    if (auto checked = check_kek(policy.kek->policy, acceptance); !checked) return checked;
  for (const auto& tek : policy.teks) {
    auto checked = acceptance.transforms.check(cipher_word(tek.policy));
    if (checked && tek.policy.integrity != gdoi::IntegrityId::none)
      checked = acceptance.transforms.check(integrity_word(tek.policy.integrity));
    if (!checked) return named("TEK " + spi_text(tek.spi), checked);
  }
  return {};
}

}  // namespace agent
