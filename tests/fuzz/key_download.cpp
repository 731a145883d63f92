// SPDX-License-Identifier: GPL-2.0-or-later
// A KD that is accepted has keys from its own octets only, no SPI twice, and nothing left over.
#include "gdoi/wire/key_download.h"

#include <set>

#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto kd = parse_key_download(input);
  if (!kd) return false;
  std::set<Spi> spis;
  std::size_t total = 0;
  for (const TekKeys& tek : kd->teks) {
    assert(spis.insert(tek.spi).second);
    assert(!tek.cipher_key.empty() || !tek.integrity_key.empty());
    total += tek.cipher_key.size() + tek.integrity_key.size();
  }
  if (kd->kek) {
    assert(!kd->lkh && !kd->kek->iv_and_key.empty());
    total += kd->kek->iv_and_key.size() + kd->kek->signature_key.size();
  }
  assert(total <= input.size());
  if (kd->sender_ids) {
    assert(kd->sender_ids->bits >= 1 && kd->sender_ids->bits <= 32 &&
           !kd->sender_ids->values.empty());
    for (const std::uint32_t value : kd->sender_ids->values)
      assert(std::uint64_t{value} >> kd->sender_ids->bits == 0);
  }

  Bytes longer{input.begin(), input.end()};
  longer.push_back(std::byte{0});
  assert(!parse_key_download(longer));
  return true;
}
