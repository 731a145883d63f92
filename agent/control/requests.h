// SPDX-License-Identifier: GPL-2.0-or-later
// What getvpnctl asks the daemon, and the short answers: one line of JSON each.
//
//   {"command": "show" | "explain" | "verify" | "events" | "plan" | "reregister" | "clear" |
//               "accept-rekey-key" | "reload" | "log-level" | "trace-start" | "trace-stop" |
//               "export-keys",
//    "group": NAME, "words": [WORD]}
//
// The group may be left out: all. Words are the packet of explain (parse_packet), the level of
// log-level, where events are to go on, and "reload" of plan, when it is about that.
//
// A request that was carried out is answered {"schema": 1, "done": COMMAND, "groups": [NAME]}, one
// that was not {"schema": 1, "error": TEXT}. The answer to show is in status.h, those to explain
// and verify in answers.h, that to events in event_answers.h, that to plan in plan_answer.h, that
// to export-keys in key_export.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace agent {

struct ControlRequest {
  enum class Command : std::uint8_t {
    show,
    reregister,
    clear,
    accept_rekey_key,
    trace_start,
    trace_stop,
    explain,
    verify,
    events,
    plan,
    reload,
    log_level,
    export_keys
  };
  Command command = Command::show;
  std::optional<std::string> group = {};
  std::vector<std::string> words = {};
};

// changes_nothing tells which requests need no right to act. To plan a reload needs it: what is
// wrong with the files is quoted from them.
[[nodiscard]] bool changes_nothing(const ControlRequest& request) noexcept;

[[nodiscard]] std::string_view name_of(ControlRequest::Command command) noexcept;

[[nodiscard]] std::string request_text(const std::string& command,
                                       const std::optional<std::string>& group,
                                       const std::vector<std::string>& words = {});
[[nodiscard]] Result<ControlRequest> parse_request(std::string_view text);

[[nodiscard]] std::string done_answer(ControlRequest::Command command,
                                      const std::vector<std::string>& groups);
// trace_answer is the one to trace-stop: "trace" has the text.
[[nodiscard]] std::string trace_answer(const std::string& text);
[[nodiscard]] std::string error_answer(const std::string& why);

}  // namespace agent
