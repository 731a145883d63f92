// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/events.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/control/event_answers.h"
#include "agent/control/monitor.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/schemas.h"

namespace events_test {

using namespace agent;
using nlohmann::json;

namespace {

struct Told {
  std::vector<std::string> lines;
  Log log{Level::warning, [this](Level, std::string_view line) { lines.emplace_back(line); }};
  Events events;
  EventLog teller{log, &events};

  void rekey(int sequence) {
    teller.tell(Level::notice, EventKind::rekeyed, "ONE", {{"sequence", std::to_string(sequence)}},
                "%GDOI-5-GM_RECV_REKEY: seq # {}", sequence);
  }
  // answer is what the request with these words is answered; null: nothing yet.
  [[nodiscard]] json answer(std::vector<std::string> words, bool must_answer = false,
                            std::optional<std::string> group = {}) const {
    const auto text = events_answer(
        events, {ControlRequest::Command::events, std::move(group), std::move(words)}, must_answer);
    return text ? json::parse(*text) : json();
  }
};

std::vector<std::uint64_t> numbers(const json& answer) {
  std::vector<std::uint64_t> out;
  for (const auto& event : answer["events"]) out.push_back(event["number"]);
  return out;
}

}  // namespace

TEST_CASE("an event is told in the log and kept, whatever the log leaves out") {
  Told told;
  told.rekey(7);
  told.teller.tell(Level::warning, EventKind::lost, "ONE", {}, "the last TEK has expired");
  CHECK(told.lines == std::vector<std::string>{"the last TEK has expired"});
  REQUIRE(told.events.kept().size() == 2);
  const auto& first = told.events.kept().front();
  CHECK(first.number == 1);
  CHECK(mnemonic_of(first) == "%GDOI-5-GM_RECV_REKEY");
  CHECK(mnemonic_of(told.events.kept().back()).empty());
  CHECK(first.facts == EventFacts{{"sequence", "7"}});
}

TEST_CASE("without events only the log is written") {
  Told told;
  const EventLog alone{told.log, nullptr};
  alone.tell(Level::error, EventKind::install_failed, "ONE", {}, "no");
  CHECK(told.lines == std::vector<std::string>{"no"});
  CHECK(told.events.last() == 0);
}

TEST_CASE("events have words of their own") {
  std::set<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(EventKind::replay); ++kind)
    words.insert(name_of(static_cast<EventKind>(kind)));
  CHECK(words.size() == static_cast<std::size_t>(EventKind::replay) + 1);
  CHECK(words.count("unknown") == 0);
}

TEST_CASE("events have message IDs of their own, and the catalog explains each") {
  std::ifstream file{std::string{GETVPN_SOURCE_DIR} + "/packaging/journal/getvpn-gm.catalog"};
  std::set<std::string> explained, ours;
  for (std::string line; std::getline(file, line);)
    if (line.substr(0, 3) == "-- ") explained.insert(line.substr(3));
  for (int kind = 0; kind <= static_cast<int>(EventKind::replay); ++kind)
    ours.insert(std::string{message_id_of(static_cast<EventKind>(kind))});
  CHECK(ours.size() == static_cast<std::size_t>(EventKind::replay) + 1);
  CHECK(explained == ours);
  for (const auto& id : ours) CHECK(id.size() == 32);
}

TEST_CASE("an event has its fields in the journal") {
  LogFields seen;
  const Log log{Level::notice, [&](Level, std::string_view, const LogFields& f) { seen = f; }};
  const auto within = log.within("ONE");
  const EventLog teller{within, nullptr};
  teller.tell(Level::notice, EventKind::rekeyed, "ONE", {{"key_server", "10.0.0.5\n"}}, "text");
  CHECK(seen == LogFields{{"MESSAGE_ID", std::string{message_id_of(EventKind::rekeyed)}},
                          {"GETVPN_GROUP", "ONE"},
                          {"GETVPN_EVENT", "rekeyed"},
                          {"GETVPN_KEY_SERVER", "10.0.0.5?"}});
  within.notice("no event");
  CHECK(seen == LogFields{{"GETVPN_GROUP", "ONE"}});
}

TEST_CASE("answers go on where the one before ended") {
  Told told;
  CHECK(numbers(told.answer({})).empty());
  const auto run = told.events.run();
  CHECK(told.answer({run, "0", "wait"}).is_null());
  CHECK(numbers(told.answer({run, "0", "wait"}, true)).empty());
  told.rekey(1);
  told.rekey(2);
  CHECK(numbers(told.answer({run, "0", "wait"})) == std::vector<std::uint64_t>{1, 2});
  CHECK(numbers(told.answer({run, "1", "wait"})) == std::vector<std::uint64_t>{2});
  CHECK(told.answer({run, "2", "wait"}).is_null());
  CHECK(told.answer({run, "2"})["last"] == 2);
  // A daemon that came after the one that was asked before tells all.
  CHECK(numbers(told.answer({"another", "17", "wait"})) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("what is no longer kept is counted") {
  Told told;
  for (int i = 1; i <= static_cast<int>(Events::room) + 3; ++i) told.rekey(i);
  const auto all = told.answer({});
  CHECK(all["lost"] == 0);
  CHECK(all["events"].size() == Events::room);
  CHECK(told.answer({told.events.run(), "1", "wait"})["lost"] == 2);
  CHECK(told.answer({told.events.run(), "3", "wait"})["lost"] == 0);
}

TEST_CASE("a group hears of its own only") {
  Told told;
  told.rekey(1);
  CHECK(numbers(told.answer({}, false, "TWO")).empty());
  CHECK(numbers(told.answer({}, false, "ONE")).size() == 1);
  CHECK(told.answer({told.events.run(), "0", "wait"}, false, "TWO").is_null());
}

TEST_CASE("words that are no place are refused") {
  const Told told;
  CHECK(told.answer({"run"})["error"] == "events takes no words, or RUN NUMBER [wait]");
  CHECK(told.answer({"run", "1", "now"}).contains("error"));
  CHECK(told.answer({"run", "x"})["error"] == "the number of an event is expected, not 'x'");
}

TEST_CASE("events are as their schema says, and readable") {
  Told told;
  told.rekey(1);
  told.teller.tell(Level::notice, EventKind::uplink, "ONE", {}, "WAN interfaces: a instead of b");
  const auto answer = told.answer({});
  CHECK(support::Schema{"answers.schema.json"}.differences(answer.dump(), "events").empty());
  auto event = answer["events"][0];
  event["time"] = "2026-11-28T09:37:28.123Z";
  CHECK(event_line(event) ==
        "2026-11-28 09:37:28.123Z ONE rekeyed: %GDOI-5-GM_RECV_REKEY: seq # 1");
  CHECK(answer["events"][1]["mnemonic"].is_null());
}

}  // namespace events_test
