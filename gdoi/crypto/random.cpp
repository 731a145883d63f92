// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/random.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace gdoi {

void SystemRandom::fill(std::span<std::byte> out) {
  // The private generator: what we draw becomes keys. Going on without entropy would be worse than
  // not going on.
  if (RAND_priv_bytes_ex(nullptr, reinterpret_cast<unsigned char*>(out.data()), out.size(), 0) != 1)
    std::abort();
}

}  // namespace gdoi
