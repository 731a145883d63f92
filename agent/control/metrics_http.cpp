// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/metrics_http.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/control/metrics.h"

namespace agent {
namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

std::string http_head(std::string_view status, std::string_view type, std::size_t length,
                      std::string_view more = {}) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{}Connection: close\r\n\r\n",
      status, type, length, more);
}

std::string http_error(std::string_view status, std::string_view text, std::string_view more = {}) {
  return http_head(status, plain_text, text.size(), more).append(text);
}

struct RequestLine {
  std::string_view method, target;
};

// A request line is METHOD SP TARGET SP HTTP/1.x.
std::optional<RequestLine> parse_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == 0 || last == first) return std::nullopt;
  const auto target = line.substr(first + 1, last - first - 1);
  if (target.empty() || target.find(' ') != std::string_view::npos) return std::nullopt;
  if (!line.substr(last + 1).starts_with("HTTP/1.")) return std::nullopt;
  return RequestLine{line.substr(0, first), target};
}

// end_of_headers is where the empty line begins; some clients end lines with LF alone.
std::size_t end_of_headers(std::string_view received) {
  return std::min(received.find("\r\n\r\n"), received.find("\n\n"));
}

std::string answer_request(const RequestLine& request,
                           const std::function<std::optional<std::string>()>& text) {
  if (request.method != "GET" && request.method != "HEAD")
    return http_error("405 Method Not Allowed", "GET or HEAD, please\n", "Allow: GET, HEAD\r\n");
  if (request.target.substr(0, request.target.find('?')) != "/metrics")
    return http_error("404 Not Found", "metrics are at /metrics\n");
  const auto metrics = text();
  if (!metrics)
    return http_error("503 Service Unavailable", "groups are being changed: try again\n",
                      "Retry-After: 5\r\n");
  return http_head("200 OK", metrics_content_type, metrics->size()).append(*metrics);
}

std::string without_body(std::string answer) {
  answer.resize(answer.find("\r\n\r\n") + 4);
  return answer;
}

}  // namespace

std::optional<std::string> http_answer(std::string_view received,
                                       const std::function<std::optional<std::string>()>& text) {
  const auto end = end_of_headers(received);
  if (end > most_request) {
    if (received.size() <= most_request) return std::nullopt;
    return http_error("431 Request Header Fields Too Large",
                      fmt::format("a request has {} octets at most\n", most_request));
  }
  auto line = received.substr(0, received.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto request = parse_request_line(line);
  if (!request) return http_error("400 Bad Request", "this is not a request of HTTP/1\n");
  auto out = answer_request(*request, text);
  return request->method == "HEAD" ? without_body(std::move(out)) : out;
}

std::string http_refusal() {
  return http_error("403 Forbidden",
                    "this needs root, or a member of operator-group or admin-group\n");
}

}  // namespace agent
