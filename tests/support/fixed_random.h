// SPDX-License-Identifier: GPL-2.0-or-later
// Random numbers that a test knows beforehand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>

#include "gdoi/crypto/random.h"

namespace support {

// FixedRandom replays the octets it was given, so that a recorded exchange can be repeated. Asking
// for more than there are is a failure of the test.
class FixedRandom final : public gdoi::Random {
 public:
  explicit FixedRandom(gdoi::Bytes stream) : stream_{std::move(stream)} {}

  void fill(std::span<std::byte> out) override {
    if (out.size() > remaining()) throw std::out_of_range{"FixedRandom has no more octets"};
    const auto from = stream_.begin() + static_cast<std::ptrdiff_t>(at_);
    std::copy_n(from, out.size(), out.begin());
    at_ += out.size();
  }

  [[nodiscard]] std::size_t remaining() const noexcept { return stream_.size() - at_; }

 private:
  gdoi::Bytes stream_;
  std::size_t at_ = 0;
};

// SeededRandom gives the same endless stream for the same seed.
class SeededRandom final : public gdoi::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_{seed} {}

  void fill(std::span<std::byte> out) override {
    for (std::byte& octet : out) octet = static_cast<std::byte>(engine_() >> 56);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace support
