// SPDX-License-Identifier: GPL-2.0-or-later
// A SAT that is accepted speaks of addresses of one family and, unless its SPI is 0, of protection
// that includes integrity and lives for some time.
#include "gdoi/wire/sa_tek.h"

#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto sat = parse_sa_tek(input);
  if (!sat || !*sat) return false;
  assert(!(*sat)->selectors.empty());
  for (const auto& selector : (*sat)->selectors) {
    const auto &source = selector.source.addresses, &destination = selector.destination.addresses;
    assert(source.first <= source.last && destination.first <= destination.last);
    assert(source.first.family == source.last.family);
    assert(source.first.family == destination.first.family);
    assert(!describe(selector).empty());
  }
  if ((*sat)->spi == Spi{0}) return true;

  const TekPolicy& policy = (*sat)->policy;
  assert(policy.lifetime > seconds{0} && policy.lifetime_kilobytes != 0u);
  const bool combined =
      is_counter_mode(policy.transform) && policy.transform != EspTransformId::aes_ctr;
  assert(combined == (policy.integrity == IntegrityId::none));
  assert(policy.key_bits % 64 == 0 && policy.key_bits <= 256);
  return true;
}
