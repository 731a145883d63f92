// SPDX-License-Identifier: GPL-2.0-or-later
// Which algorithms of a key server's choice the operator stands for: Cisco's `client rekey
// encryption`, `client rekey hash` and `client transform-sets`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "gdoi/policy/policy.h"

namespace agent {

// Accepted is one list of words out of those known for `filter`. It begins as the default, which
// has all of them but the weak ones.
class Accepted {
 public:
  enum class Filter : std::uint8_t {
    rekey_encryption,  // cipher of the KEK: "3des", "aes128"
    rekey_hash,        // hash that the key server signs rekeys with: "sha1"
    transform,         // both words of a TEK's transform set: "esp-256-aes", "esp-sha256-hmac"
  };
  explicit Accepted(Filter filter);

  // add takes one word of a setting. The first one replaces the default; "default" stands for it,
  // "any" for all words.
  [[nodiscard]] Result<void> add(std::string_view word);

  // remove takes a word out, whoever put it there.
  void remove(std::string_view word);

  // check fails when `word` is not in the list, and names the setting that would accept it.
  [[nodiscard]] Result<void> check(std::string_view word) const;

  [[nodiscard]] const std::vector<std::string_view>& words() const noexcept { return words_; }
  // text is what `show` prints: "any", "any but des", or the words.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Accepted&, const Accepted&) = default;

 private:
  [[nodiscard]] bool has(std::string_view word) const noexcept;

  Filter filter_;
  std::vector<std::string_view> words_;
  bool by_default_ = true;
};

// hash_word is the word of rekey-hash for it.
[[nodiscard]] std::string_view hash_word(gdoi::HashAlgorithm hash) noexcept;

struct Acceptance {
  Accepted rekey_encryption{Accepted::Filter::rekey_encryption};
  Accepted rekey_hash{Accepted::Filter::rekey_hash};
  Accepted transforms{Accepted::Filter::transform};
  friend bool operator==(const Acceptance&, const Acceptance&) = default;
};

// check_kek fails for a KEK outside of what is accepted, naming it, the algorithm and the setting.
[[nodiscard]] Result<void> check_kek(const gdoi::KekPolicy& kek, const Acceptance& acceptance);

// check_algorithms fails for a policy with a KEK or TEK outside of what is accepted, likewise.
[[nodiscard]] Result<void> check_algorithms(const gdoi::GroupPolicy& policy,
                                            const Acceptance& acceptance);

}  // namespace agent
