// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/doctor/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace agent {
namespace {

using Weight = Diagnosis::Weight;

std::string_view weight_word(Weight weight) {
  switch (weight) {
    case Weight::fine:
      return "fine";
    case Weight::hint:
      return "hint";
    case Weight::fault:
      break;
  }
  return "fault";
}

// wrapped breaks between words; the first line begins with `first`, the others with blanks.
std::string wrapped(std::string_view first, std::string_view text) {
  constexpr std::size_t width = 80;
  std::string out, line{first};
  bool begun = false;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (begun && line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line = std::string(first.size(), ' ');
      begun = false;
    }
    line += begun ? " " : "";
    line += word;
    begun = true;
  }
  return out + line + "\n";
}

std::size_t count_of(std::span<const Diagnosis> diagnoses, Weight weight) {
  return static_cast<std::size_t>(std::count_if(
      diagnoses.begin(), diagnoses.end(), [&](const auto& one) { return one.weight == weight; }));
}

}  // namespace

bool any_fault(std::span<const Diagnosis> diagnoses) {
  return count_of(diagnoses, Weight::fault) != 0;
}

std::string diagnoses_text(std::span<const Diagnosis> diagnoses) {
  std::string out;
  for (const auto& [weight, subject, what, remedy] : diagnoses) {
    out += wrapped(fmt::format("{:<6} ", weight_word(weight)), subject + ": " + what);
    if (!remedy.empty()) out += wrapped("       remedy: ", remedy);
  }
  return out + fmt::format("{} faults, {} hints\n", count_of(diagnoses, Weight::fault),
                           count_of(diagnoses, Weight::hint));
}

std::string diagnoses_json(std::span<const Diagnosis> diagnoses) {
  nlohmann::json out{{"schema", 1},
                     {"done", "doctor"},
                     {"fault", any_fault(diagnoses)},
                     {"findings", nlohmann::json::array()}};
  for (const auto& [weight, subject, what, remedy] : diagnoses)
    out["findings"].push_back(
        {{"weight", weight_word(weight)},
         {"subject", subject},
         {"what", what},
         {"remedy", remedy.empty() ? nlohmann::json() : nlohmann::json(remedy)}});
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace agent
