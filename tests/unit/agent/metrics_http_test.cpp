// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/metrics_http.h"

#include "tests/support/catch.h"

namespace metrics_http_test {

using namespace agent;

namespace {

std::optional<std::string> ask(std::string_view request) {
  return http_answer(request, [] { return std::optional<std::string>{"a 1\n"}; });
}

std::string status_of(std::string_view request) {
  const auto answer = ask(request);
  if (!answer) return "none yet";
  CHECK_THAT(*answer,
             Catch::StartsWith("HTTP/1.1 ") && Catch::Contains("\r\nConnection: close\r\n"));
  return answer->substr(9, 3);
}

// body_of checks the length that the head tells.
std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  REQUIRE(end != std::string::npos);
  auto body = answer.substr(end + 4);
  CHECK_THAT(answer,
             Catch::Contains("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
  return body;
}

}  // namespace

TEST_CASE("who asks for the metrics gets them") {
  const auto answer =
      ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain;version=0.0.4\r\n"
          "Accept-Encoding: gzip\r\nUser-Agent: Prometheus/2.42.0\r\n\r\n");
  REQUIRE(answer.has_value());
  CHECK_THAT(*answer, Catch::StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; "
                                        "version=0.0.4; charset=utf-8\r\n"));
  CHECK(body_of(*answer) == "a 1\n");
  CHECK(status_of("GET /metrics?x=y HTTP/1.0\r\n\r\n") == "200");
  CHECK(status_of("GET /metrics HTTP/1.1\n\n") == "200");
}

TEST_CASE("an answer to HEAD ends with its head") {
  const auto answer = ask("HEAD /metrics HTTP/1.1\r\n\r\n").value();
  CHECK_THAT(answer, Catch::EndsWith("\r\n\r\n") && Catch::Contains("\r\nContent-Length: 4\r\n"));
  CHECK_THAT(ask("HEAD / HTTP/1.1\r\n\r\n").value(),
             Catch::StartsWith("HTTP/1.1 404 ") && Catch::EndsWith("\r\n\r\n"));
}

TEST_CASE("a request that is not complete is waited for") {
  const std::string whole = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(ask(whole.substr(0, size)).has_value());
  CHECK(ask(whole).has_value());
}

TEST_CASE("what is no request for metrics is told so, and no metrics are made") {
  const auto status = [](std::string_view request) {
    const auto answer = http_answer(request, []() -> std::optional<std::string> {
      FAIL("metrics were made");
      return std::nullopt;
    });
    REQUIRE(answer.has_value());
    CHECK_FALSE(body_of(*answer).empty());
    return answer->substr(9, 3);
  };
  CHECK(status("GET / HTTP/1.1\r\n\r\n") == "404");
  CHECK(status("GET /metricsx HTTP/1.1\r\n\r\n") == "404");
  CHECK(status("GET /../metrics HTTP/1.1\r\n\r\n") == "404");
  CHECK(status("GET http://127.0.0.1/metrics HTTP/1.1\r\n\r\n") == "404");
  CHECK(status("POST /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\n") == "405");
  CHECK(status("get /metrics HTTP/1.1\r\n\r\n") == "405");
  for (const std::string_view line :
       {"", "GET", "GET ", " /metrics HTTP/1.1", "GET /metrics", "GET  HTTP/1.1",
        "GET /metrics HTTP/2", "GET /a b HTTP/1.1", "PRI * HTTP/2.0", "\x16\x03\x01\x02"}) {
    CAPTURE(line);
    CHECK(status(std::string{line} + "\r\n\r\n") == "400");
  }
}

TEST_CASE("a request without an end is refused, however it is cut") {
  const std::string begun = "GET /metrics HTTP/1.1\r\nX: ";
  CHECK_FALSE(ask(begun + std::string(most_request - begun.size(), 'x')).has_value());
  CHECK(status_of(begun + std::string(most_request - begun.size() + 1, 'x')) == "431");
  CHECK(status_of(std::string(4096, '\0')) == "431");
  CHECK(status_of(begun + std::string(most_request, 'x') + "\r\n\r\n") == "431");
}

TEST_CASE("when there are none now, another try is asked for") {
  const auto answer =
      http_answer("GET /metrics HTTP/1.1\r\n\r\n", [] { return std::optional<std::string>{}; });
  REQUIRE(answer.has_value());
  CHECK_THAT(*answer,
             Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("\r\nRetry-After: 5\r\n"));
  CHECK_THAT(http_refusal(), Catch::StartsWith("HTTP/1.1 403 "));
}

}  // namespace metrics_http_test
