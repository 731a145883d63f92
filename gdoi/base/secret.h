// SPDX-License-Identifier: GPL-2.0-or-later
// The one home of secrets.
#pragma once

#include <openssl/crypto.h>

#include <algorithm>
#include <iosfwd>
#include <utility>

#include "gdoi/base/result.h"

namespace gdoi {

// KeyMaterial holds secret octets: of fixed size (so it never reallocates and leaves a copy
// behind), move-only, wiped when it goes, compared in constant time, not printable.
class KeyMaterial {
 public:
  KeyMaterial() = default;
  explicit KeyMaterial(std::size_t size) : bytes_(size) {}
  // copy_of makes a second home for `octets` on purpose.
  [[nodiscard]] static KeyMaterial copy_of(View octets) {
    KeyMaterial out{octets.size()};
    std::copy(octets.begin(), octets.end(), out.bytes_.begin());
    return out;
  }
  KeyMaterial(const KeyMaterial&) = delete;
  KeyMaterial& operator=(const KeyMaterial&) = delete;
  KeyMaterial(KeyMaterial&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
  KeyMaterial& operator=(KeyMaterial&& other) noexcept {
    bytes_.swap(other.bytes_);  // what we held is wiped with `other`
    return *this;
  }
  ~KeyMaterial() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  [[nodiscard]] View view() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::byte> writable() noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

  [[nodiscard]] bool equals(View other) const noexcept {
    return other.size() == bytes_.size() &&
           CRYPTO_memcmp(bytes_.data(), other.data(), bytes_.size()) == 0;
  }

  friend std::ostream& operator<<(std::ostream&, const KeyMaterial&) = delete;

 private:
  Bytes bytes_;
};

}  // namespace gdoi
