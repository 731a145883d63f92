// SPDX-License-Identifier: GPL-2.0-or-later
// A member as `show` sees it, for tests.
#pragma once

#include <nlohmann/json.hpp>

#include "agent/control/show.h"
#include "agent/control/status.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/configs.h"
#include "tests/unit/agent/policies.h"

namespace support {

inline constexpr agent::Instant start{};

inline gdoi::RekeySaStatus kek_status(const gdoi::Kek& kek) {
  return {gdoi::RekeyRole::current, kek.policy, {}, start + kek.policy.lifetime};
}

// What the member of the lab knows 1785 s after it registered.
struct ShownMember {
  agent::GroupConfig config = make_config({{"ks", "10.0.0.5, 10.0.0.6", "t"},
                                           {"group", "100", "t"},
                                           {"group-name", "GDOI-GROUP", "t"},
                                           {"replay-window", "64", "t"}},
                                          {})
                                  .value();
  RecordingPlane plane;
  agent::SaTable sas;
  gdoi::MemberStatus status;
  std::vector<gdoi::RekeySaStatus> keks{kek_status(kek(0x5d, agent::seconds{86398}))};
  agent::Instant now = start + agent::seconds{1785};
  std::optional<std::vector<agent::Finding>> findings{std::in_place};
  std::optional<agent::KernelWork> work = {};

  ShownMember() {
    status.state = gdoi::MemberStatus::State::registered;
    status.registered_with = status.current_key_server = key_server();
    status.registrations_attempted = 3;
    status.registrations_succeeded = 1;
    status.reregister_at = start + agent::seconds{3365};
    status.datagrams_dropped = 4;
    plane.replay_window = 64;
    REQUIRE(sas.install(lab_policy(0xa3d6592e), key_server(), plane, start).has_value());
  }

  [[nodiscard]] agent::StatusView view() const {
    agent::StatusView out;
    out.config = &config;
    out.interfaces = {"wan0"};
    out.local_address = ip("172.16.1.2");
    out.member = status;
    out.sas = &sas;
    out.keks = keks;
    out.counters = {{gdoi::Spi{0xa3d6592e}, false, 10, 840, 1, 2},
                    {gdoi::Spi{0xa3d6592e}, true, 12, 1008, 0, 0}};
    out.dropped = agent::DroppedInClear{3, 5};
    out.findings = findings;
    out.work = work;
    return out;
  }
  [[nodiscard]] std::string document() const { return agent::status_json(view(), now); }
  [[nodiscard]] std::string text() const {
    const auto shown = agent::show_text(document());
    INFO((shown ? "" : shown.error().what));
    REQUIRE(shown.has_value());
    return *shown;
  }
};

}  // namespace support
