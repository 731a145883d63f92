// SPDX-License-Identifier: GPL-2.0-or-later
// A SAK that is accepted can be used: its key has a length of its cipher, it lives for some time,
// its addresses are ranges, and its SPI can stand in a header.
#include "gdoi/wire/sa_kek.h"

#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto kek = parse_sa_kek(input);
  if (!kek) return false;
  assert(valid_key_size(kek->cipher, kek->key_bits / 8u));
  assert(kek->lifetime > seconds{0});
  assert(kek->signature >= SignatureAlgorithm::rsa &&
         kek->signature <= SignatureAlgorithm::ecdsa521);
  assert(!(kek->spi == RekeySpi{}));
  for (const TrafficEnd* end : {&kek->source, &kek->destination})
    assert(end->addresses.first <= end->addresses.last);
  return true;
}
