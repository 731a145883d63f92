// SPDX-License-Identifier: GPL-2.0-or-later
// An identity that is accepted has data of its type's length and is written again as it was.
#include "gdoi/wire/identification.h"

#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto id = parse_identification(input);
  if (!id) return false;
  const auto size = fixed_data_size(id->type);
  assert(!id->data.empty() && (!size || id->data.size() == *size));
  const Bytes again = encode_identification(*id);
  assert(std::equal(again.begin(), again.end(), input.begin(), input.end()));
  return true;
}
