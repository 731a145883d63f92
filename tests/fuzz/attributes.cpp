// SPDX-License-Identifier: GPL-2.0-or-later
// Attributes that are accepted are written again as they were.
#include "gdoi/wire/attributes.h"

#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto attributes = parse_attributes(input);
  if (!attributes) return false;
  Writer out;
  for (const Attribute& attribute : *attributes) {
    const auto wide = attribute.number();
    if (attribute.basic) assert(wide && wide == attribute.number16());
    if (attribute.number16()) assert(wide && *wide <= 0xffff);
    if (attribute.basic)
      put_basic(out, attribute.type, static_cast<std::uint16_t>(*wide));
    else
      put_variable(out, attribute.type, attribute.value);
  }
  const auto again = std::move(out).finish();
  assert(again && std::equal(again->begin(), again->end(), input.begin(), input.end()));
  return true;
}
