// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/log.h"

#include <cstdlib>
#include <vector>

#include "agent/base/event_counter.h"
#include "agent/base/log_output.h"
#include "tests/support/catch.h"

namespace log_test {

using namespace agent;

namespace {

struct Lines {
  std::vector<std::pair<Level, std::string>> lines;
  Log log(Level threshold) {
    return Log{threshold, [this](Level level, std::string_view line) {
                 lines.emplace_back(level, std::string{line});
               }};
  }
};

constexpr Instant start{};

}  // namespace

TEST_CASE("lines above the threshold are written, the others are not") {
  Lines out;
  const auto log = out.log(Level::notice);
  log.error("e {}", 1);
  log.notice("n");
  log.info("i");
  log.debug("d");
  REQUIRE(out.lines.size() == 2);
  CHECK(out.lines[0] == std::pair{Level::error, std::string{"e 1"}});
  CHECK(out.lines[1] == std::pair{Level::notice, std::string{"n"}});
}

TEST_CASE("nothing that is logged can begin a line of its own") {
  Lines out;
  out.log(Level::debug).notice("a\nb\x1b[31m{}", "\r");
  REQUIRE(out.lines.size() == 1);
  CHECK(out.lines[0].second == "a?b?[31m?");
}

TEST_CASE("levels have names both ways") {
  for (const auto level : {Level::error, Level::warning, Level::notice, Level::info, Level::debug})
    CHECK(parse_level(name_of(level)) == level);
  CHECK_FALSE(parse_level("Error").has_value());
  CHECK_FALSE(parse_level("").has_value());
}

TEST_CASE("an inherited JOURNAL_STREAM does not make standard error the journal") {
  const char* before = std::getenv("JOURNAL_STREAM");
  const std::string kept = before ? before : "";
  ::setenv("JOURNAL_STREAM", "1:1", 1);
  CHECK_FALSE(stderr_is_journal());
  ::unsetenv("JOURNAL_STREAM");
  CHECK_FALSE(stderr_is_journal());
  if (before) ::setenv("JOURNAL_STREAM", kept.c_str(), 1);
}

TEST_CASE("a tally is told once per period, whatever strangers do") {
  EventCounter tally{"datagrams dropped", seconds{60}};
  CHECK_FALSE(tally.deadline().has_value());

  for (int i = 0; i < 100000; ++i)
    tally.count(i % 4 ? "malformed" : "truncated", "10.6.6." + std::to_string(i % 250), start);
  CHECK(tally.deadline() == start + seconds{60});
  CHECK_FALSE(tally.summary(start + seconds{59}).has_value());

  CHECK(tally.summary(start + seconds{60}) ==
        "100000 datagrams dropped in 60 s (25000 truncated, 75000 malformed), the last one from "
        "10.6.6.249");
  CHECK_FALSE(tally.deadline().has_value());
  CHECK_FALSE(tally.summary(start + seconds{120}).has_value());
}

TEST_CASE("a tally starts afresh after its summary") {
  EventCounter tally{"things", seconds{60}};
  tally.count("a", "x", start);
  REQUIRE(tally.summary(start + seconds{61}).has_value());
  tally.count("b", "y", start + seconds{100});
  CHECK(tally.deadline() == start + seconds{160});
  CHECK(tally.summary(start + seconds{160}) == "1 things in 60 s (1 b), the last one from y");
}

TEST_CASE("a tally has room for few kinds and loses no count") {
  EventCounter tally{"things", seconds{60}};
  for (int i = 0; i < 1000; ++i) tally.count("kind " + std::to_string(i), "x", start);
  const auto line = tally.summary(start + seconds{60});
  REQUIRE(line.has_value());
  CHECK_THAT(*line, Catch::StartsWith("1000 things"));
  CHECK_THAT(*line, Catch::Contains("1 kind 6, 993 others"));
}

}  // namespace log_test
