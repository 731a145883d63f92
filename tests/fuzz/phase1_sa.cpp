// SPDX-License-Identifier: GPL-2.0-or-later
// An offer that is accepted is the same after it was written and read again.
#include "gdoi/wire/payload.h"
#include "gdoi/wire/sa.h"
#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto sa = parse_phase1_sa(input);
  if (!sa) return false;
  assert(!sa->transforms.empty() && sa->transforms.size() <= 64);
  Writer out;
  put_phase1_sa(out, *sa);
  const auto octets = std::move(out).finish();
  assert(octets);
  const auto chain = parse_chain(*octets, PayloadType::sa, 0);
  assert(chain && chain->payloads.size() == 1);
  const auto again = parse_phase1_sa(chain->payloads[0].body);
  assert(again && again->doi == sa->doi && again->situation == sa->situation);
  assert(again->transforms == sa->transforms);
  return true;
}
