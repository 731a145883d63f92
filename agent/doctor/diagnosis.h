// SPDX-License-Identifier: GPL-2.0-or-later
// What doctor finds, and how it is printed. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace agent {

// Diagnosis is one thing that was looked at.
struct Diagnosis {
  enum class Weight : std::uint8_t {
    fine,
    hint,   // may be as it should be
    fault,  // keeps the member from working, or from protecting
  };
  Weight weight = Weight::fine;
  std::string subject;  // what was looked at: "key server 10.0.0.5"
  std::string what;     // and what was found
  std::string remedy;   // a command, or what to compare; empty: none is needed
  friend bool operator==(const Diagnosis&, const Diagnosis&) = default;
};

[[nodiscard]] bool any_fault(std::span<const Diagnosis> diagnoses);

// diagnoses_text has one finding after the other, lines of at most 80 columns, and a last line that
// counts.
[[nodiscard]] std::string diagnoses_text(std::span<const Diagnosis> diagnoses);
// diagnoses_json is as answers.schema.json says.
[[nodiscard]] std::string diagnoses_json(std::span<const Diagnosis> diagnoses);

}  // namespace agent
