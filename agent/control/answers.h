// SPDX-License-Identifier: GPL-2.0-or-later
// The answers to explain and verify: the daemon writes them as JSON (answers.schema.json),
// getvpnctl makes text of them. Members are only added under one schema number.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/group/explanation.h"

namespace agent {

// What one group answers, or why it cannot.
struct ExplainedGroup {
  std::string name;
  Result<Explanation> explanation;
};
struct VerifiedGroup {
  std::string name;
  Result<std::vector<std::string>> differences;
};

[[nodiscard]] std::string explain_answer(const Packet& packet,
                                         std::span<const ExplainedGroup> groups);
[[nodiscard]] std::string verify_answer(std::span<const VerifiedGroup> groups);

// Shown is what getvpnctl prints, and whether all was as it should be.
struct Shown {
  std::string text;
  bool as_it_should_be = true;
};

// They fail when the document is none, or carries an error of the daemon's. Lines have at most 80
// columns, but for words that are longer. With `json` the text is the document, indented.
[[nodiscard]] Result<Shown> show_explanation(const std::string& document, bool json);
[[nodiscard]] Result<Shown> show_verification(const std::string& document, bool json);

}  // namespace agent
