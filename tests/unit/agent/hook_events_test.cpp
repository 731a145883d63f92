// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/hooks/hook_events.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace hook_events_test {

using namespace agent;
using nlohmann::json;

namespace {

const Instant start{seconds{1000}};
const Instant later = start + HookEvents::patience;

json event(const std::string& kind, const std::string& group = "ONE", json facts = json::object()) {
  return {{"number", 1},
          {"time", "2026-11-28T10:00:00.000Z"},
          {"group", group},
          {"event", kind},
          {"level", "notice"},
          {"mnemonic", "%GDOI-5-GM_REGS_COMPL"},
          {"text", "as in the log"},
          {"facts", std::move(facts)}};
}

json status(const std::string& group, bool has_keys, json enforced = "key server") {
  json out{{"group", {{"name", group}}},
           {"state", has_keys ? "registered" : "registering"},
           {"enforced", std::move(enforced)},
           {"teks", json::array()}};
  if (has_keys) out["teks"].push_back(json::object());
  return out;
}

std::string value(const HookEvent& event, const std::string& name) {
  const auto at = std::find_if(event.environment.begin(), event.environment.end(),
                               [&](const auto& one) { return one.first == name; });
  return at == event.environment.end() ? "(none)" : at->second;
}

using Told = std::vector<std::string>;
Told told(const std::vector<HookEvent>& events) {
  Told out;
  for (const auto& one : events) out.push_back(one.event + " " + one.group);
  return out;
}

}  // namespace

TEST_CASE("hooks are told of five kinds of events, with their facts") {
  HookEvents hooks;
  for (const auto* kind : {"registered", "lost", "rekeyed", "uplink", "drop"}) {
    const auto hook = hooks.on_event(event(kind));
    REQUIRE(hook);
    CHECK(hook->event == kind);
    CHECK(value(*hook, "GETVPN_EVENT") == kind);
  }
  for (const auto* kind :
       {"registering", "installed", "drift", "unknown-spi", "of a later release"})
    CHECK_FALSE(hooks.on_event(event(kind)));
  const auto hook =
      hooks.on_event(event("rekeyed", "ONE", {{"key_server", "10.0.0.5"}, {"sequence", "7"}}));
  CHECK(value(*hook, "GETVPN_GROUP") == "ONE");
  CHECK(value(*hook, "GETVPN_KEY_SERVER") == "10.0.0.5");
  CHECK(value(*hook, "GETVPN_SEQUENCE") == "7");
  CHECK(value(*hook, "GETVPN_TIME") == "2026-11-28T10:00:00.000Z");
  CHECK(value(*hook, "GETVPN_TEXT") == "as in the log");
  CHECK(value(*hook, "GETVPN_MNEMONIC") == "%GDOI-5-GM_REGS_COMPL");
}

TEST_CASE("keys that the operator cleared are lost") {
  HookEvents hooks;
  const auto hook = hooks.on_event(event("cleared"));
  REQUIRE(hook);
  CHECK(hook->event == "lost");
  CHECK(value(*hook, "GETVPN_REASON") == "cleared by the operator");
}

TEST_CASE("a value is one line, whoever made it") {
  HookEvents hooks;
  auto forged = event("uplink", "ONE", {{"reason", "a\nGETVPN_EVENT=lost\x01"}, {"number", 7}});
  forged["mnemonic"] = nullptr;
  const auto hook = hooks.on_event(forged);
  CHECK(value(*hook, "GETVPN_REASON") == "a GETVPN_EVENT=lost ");
  CHECK(value(*hook, "GETVPN_MNEMONIC") == "(none)");
}

TEST_CASE("the state that is found is told: of keys at once, of none after a while") {
  HookEvents hooks;
  const json both{{"schema", 2}, {"groups", {status("ONE", true), status("TWO", false)}}};
  const auto found = hooks.on_status(both, start);
  CHECK(told(found) == Told{"registered ONE"});
  CHECK(value(found[0], "GETVPN_REASON") == "it is registered");
  CHECK(hooks.deadline() == later);
  CHECK(hooks.wake(later - milliseconds{1}).empty());
  const auto lost = hooks.wake(later);
  CHECK(told(lost) == Told{"lost TWO"});
  CHECK(value(lost[0], "GETVPN_REASON") == "there are no keys: registering");
  CHECK_FALSE(hooks.deadline());
  CHECK(hooks.on_status(both, later).empty());
  CHECK_FALSE(hooks.deadline());
}

TEST_CASE("what registers in the meantime was not lost") {
  HookEvents hooks;
  CHECK(hooks.on_status(status("ONE", false), start).empty());
  CHECK(hooks.on_event(event("registered")));
  CHECK_FALSE(hooks.deadline());
  CHECK(hooks.wake(later).empty());
}

TEST_CASE("a daemon that is replaced in a moment loses nothing, one that stays away all") {
  HookEvents hooks;
  CHECK(told(hooks.on_status(status("ONE", true), start)) == Told{"registered ONE"});
  hooks.on_gone("getvpn-gm does not run", start);
  CHECK(hooks.on_status(status("ONE", false, "predecessor"), start + seconds{5}).empty());
  CHECK_FALSE(hooks.deadline());
  hooks.on_gone("getvpn-gm does not run", start);
  hooks.on_gone("getvpn-gm does not run", start + seconds{9});
  const auto lost = hooks.wake(later);
  CHECK(told(lost) == Told{"lost ONE"});
  CHECK(value(lost[0], "GETVPN_REASON") == "getvpn-gm does not run");
  hooks.on_gone("getvpn-gm does not run", later);
  CHECK_FALSE(hooks.deadline());
  CHECK(told(hooks.on_status(status("ONE", true), later)) == Told{"registered ONE"});
}

TEST_CASE("without a daemon from the beginning every group is lost") {
  HookEvents hooks;
  hooks.on_gone("getvpn-gm does not run", start);
  CHECK(told(hooks.wake(later)) == Told{"lost "});
  CHECK(told(hooks.on_status(status("ONE", true), later)) == Told{"registered ONE"});
  hooks.on_gone("getvpn-gm does not run", later);
  CHECK(told(hooks.wake(later + HookEvents::patience)) == Told{"lost ONE"});
}

TEST_CASE("a group that is no longer configured is lost") {
  HookEvents hooks;
  const json two{{"schema", 2}, {"groups", {status("ONE", true), status("TWO", true)}}};
  CHECK(hooks.on_status(two, start).size() == 2);
  const json one{{"schema", 2}, {"groups", {status("ONE", true)}}};
  CHECK(hooks.on_status(one, start).empty());
  CHECK(told(hooks.wake(later)) == Told{"lost TWO"});
}

}  // namespace hook_events_test
