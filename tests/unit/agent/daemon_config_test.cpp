// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/daemon_config.h"

#include "agent/base/address.h"
#include "tests/support/catch.h"

namespace daemon_config_test {

using namespace agent;

namespace {

SettingsFile parsed(const std::string& text) {
  auto settings = parse_settings(text, "F");
  INFO((settings ? "" : settings.error().what));
  REQUIRE(settings.has_value());
  return *settings;
}

std::string failure(const std::string& text, const Settings& command_line = {}) {
  const auto config = make_daemon_config(parsed(text), command_line);
  return config ? "" : config.error().what;
}

DaemonConfig made(const std::string& text, const Settings& command_line = {}) {
  auto config = make_daemon_config(parsed(text), command_line);
  INFO((config ? "" : config.error().what));
  REQUIRE(config.has_value());
  return *config;
}

std::string anchors(const ConfiguredGroup& group) {
  return to_string(group.identity.anchor_in) + " " + to_string(group.identity.anchor_out);
}

const std::string two_groups =
    "ks = 10.0.0.5\nreplay-window = 64\ndeny = tcp any any eq 22\n"
    "[ONE]\ngroup = 100\ninterface = wan0\n"
    "[TWO]\ngroup = 200\ninterface = wan1\nks = 10.0.0.6\nreplay-window = 0\n";

}  // namespace

TEST_CASE("a file without sections is one group, as ever") {
  const auto config = made("ks = 10.0.0.5\ngroup = 100\ncontrol-socket = /c\nlog-level = debug\n");
  CHECK(config.control_socket == "/c");
  CHECK(config.log_level == Level::debug);
  CHECK_FALSE(config.has_sections());
  REQUIRE(config.groups.size() == 1);
  const auto& group = config.groups[0];
  CHECK(group.identity.table == "getvpn-gm-100");
  CHECK(anchors(group) == "240.0.0.1 240.0.0.2");
  CHECK(group.identity.mark == 0x10000000);
  CHECK(group.identity.reqid == 0x47560000);
  CHECK(group.identity.slot == 0);
  CHECK(group.precedence == 0);
  CHECK(made("ks = 10.0.0.5\ngroup = 100\n").control_socket == default_control_socket);
  CHECK(made("ks = 10.0.0.5\ngroup = 100\n").metrics == MetricsTarget{});
  CHECK(made("ks = 10.0.0.5\ngroup = 100\nmetrics = unix:/m\n").metrics.path == "/m");
}

TEST_CASE("keys are handed over only where that is asked for, which is warned of") {
  const std::string group = "ks = 10.0.0.5\ngroup = 100\n";
  CHECK_FALSE(made(group).allow_key_export);
  CHECK(warnings(made(group)).empty());
  const auto config = made(group + "allow-key-export = yes\n");
  CHECK(config.allow_key_export);
  REQUIRE(warnings(config).size() == 1);
  CHECK(warnings(config)[0].find("allow-key-export = yes") == 0);
  CHECK(restart_settings(made(group), config) == std::vector<std::string>{"allow-key-export"});
}

TEST_CASE("what stands before the sections counts for each that says nothing else") {
  const auto config = made(two_groups);
  REQUIRE(config.groups.size() == 2);
  const auto &one = config.groups[0], &two = config.groups[1];
  CHECK(one.config.group_name == "ONE");
  CHECK(two.config.group_name == "TWO");
  CHECK(one.config.group == gdoi::GroupId{gdoi::GroupNumber{100}});
  CHECK(one.config.replay_window == 64);
  CHECK(two.config.replay_window == 0);
  REQUIRE(two.config.key_servers.size() == 1);
  CHECK(to_string(two.config.key_servers[0]) == "10.0.0.6/848");
  CHECK(one.config.exceptions == two.config.exceptions);
  CHECK(one.config.exceptions.size() == 2);
  CHECK(one.sole_contact);
}

TEST_CASE("groups get what they must not share, in their order") {
  const auto config = made(two_groups);
  const auto &one = config.groups[0], &two = config.groups[1];
  CHECK(one.identity.table == "getvpn-gm-ONE");
  CHECK(anchors(one) == "240.0.0.1 240.0.0.2");
  CHECK(anchors(two) == "240.0.0.3 240.0.0.4");
  CHECK(one.identity.reqid == 0x47560000);
  CHECK(two.identity.reqid == 0x47561000);
  CHECK(one.identity.mark == 0x10000000);
  CHECK(two.identity.mark == 0x08000000);
  CHECK(one.precedence < two.precedence);
}

TEST_CASE("what one group was given, no other one derives") {
  const auto config = made(
      "ks = 10.0.0.5\n[ONE]\ngroup = 1\n[TWO]\ngroup = 2\n"
      "[FREE]\ngroup = 3\nanchor-in = 240.0.0.2\nanchor-out = 240.9.9.9\nreqid = 0x47561fff\n"
      "mark = 0x02000000\n");
  CHECK(anchors(config.groups[2]) == "240.0.0.2 240.9.9.9");
  // Slot 0 has an anchor of FREE, 1 and 2 some of its numbers, 3 its mark.
  CHECK(config.groups[0].identity.slot == 4);
  CHECK(config.groups[1].identity.slot == 5);
}

TEST_CASE("groups keep their slots when others come and go") {
  auto config = made("ks = 10.0.0.5\n[NEW]\ngroup = 3\n[TWO]\ngroup = 2\n[ONE]\ngroup = 1\n");
  const std::array<SlotAssignment, 3> before{SlotAssignment{"getvpn-gm-ONE", 0},
                                             SlotAssignment{"getvpn-gm-TWO", 1},
                                             SlotAssignment{"getvpn-gm-OLD", 2}};
  REQUIRE(assign_slots(config, before).has_value());
  CHECK(config.groups[0].identity.slot == 2);
  CHECK(config.groups[1].identity.slot == 1);
  CHECK(config.groups[2].identity.slot == 0);
  CHECK(anchors(config.groups[1]) == "240.0.0.3 240.0.0.4");
  CHECK(config.groups[1].precedence == 1);
}

TEST_CASE("a slot that no longer fits is not kept") {
  auto config = made("ks = 10.0.0.5\n[ONE]\ngroup = 1\n[TWO]\ngroup = 2\nmark = 10000000\n");
  const std::array<SlotAssignment, 2> before{SlotAssignment{"getvpn-gm-ONE", 0},
                                             SlotAssignment{"getvpn-gm-TWO", 99}};
  REQUIRE(assign_slots(config, before).has_value());
  CHECK(config.groups[0].identity.slot == 1);
  CHECK(config.groups[1].identity.slot == 0);
}

TEST_CASE("groups with one key server know that they are not alone") {
  const auto config = made("ks = 10.0.0.5\n[ONE]\ngroup = 1\n[TWO]\ngroup = 2\n");
  CHECK_FALSE(config.groups[0].sole_contact);
  CHECK_FALSE(config.groups[1].sole_contact);
}

TEST_CASE("sections that clash are refused, and both lines named") {
  const std::string ks = "ks = 10.0.0.5\n";
  CHECK(failure(ks + "[A]\ngroup = 1\n[B]\ngroup = 1\n") ==
        "F:5: [B]: group: a group has this identity and key server already, F:3: [A]");
  CHECK(failure(ks + "group = 1\n[A]\n[B]\n") ==
        "F:2: group: a group has this identity and key server already, F:2");
  CHECK(failure(ks + "[A]\ngroup = 1\n[B]\ngroup = 1\nks = 10.0.0.6\n").empty());
  CHECK(failure(ks + "[A]\ngroup = 1\nanchor-in = 240.1.1.1\n[B]\ngroup = 2\n"
                     "anchor-out = 240.1.1.1\n") ==
        "F:7: [B]: anchor-out: a group has this anchor already, F:4: [A]");
  CHECK(failure(ks + "[A]\ngroup = 1\nreqid = 5000\n[B]\ngroup = 2\nreqid = 1000\n") ==
        "F:7: [B]: reqid: a group has some of these 4096 numbers already, F:4: [A]");
  CHECK(failure(ks + "[A]\ngroup = 1\nreqid = 5096\n[B]\ngroup = 2\nreqid = 1000\n").empty());
  const std::string marks = "[A]\ngroup = 1\nmark = 4\n[B]\ngroup = 2\nmark = 4\n";
  CHECK(failure(ks + marks + "interface = wan1\n") ==
        "F:7: [B]: mark: a group with other interfaces has this bit already, F:4: [A]");
  CHECK(failure(ks + "interface = wan1\n" + marks).empty());
}

TEST_CASE("each setting has its place") {
  const std::string ks = "ks = 10.0.0.5\n";
  CHECK(failure(ks + "[A]\ngroup = 1\nlog-level = debug\n") ==
        "F:4: [A]: log-level: counts for the whole daemon: it belongs before the sections");
  CHECK(failure(ks + "[A]\ngroup = 1\ngroup-name = B\n") ==
        "F:4: [A]: group-name: the section's name is the group's");
  for (const auto* line : {"group-name = B", "anchor-in = 240.1.1.1", "anchor-out = 240.1.1.1",
                           "mark = 4", "reqid = 9"}) {
    const std::string key{line, std::string_view{line}.find(' ')};
    CHECK(failure(ks + line + "\n[A]\ngroup = 1\n") ==
          "F:2: " + key + ": each group has its own: it belongs into a section");
  }
  CHECK(failure(ks + "[A]\ngroup = 1\n", {{"group", "2", "--group"}}) ==
        "--group: the groups are in sections of the configuration file, from F:2: [A] on");
  CHECK(made(ks + "[A]\ngroup = 1\n", {{"log-level", "debug", "--log-level"}}).log_level ==
        Level::debug);
}

TEST_CASE("mistakes in a section name the line and the group") {
  CHECK(failure("[A]\nks = 10.0.0.5\ngroup = x\n") == "F:3: [A]: group: 'x' is not a number");
  CHECK(failure("[A]\ncolour = blue\n") == "F:2: [A]: unknown key 'colour'");
  CHECK(failure("colour = blue\n[A]\nks = 10.0.0.5\ngroup = 1\n") == "F:1: unknown key 'colour'");
  CHECK(failure("[A]\ngroup = 1\n") ==
        "F:1: [A]: no key server: give --ks ADDRESS, or 'ks = ADDRESS' in the configuration file");
  CHECK(failure("[A]\nks = 10.0.0.5\n") ==
        "F:1: [A]: no group: give --group N, or 'group = N' in the configuration file");
  std::string many = "ks = 10.0.0.5\n";
  for (int i = 0; i < 17; ++i)
    many += "[G" + std::to_string(i) + "]\ngroup = " + std::to_string(i) + "\n";
  CHECK(failure(many) == "F:34: [G16]: more than 16 groups");
}

TEST_CASE("what was understood is told group by group") {
  const auto text = describe(made(two_groups));
  CHECK_THAT(text, Catch::StartsWith("[ONE]\n"));
  CHECK_THAT(text, Catch::Contains("\n[TWO]\n"));
  CHECK_THAT(text, Catch::Contains("anchor-in          = 240.0.0.3\n"));
  CHECK_THAT(text, Catch::Contains("control-socket     = /run/getvpn-gm/control.sock\n"));
  CHECK_THAT(text, Catch::Contains("metrics            = none\n"));
}

}  // namespace daemon_config_test
