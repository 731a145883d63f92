// SPDX-License-Identifier: GPL-2.0-or-later
// Notifications and Deletes that are accepted are written again as they were; a SEQ is its number.
#include "gdoi/wire/notification.h"

#include "tests/fuzz/target.h"

using namespace gdoi;

namespace {

// written compares the payload in `out` with a generic header and `body`.
void assert_written(Writer&& out, View body) {
  const auto octets = std::move(out).finish();
  assert(octets.has_value() == (body.size() + 4 <= 0xffff));
  if (!octets) return;
  assert(octets->size() == body.size() + 4);
  assert(std::equal(body.begin(), body.end(), octets->begin() + 4));
}

}  // namespace

bool fuzz(View input) {
  const auto n = parse_notification(input);
  if (n) {
    Writer out;
    put_notification(out, *n);
    assert_written(std::move(out), input);
  }
  const auto del = parse_delete(input);
  if (del) {
    assert(!del->spis.empty());
    Writer out;
    put_delete(out, *del);
    assert_written(std::move(out), input);
  }
  assert(parse_sequence(input).has_value() == (input.size() == 4));
  return n || del;
}
