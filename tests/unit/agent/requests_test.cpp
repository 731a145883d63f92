// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/requests.h"

#include "tests/support/catch.h"

namespace requests_test {

using namespace agent;
using Command = ControlRequest::Command;

TEST_CASE("what getvpnctl asks is what the daemon understands") {
  for (const auto* group : {"", "ONE", "with \"quotes\""}) {
    const std::optional<std::string> wanted{*group == '\0' ? std::nullopt
                                                           : std::optional<std::string>{group}};
    const auto request = parse_request(request_text("reregister", wanted));
    REQUIRE(request.has_value());
    CHECK(request->command == Command::reregister);
    CHECK(request->group == wanted);
  }
  CHECK(parse_request(request_text("show", std::nullopt))->command == Command::show);
  CHECK(parse_request(request_text("clear", std::nullopt))->command == Command::clear);
  CHECK(parse_request(request_text("accept-rekey-key", std::nullopt))->command ==
        Command::accept_rekey_key);
}

TEST_CASE("the words of a command go with it") {
  const auto request = parse_request(request_text("explain", "ONE", {"10.1.0.1", "10.3.0.1"}));
  REQUIRE(request.has_value());
  CHECK(request->command == Command::explain);
  CHECK(request->words == std::vector<std::string>{"10.1.0.1", "10.3.0.1"});
  CHECK(parse_request(R"({"command":"explain","words":"x"})").error().what ==
        "words are an array of few strings");
  CHECK(parse_request(R"({"command":"explain","words":[1]})").error().what == "a word is a string");
  for (const auto command : {Command::show, Command::explain, Command::verify, Command::plan})
    CHECK(changes_nothing({command}));
  CHECK_FALSE(changes_nothing({Command::plan, std::nullopt, {"reload"}}));
  for (const auto command : {Command::clear, Command::reload, Command::log_level})
    CHECK_FALSE(changes_nothing({command}));
}

TEST_CASE("a group that is no name is refused") {
  CHECK(parse_request(R"({"command":"show","group":7})").error().what ==
        "a group is named by a string");
  CHECK(parse_request(R"({"command":"show","group":null})").error().what ==
        "a group is named by a string");
}

TEST_CASE("answers are one line, whatever they say") {
  CHECK(done_answer(Command::clear, {"ONE", "TWO"}) ==
        R"({"done":"clear","groups":["ONE","TWO"],"schema":1})");
  CHECK(error_answer("a\nb\xff").find('\n') == std::string::npos);
}

}  // namespace requests_test
