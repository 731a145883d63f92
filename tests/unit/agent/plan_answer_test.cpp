// SPDX-License-Identifier: GPL-2.0-or-later
// The answer to plan: as text, as JSON, and whether answers.schema.json describes that.
#include "agent/control/plan_answer.h"

#include <nlohmann/json.hpp>

#include "agent/config/keys.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/schemas.h"

namespace plan_answer_test {

using namespace agent;
using nlohmann::json;
using Kind = PlannedChange::Kind;
using Object = PlannedChange::Object;

namespace {

GroupPlan group(ReloadEffect effect, std::vector<PlannedChange> kernel = {}) {
  GroupPlan out{"ONE", effect};
  out.kernel = std::move(kernel);
  return out;
}

Shown shown(const Plan& plan, bool as_json = false) {
  const auto answer = plan_answer(plan);
  static const support::Schema schema{"answers.schema.json"};
  CHECK(schema.differences(answer, "plan") == std::vector<std::string>{});
  const auto out = show_plan(answer, as_json);
  REQUIRE(out.has_value());
  return *out;
}

}  // namespace

TEST_CASE("nothing to repair is told, and is as it should be") {
  const auto told = shown({false, {}, {group(ReloadEffect::none)}});
  CHECK(told.text == "ONE:\n  nothing in the kernel would be changed\n");
  CHECK(told.as_it_should_be);
}

TEST_CASE("what a repair would do is told by line, with a sign") {
  const std::vector<PlannedChange> changes{
      {Kind::add, Object::policy, "policy fwd, 10.1.0.0/24 to 10.3.0.0/24"},
      {Kind::remove, Object::state, "state out, SPI 0x00001000"},
      {Kind::change, Object::rules, "nftables table ip x, chain tag"},
      {Kind::change, Object::route, "route to the anchor 240.0.0.2"},
      {Kind::add, Object::address, "anchor address 240.0.0.1 on lo"}};
  const auto told = shown({false, {}, {group(ReloadEffect::none, changes)}});
  CHECK(told.text == R"(ONE:
  in the kernel, at once:
  + policy fwd, 10.1.0.0/24 to 10.3.0.0/24
  - state out, SPI 0x00001000
  ~ nftables table ip x, chain tag
  ~ route to the anchor 240.0.0.2
  + anchor address 240.0.0.1 on lo
)");
  CHECK_FALSE(told.as_it_should_be);
}

TEST_CASE(
    "a reload names settings, credentials, what becomes of the group, and what takes a restart") {
  auto one = group(ReloadEffect::reregisters);
  one.settings = {{false, "passive = no"}, {true, "passive = yes"}};
  one.credentials_differ = true;
  const auto told = shown({true, {"log-level"}, {one}});
  CHECK(told.text == R"(ONE: goes on with its keys and registers again
  - passive = no
  + passive = yes
  ~ secrets, keys or certificates
  nothing in the kernel would be changed
log-level: changed, and taken up by a restart only
)");
  CHECK_FALSE(told.as_it_should_be);
}

TEST_CASE("that a group only registers again is no change, all else is") {
  CHECK(shown({true, {}, {group(ReloadEffect::reregisters)}}).as_it_should_be);
  CHECK(shown({true, {}, {group(ReloadEffect::none)}}).as_it_should_be);
  for (const auto effect : {ReloadEffect::comes, ReloadEffect::goes, ReloadEffect::stands_anew,
                            ReloadEffect::registers, ReloadEffect::is_made_anew}) {
    const auto told = shown({true, {}, {group(effect)}});
    CHECK_FALSE(told.as_it_should_be);
    CHECK(told.text.size() > 60);
  }
  CHECK_FALSE(shown({true, {"user"}, {group(ReloadEffect::none)}}).as_it_should_be);
}

TEST_CASE("a kernel that cannot be told about is told so, and is no 'nothing'") {
  auto one = group(ReloadEffect::none);
  one.kernel = fail("interface wan0: No such device");
  const auto told = shown({false, {}, {one}});
  CHECK(told.text == "ONE:\n  the kernel cannot be told: interface wan0: No such device\n");
  CHECK_FALSE(told.as_it_should_be);
}

TEST_CASE("of very many changes some are told and all are counted") {
  const std::vector<PlannedChange> many(max_planned + 7, {Kind::add, Object::policy, "policy"});
  const Plan plan{false, {}, {group(ReloadEffect::none, many)}};
  CHECK_THAT(shown(plan).text, Catch::Contains("  and 7 more\n"));
  const auto answer = json::parse(shown(plan, true).text);
  CHECK(answer["groups"][0]["kernel"].size() == max_planned);
  CHECK(answer["groups"][0]["more"] == 7);
  CHECK(answer["changes"] == true);
}

TEST_CASE("an error of the daemon's, and what is no plan, are failures") {
  CHECK(show_plan(R"({"schema":1,"error":"no"})", false).error().what == "the daemon says: no");
  CHECK_FALSE(show_plan("nonsense", false).has_value());
  CHECK_FALSE(show_plan("{}", true).has_value());
}

TEST_CASE("settings of a group that differ are the lines that --check would print") {
  ConfiguredGroup from, to;
  from.config = to.config = default_group();
  CHECK(setting_changes(from, to).empty());
  REQUIRE(find_group_key("passive")->parse(to.config, "yes").has_value());
  REQUIRE(find_group_key("deny")->parse(to.config, "tcp any any eq 22").has_value());
  std::vector<std::string> lines;
  for (const auto& [comes, line] : setting_changes(from, to))
    lines.push_back((comes ? "+ " : "- ") + line);
  CHECK(std::find(lines.begin(), lines.end(), "+ passive = yes") != lines.end());
  CHECK(std::find(lines.begin(), lines.end(), "- passive = no") != lines.end());
  CHECK(std::any_of(lines.begin(), lines.end(),
                    [](const auto& line) { return line.rfind("+ deny = tcp ", 0) == 0; }));
}

TEST_CASE("that key servers are asked in another order is a difference") {
  ConfiguredGroup from, to;
  from.config = to.config = default_group();
  for (const auto* server : {"10.0.0.5", "10.0.0.6"})
    REQUIRE(find_group_key("ks")->parse(from.config, server).has_value());
  for (const auto* server : {"10.0.0.6", "10.0.0.5"})
    REQUIRE(find_group_key("ks")->parse(to.config, server).has_value());
  const auto changes = setting_changes(from, to);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].line == "ks = 10.0.0.6:848, 10.0.0.5:848");
}

TEST_CASE("settings of the daemon take a restart") {
  DaemonConfig from, to;
  CHECK(restart_settings(from, to).empty());
  to.log_level = Level::debug;
  to.control_socket = "/run/other";
  to.state_file = "/state";  // which it is by default, but for another socket
  CHECK(restart_settings(from, to) ==
        std::vector<std::string>{"control-socket", "state-file", "log-level"});
}

}  // namespace plan_answer_test
