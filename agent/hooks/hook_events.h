// SPDX-License-Identifier: GPL-2.0-or-later
// From what a daemon tells to what hooks are told. Pure, but for the clock that it is given.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/hooks/hook_process.h"

namespace agent {

// HookEvent is one run of all hooks: registered, lost, rekeyed, uplink or drop.
struct HookEvent {
  std::string event;
  std::string group;             // empty: of every group there may be
  Environment environment = {};  // GETVPN_EVENT and GETVPN_GROUP among it
};

// HookEvents says when hooks run. `registered` and `lost` are as well told of the state that is
// found: when the daemon is first asked, when events were missed, and when it is not there any
// more. That a group has no keys is then told after a while only, for a daemon that takes the place
// of another has them in a moment.
class HookEvents {
 public:
  static constexpr seconds patience{10};

  // on_event is for one event of the daemon; nothing: hooks are not told of it.
  [[nodiscard]] std::optional<HookEvent> on_event(const nlohmann::json& event);
  // on_status is for what show --json tells, of one group or of several.
  [[nodiscard]] std::vector<HookEvent> on_status(const nlohmann::json& document, Instant now);
  // on_gone is for a daemon that cannot be asked; again and again is as good as once.
  void on_gone(const std::string& why, Instant now);

  // wake tells what is due; deadline when to ask.
  [[nodiscard]] std::vector<HookEvent> wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  // Group is what hooks were told of one, and whether they may have to be told that it is lost.
  struct Group {
    std::optional<bool> up;  // nothing: they were not told
    std::optional<Instant> lost_at = {};
    std::string reason = {};
  };
  [[nodiscard]] std::optional<HookEvent> look_at(const nlohmann::json& status, Instant now);
  static void doubt(Group& group, const std::string& reason, Instant now);

  std::map<std::string, Group> groups_;  // the empty name: while none is known
};

}  // namespace agent
