// SPDX-License-Identifier: GPL-2.0-or-later
// What getvpnctl does to wait for the registration that it asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/result.h"

namespace agent {

// GroupRegistration is what a status document tells of one group.
struct GroupRegistration {
  std::string group, state;
  std::uint64_t succeeded = 0;  // registrations completed
  std::string last_failure;     // empty: none
};

// registrations_in reads a status document, of one group or of several.
[[nodiscard]] Result<std::vector<GroupRegistration>> registrations_in(const std::string& document);

// unfinished names the groups of `now` that have not completed a registration since `before`, one
// line each with the reason; empty: all have.
[[nodiscard]] std::string unfinished(const std::vector<GroupRegistration>& before,
                                     const std::vector<GroupRegistration>& now);

// RegistrationWait is made before the command is sent.
class RegistrationWait {
 public:
  // begin asks the daemon at `socket` how often its groups, or that one, registered.
  [[nodiscard]] static Result<RegistrationWait> begin(std::string socket,
                                                      std::optional<std::string> group);
  // finish returns when each has once more, or fails when that takes longer than `patience`.
  [[nodiscard]] Result<std::string> finish(seconds patience) const;

 private:
  RegistrationWait(std::string socket, std::optional<std::string> group,
                   std::vector<GroupRegistration> before)
      : socket_{std::move(socket)}, group_{std::move(group)}, before_{std::move(before)} {}
  std::string socket_;
  std::optional<std::string> group_;
  std::vector<GroupRegistration> before_;
};

}  // namespace agent
