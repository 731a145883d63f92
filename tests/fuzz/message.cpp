// SPDX-License-Identifier: GPL-2.0-or-later
// A message that is accepted consists of payloads that follow one another without gaps, and is
// written again as it was.
#include "gdoi/wire/header.h"
#include "gdoi/wire/payload.h"
#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto message = parse_message(input);
  if (!message) return false;
  const Bytes head = encode_header(message->header);
  assert(std::equal(head.begin(), head.end(), input.begin()));

  const auto chain = parse_chain(message->body, message->header.next, 16);
  if (!chain) return false;
  assert(chain->payloads.size() <= max_payloads);
  Bytes again;
  for (const Payload& payload : chain->payloads) {
    again.insert(again.end(), payload.whole.begin(), payload.whole.end());
    assert(payload.body.size() + 4 == payload.whole.size());
    assert(chain->after(payload).size() == chain->octets.size() - again.size());
    assert(chain->find(payload.type) != nullptr);
  }
  assert(std::equal(again.begin(), again.end(), chain->octets.begin(), chain->octets.end()));
  return true;
}
