// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/event_answers.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/control/status.h"

namespace agent {
namespace {

using nlohmann::json;

// "2026-11-28T09:37:28.123Z" (RFC 3339).
std::string time_text(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), rest.count());
}

json event_json(const Event& event) {
  const auto mnemonic = mnemonic_of(event);
  auto facts = json::object();
  for (const auto& [name, value] : event.facts) facts[name] = value;
  return {{"number", event.number},
          {"time", time_text(event.time)},
          {"group", event.group},
          {"event", name_of(event.kind)},
          {"level", name_of(event.level)},
          {"mnemonic", mnemonic.empty() ? json() : json(mnemonic)},
          {"text", event.text},
          {"facts", std::move(facts)}};
}

struct Position {
  std::uint64_t after = 0;
  bool wait = false;
};

Result<Position> position_of(const std::vector<std::string>& words, const std::string& run) {
  Position out;
  if (words.empty()) return out;
  const bool waits = words.size() == 3 && words[2] == "wait";
  if (words.size() != 2 && !waits) return fail("events takes no words, or RUN NUMBER [wait]");
  const auto& number = words[1];
  const auto* end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, out.after);
  if (read.ec != std::errc{} || read.ptr != end)
    return fail("the number of an event is expected, not '" + number + "'");
  out.wait = waits;
  if (words[0] != run) out.after = 0;
  return out;
}

}  // namespace

std::optional<std::string> events_answer(const Events& events, const ControlRequest& request,
                                         bool must_answer) {
  const auto position = position_of(request.words, events.run());
  if (!position) return error_answer(position.error().what);
  auto told = json::array();
  for (const auto& event : events.kept())
    if (event.number > position->after && (!request.group || event.group == *request.group))
      told.push_back(event_json(event));
  if (told.empty() && position->wait && !must_answer) return std::nullopt;
  const auto first = events.kept().empty() ? events.last() + 1 : events.kept().front().number;
  const auto lost = first > position->after + 1 ? first - position->after - 1 : 0;
  return to_text({{"schema", 1},
                  {"run", events.run()},
                  {"last", events.last()},
                  {"lost", request.words.empty() ? 0 : lost},
                  {"events", std::move(told)}});
}

}  // namespace agent
