// SPDX-License-Identifier: GPL-2.0-or-later
// An SA that is accepted holds policy, within bounds, and neither an octet more nor one less.
#include "gdoi/wire/group_sa.h"

#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto sa = parse_group_sa(input);
  if (!sa) return false;
  const std::size_t teks = sa->teks.size() + sa->skipped_protocols;
  assert(teks <= max_sa_teks && (sa->kek || teks != 0));

  Bytes longer{input.begin(), input.end()};
  longer.push_back(std::byte{0});
  assert(!parse_group_sa(longer));
  assert(!parse_group_sa(input.first(input.size() - 1)));
  return true;
}
