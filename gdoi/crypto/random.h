// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "gdoi/base/result.h"

namespace gdoi {

// Random is where cookies, nonces, message IDs, private DH values and jitter come from. It is
// passed in so that a recorded exchange can be replayed byte for byte.
struct Random {
  virtual ~Random() = default;
  // fill overwrites all of `out`. It cannot fail: an entropy source that can, must stop the
  // process.
  virtual void fill(std::span<std::byte> out) = 0;
};

// SystemRandom draws from OpenSSL's generator, which the kernel seeds.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

}  // namespace gdoi
