// SPDX-License-Identifier: GPL-2.0-or-later
// A run of datagrams, each behind its length in two octets: whatever comes, reassembly stays within
// its bounds, and what it makes consists of what it was given.
#include "gdoi/phase1/fragments.h"
#include "gdoi/wire/reader.h"
#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  Reassembly store;
  Instant now{};
  bool whole = false;
  Reader in{input};
  std::uint16_t size = 0;
  std::size_t given = 0;
  for (View datagram; in.u16(size) && in.take(size, datagram);) {
    now += seconds{1};
    const auto message = parse_message(datagram);
    if (!message || !is_fragment(message->header)) continue;
    given += datagram.size();
    const auto made = store.add(*message, now);
    assert(store.octets() <= Reassembly::max_sets * Reassembly::max_octets);
    if (!made) continue;
    assert(made->size() <= Reassembly::max_messages);
    for (const auto& one : *made) {
      assert(!one.empty() && one.size() <= std::min(given, Reassembly::max_octets));
      whole = true;
    }
  }
  return whole;
}
