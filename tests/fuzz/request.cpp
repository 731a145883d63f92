// SPDX-License-Identifier: GPL-2.0-or-later
// What comes by the control socket: a request that is understood is written again as one that means
// the same, and answers are one line whatever is in them.
#include "agent/control/requests.h"
#include "tests/fuzz/target.h"

bool fuzz(gdoi::View input) {
  const std::string text{reinterpret_cast<const char*>(input.data()), input.size()};
  const auto one_line = [](const std::string& answer) {
    return !answer.empty() && answer.find('\n') == std::string::npos;
  };
  assert(one_line(agent::error_answer(text)));
  assert(one_line(agent::trace_answer(text)));
  const auto request = agent::parse_request(text);
  if (!request) {
    assert(one_line(agent::error_answer(request.error().what)));
    return false;
  }
  const auto again = agent::parse_request(
      agent::request_text(std::string{agent::name_of(request->command)}, request->group));
  assert(again && again->command == request->command && again->group == request->group);
  return true;
}
