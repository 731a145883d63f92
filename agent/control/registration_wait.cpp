// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/registration_wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/control/control_client.h"
#include "agent/control/requests.h"
#include "agent/control/status_groups.h"

namespace agent {
namespace {

using nlohmann::json;

constexpr milliseconds ask_pause{250};

GroupRegistration registration_of(const json& status) {
  const auto& registration = status.at("registration");
  const auto& failure = registration.at("last_failure");
  return {status.at("group").at("name").get<std::string>(), status.at("state").get<std::string>(),
          registration.at("succeeded").get<std::uint64_t>(),
          failure.is_null() ? std::string{} : failure.get<std::string>()};
}

Result<std::vector<GroupRegistration>> ask_registrations(const std::string& socket,
                                                         const std::optional<std::string>& group) {
  const auto answer = ask_daemon(socket, request_text("show", group));
  if (!answer) return tl::unexpected<Error>{answer.error()};
  return registrations_in(*answer);
}

}  // namespace

Result<std::vector<GroupRegistration>> registrations_in(const std::string& document) {
  try {
    const auto status = json::parse(document);
    if (status.contains("error"))
      return fail("the daemon says: " + status.at("error").get<std::string>());
    std::vector<GroupRegistration> out;
    for (const json& group : groups_of(status)) out.push_back(registration_of(group));
    return out;
  } catch (const std::exception& problem) {
    return fail(std::string{"malformed reply of the daemon: "} + problem.what());
  }
}

std::string unfinished(const std::vector<GroupRegistration>& before,
                       const std::vector<GroupRegistration>& now) {
  std::string out;
  for (const auto& group : now) {
    const auto at = std::find_if(before.begin(), before.end(), [&](const GroupRegistration& one) {
      return one.group == group.group;
    });
    const auto earlier = at == before.end() ? 0 : at->succeeded;
    if (group.succeeded > earlier) continue;
    out += fmt::format("{}group {}: {}{}", out.empty() ? "" : "\n", group.group, group.state,
                       group.last_failure.empty() ? "" : ", last failure: " + group.last_failure);
  }
  return out;
}

Result<RegistrationWait> RegistrationWait::begin(std::string socket,
                                                 std::optional<std::string> group) {
  auto before = ask_registrations(socket, group);
  if (!before) return tl::unexpected<Error>{before.error()};
  return RegistrationWait{std::move(socket), std::move(group), std::move(*before)};
}

Result<std::string> RegistrationWait::finish(seconds patience) const {
  const auto end = boot_time() + patience;
  for (;;) {
    const auto now = ask_registrations(socket_, group_);
    if (!now) return tl::unexpected<Error>{now.error()};
    const auto rest = unfinished(before_, *now);
    if (rest.empty()) return std::string{"registered\n"};
    if (boot_time() >= end)
      return fail(fmt::format("not registered after {} s: {}", patience.count(), rest));
    std::this_thread::sleep_for(ask_pause);
  }
}

}  // namespace agent
