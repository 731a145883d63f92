// SPDX-License-Identifier: GPL-2.0-or-later
// A GAP that is accepted stays the same when an attribute nobody knows is added, but for counting.
#include "gdoi/wire/gap.h"

#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto gap = parse_gap(input);
  if (!gap) return false;
  Bytes longer{input.begin(), input.end()};
  for (const int octet : {0x80, 0xff, 0x00, 0x01}) longer.push_back(static_cast<std::byte>(octet));
  const auto again = parse_gap(longer);
  assert(again && again->activation_delay == gap->activation_delay);
  assert(again->deactivation_delay == gap->deactivation_delay);
  assert(again->ignored_attributes == gap->ignored_attributes + 1);
  return true;
}
