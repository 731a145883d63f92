// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/config/show_command.h"

namespace agent {

// show_text turns a status document (schema 1, see status.h) into what an operator knows as "show
// crypto gdoi" and its sub-commands. Fails when it is no such document, or carries an error of the
// daemon's.
[[nodiscard]] Result<std::string> show_text(const std::string& document,
                                            const ShowCommand& command = {});

// events_text writes the answer to events, a line each, from the oldest to the newest.
[[nodiscard]] Result<std::string> events_text(const std::string& document);

// show_json checks the document likewise and indents it.
[[nodiscard]] Result<std::string> show_json(const std::string& document);

// done_text words the answer to a command.
[[nodiscard]] Result<std::string> done_text(const std::string& document);

// trace_text takes the text out of the answer to trace-stop.
[[nodiscard]] Result<std::string> trace_text(const std::string& document);
// keys_text takes the keys out of the answer to export-keys.
[[nodiscard]] Result<std::string> keys_text(const std::string& document);

}  // namespace agent
