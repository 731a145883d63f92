// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/requests.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "agent/control/status.h"

namespace agent {
namespace {

using nlohmann::json;
using Command = ControlRequest::Command;

struct CommandName {
  Command command;
  std::string_view name;
};
constexpr std::array commands{CommandName{Command::show, "show"},
                              CommandName{Command::reregister, "reregister"},
                              CommandName{Command::clear, "clear"},
                              CommandName{Command::accept_rekey_key, "accept-rekey-key"},
                              CommandName{Command::trace_start, "trace-start"},
                              CommandName{Command::trace_stop, "trace-stop"},
                              CommandName{Command::explain, "explain"},
                              CommandName{Command::verify, "verify"},
                              CommandName{Command::events, "events"},
                              CommandName{Command::plan, "plan"},
                              CommandName{Command::reload, "reload"},
                              CommandName{Command::log_level, "log-level"},
                              CommandName{Command::export_keys, "export-keys"}};

std::string command_names() {
  std::string out;
  for (const auto& row : commands) out += (out.empty() ? "" : ", ") + std::string{row.name};
  return out;
}

Result<std::vector<std::string>> read_words(const json& request) {
  constexpr std::size_t most = 16;
  std::vector<std::string> out;
  const auto words = request.find("words");
  if (words == request.end()) return out;
  if (!words->is_array() || words->size() > most) return fail("words are an array of few strings");
  for (const auto& word : *words) {
    if (!word.is_string()) return fail("a word is a string");
    out.push_back(word.get<std::string>());
  }
  return out;
}

}  // namespace

std::string_view name_of(Command command) noexcept {
  for (const auto& row : commands)
    if (row.command == command) return row.name;
  return "unknown";
}

bool changes_nothing(const ControlRequest& request) noexcept {
  const auto command = request.command;
  return command == Command::show || command == Command::explain || command == Command::verify ||
         command == Command::events || (command == Command::plan && request.words.empty());
}

std::string request_text(const std::string& command, const std::optional<std::string>& group,
                         const std::vector<std::string>& words) {
  json out{{"command", command}};
  if (group) out["group"] = *group;
  if (!words.empty()) out["words"] = words;
  return to_text(out);
}

Result<ControlRequest> parse_request(std::string_view text) {
  const auto parsed = json::parse(text, nullptr, /*allow_exceptions*/ false);
  if (!parsed.is_object()) return fail("a request is one JSON object");
  const auto command = parsed.find("command");
  if (command == parsed.end() || !command->is_string()) return fail("a request has a command");
  const auto& name = command->get_ref<const std::string&>();
  const auto known = std::find_if(commands.begin(), commands.end(),
                                  [&](const CommandName& row) { return row.name == name; });
  if (known == commands.end()) return fail("the commands are " + command_names());
  auto words = read_words(parsed);
  if (!words) return tl::unexpected<Error>{words.error()};
  ControlRequest out{known->command, std::nullopt, std::move(*words)};
  const auto group = parsed.find("group");
  if (group == parsed.end()) return out;
  if (!group->is_string()) return fail("a group is named by a string");
  out.group = group->get<std::string>();
  return out;
}

std::string done_answer(Command command, const std::vector<std::string>& groups) {
  return to_text({{"schema", 1}, {"done", name_of(command)}, {"groups", groups}});
}

std::string trace_answer(const std::string& text) {
  return to_text({{"schema", 1}, {"done", name_of(Command::trace_stop)}, {"trace", text}});
}

std::string error_answer(const std::string& why) {
  return to_text({{"schema", 1}, {"error", why}});
}

}  // namespace agent
