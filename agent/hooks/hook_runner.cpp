// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/hooks/hook_runner.h"

#include <fmt/format.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/control/control_client.h"
#include "agent/control/monitor.h"
#include "agent/control/requests.h"
#include "agent/hooks/hook_directory.h"

namespace agent {
namespace {

using nlohmann::json;

constexpr milliseconds retry_pause{1000};

std::string name_of_program(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Follower is what follow_with_hooks goes by.
class Follower {
 public:
  Follower(const HookOptions& options, const HookRunner::Say& say)
      : options_{options},
        say_{say},
        runner_{options, say},
        events_{options.socket, options.group} {}

  // step asks once. It pauses when there is nobody who would let it wait.
  void step() {
    const auto began = boot_time();
    const bool something = knows_ ? follow() : learn();
    for (const auto& event : hooks_.wake(boot_time())) runner_.run(event);
    if (!something && boot_time() < began + retry_pause) std::this_thread::sleep_for(retry_pause);
  }

 private:
  // learn asks how groups are, and where events begin when that is not known yet: those of a daemon
  // that took the place of another are all told. Who answers is there, whatever it answers.
  bool learn() {
    if (!begun_) {
      const auto past = events_.begin();
      begun_ = past.has_value();
      if (!past) complaint_of_events_ = past.error().what;
    }
    const auto status = ask_daemon(options_.socket, request_text("show", options_.group));
    if (!status) {
      complain(status.error().what);
      hooks_.on_gone("getvpn-gm does not run", boot_time());
      return false;
    }
    if (!begun_) return complain(complaint_of_events_);
    try {
      const auto document = json::parse(*status);
      if (document.contains("error"))
        return complain("the daemon says: " + document["error"].get<std::string>());
      for (const auto& event : hooks_.on_status(document, boot_time())) runner_.run(event);
    } catch (const std::exception& problem) {
      return complain(std::string{"malformed reply of the daemon: "} + problem.what());
    }
    knows_ = true;
    complaint_.clear();
    return true;
  }

  bool follow() {
    const auto news = events_.next();
    if (!news) {
      knows_ = false;
      return false;  // learn() says what is the matter
    }
    if (news->lost != 0) say_(fmt::format("{} events were missed", news->lost));
    for (const auto& event : news->events) tell(event);
    knows_ = news->lost == 0;
    return !news->events.empty() || news->lost != 0;
  }

  void tell(const json& event) {
    try {
      if (const auto hook = hooks_.on_event(event)) runner_.run(*hook);
    } catch (const std::exception& problem) {
      say_(std::string{"malformed event of the daemon: "} + problem.what());
    }
  }

  bool complain(const std::string& what) {
    if (what != complaint_) say_(what + "; waiting for it");
    complaint_ = what;
    return false;
  }

  const HookOptions& options_;
  const HookRunner::Say& say_;
  HookRunner runner_;
  Monitor events_;
  HookEvents hooks_;
  bool begun_ = false;  // events_ did
  bool knows_ = false;  // how groups are
  std::string complaint_of_events_, complaint_;
};

}  // namespace

void HookRunner::run(const HookEvent& event) {
  const auto found = find_hooks(options_.directory);
  if (!found) {
    if (told_.insert(found.error().what).second) say_(found.error().what);
    return;
  }
  for (const auto& line : found->refused)
    if (told_.insert(line).second) say_(line);
  const auto what = event.group.empty() ? event.event : event.event + " of group " + event.group;
  for (const auto& program : found->programs) {
    const auto end = run_hook(program, event.environment, options_.limit);
    if (!end) say_(fmt::format("{}, {}: {}", name_of_program(program), what, end.error().what));
    if (end && !end->succeeded())
      say_(fmt::format("{}, {}: {}", name_of_program(program), what,
                       hook_end_text(*end, options_.limit)));
  }
}

void follow_with_hooks(const HookOptions& options, const HookRunner::Say& say) {
  Follower follower{options, say};
  for (;;) follower.step();
}

}  // namespace agent
