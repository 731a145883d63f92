// SPDX-License-Identifier: GPL-2.0-or-later
// What comes where the metrics are served: an answer is a whole one of HTTP whatever was asked, and
// the same however the request was cut into pieces.
#include "agent/control/metrics_http.h"
#include "tests/fuzz/target.h"

bool fuzz(gdoi::View input) {
  const std::string_view received{reinterpret_cast<const char*>(input.data()), input.size()};
  const auto answer_to = [](std::string_view text) {
    return agent::http_answer(text, [] { return std::optional<std::string>{"a 1\n"}; });
  };
  const auto answer = answer_to(received);
  assert(answer || received.size() <= agent::most_request);
  const auto half = answer_to(received.substr(0, received.size() / 2));
  assert(!half || half == answer);
  if (!answer) return false;
  assert(answer->starts_with("HTTP/1.1 "));
  const auto end = answer->find("\r\n\r\n");
  assert(end != std::string::npos);
  const auto body = answer->size() - end - 4;
  const bool got_all = answer->find("\r\nContent-Length: " + std::to_string(body) + "\r\n") < end;
  assert(got_all || (received.starts_with("HEAD ") && body == 0));
  return answer->starts_with("HTTP/1.1 200 ");
}
