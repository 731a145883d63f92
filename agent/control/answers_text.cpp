// SPDX-License-Identifier: GPL-2.0-or-later
// The answers to explain and verify, as an operator reads them.
#include <fmt/format.h>

#include <exception>
#include <nlohmann/json.hpp>

#include "agent/control/answers.h"

namespace agent {
namespace {

using nlohmann::json;

constexpr std::size_t columns = 80, label_columns = 18;

// labelled is "  LABEL         : TEXT", TEXT broken between words; no label: it goes on the last.
std::string labelled(std::string_view label, std::string_view text) {
  auto line = label.empty() ? std::string(label_columns, ' ')
                            : fmt::format("  {:<{}}: ", label, label_columns - 4);
  std::string out;
  bool begun = false;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (begun && line.size() + 1 + word.size() > columns) {
      out += line + "\n";
      line = std::string(label_columns, ' ');
      begun = false;
    }
    if (begun) line += ' ';
    line += word;
    begun = true;
  }
  return out + line + "\n";
}

std::string word_of(const json& value) { return value.is_null() ? "" : value.get<std::string>(); }

std::string leaving_words(const std::string& treatment, const std::string& spi) {
  if (treatment == "clear") return "leaves in clear";
  if (treatment == "encrypt") return "leaves encrypted under " + spi;
  if (treatment == "drop") return "is dropped when it is to leave";
  if (treatment == "foreign") return "leaves by IPsec of another group or program";
  return "what is done when it leaves is not known";
}

std::string arriving_words(const std::string& treatment) {
  if (treatment == "clear") return "comes in in clear only";
  if (treatment == "encrypt") return "comes in encrypted only";
  if (treatment == "either") return "comes in encrypted or in clear";
  if (treatment == "drop") return "is dropped when it comes in";
  if (treatment == "foreign") return "comes in by IPsec of another group or program only";
  return "what is done when it comes in is not known";
}

std::string line_words(const json& list) {
  const auto by = word_of(list.at("by")), line = word_of(list.at("line"));
  if (by == "link") return "what IPv6 needs on a link";
  if (by == "key server" || by == "deny") return by == "deny" ? "local exception: " + line : line;
  if (by == "fail-close-deny") return "local exception until there is a list: " + line;
  if (by == "fail-close") return "fail-close: there is no list yet";
  if (by == "list") return fmt::format("line {}: {}", list.at("number").get<std::size_t>(), line);
  if (by == "none") return "no line is about it";
  if (by == "no list") return "there is no list yet, and no fail-close";
  return "the list of the daemon before this one, which is in the kernel only";
}

std::string policy_lines(const json& answer) {
  const auto direction = word_of(answer.at("direction"));
  const auto treatment = word_of(answer.at("treatment"));
  const bool leaving = direction == "out";
  auto out = labelled("Policies " + direction,
                      leaving ? word_of(answer.at("interface")) + ": " +
                                    leaving_words(treatment, word_of(answer.at("spi")))
                              : arriving_words(treatment));
  const auto policy = word_of(answer.at("policy"));
  if (policy.empty()) return out + labelled("", "no policy is about it");
  return out + labelled("", answer.at("ours").get<bool>() ? policy : policy + " (not ours)");
}

std::string lock_lines(const json& lock) {
  if (!lock.at("installed").get<bool>()) return labelled("Second lock", "is not there");
  const bool passes = lock.at("passes").get<bool>();
  auto text = std::string{passes ? "lets it pass in clear" : "drops it when it is in clear"};
  if (lock.at("exempt").get<bool>()) text += " (GDOI)";
  if (lock.at("changing").get<bool>()) text += "; its list is being changed";
  const auto line = word_of(lock.at("line"));
  return labelled("Second lock", text) +
         labelled("", line.empty() ? "no line of it is about it" : line);
}

std::string explained_group(const json& group) {
  auto out = fmt::format("\nGroup {}\n", word_of(group.at("group")));
  if (!group.at("error").is_null())
    return out + labelled("Cannot be told", word_of(group.at("error")));
  const auto& list = group.at("list");
  out += labelled("List", line_words(list));
  out += labelled("", leaving_words(word_of(list.at("leaving")), word_of(list.at("spi"))) + "; " +
                          arriving_words(word_of(list.at("arriving"))));
  for (const auto& answer : group.at("policies")) out += policy_lines(answer);
  out += lock_lines(group.at("second_lock"));
  if (!group.at("decides").get<bool>()) out += labelled("Decides", "another group");
  const auto& disagreements = group.at("disagreements");
  if (disagreements.empty()) return out + "  They agree.\n";
  for (const auto& line : disagreements) out += labelled("They differ", word_of(line));
  return out;
}

std::string verified_group(const json& group) {
  const auto name = word_of(group.at("group"));
  if (!group.at("error").is_null())
    return fmt::format("{}: cannot be told: {}\n", name, word_of(group.at("error")));
  const auto& differences = group.at("differences");
  if (differences.empty()) return fmt::format("{}: the kernel has what it should have\n", name);
  auto out = fmt::format("{}: the kernel differs in\n", name);
  for (const auto& line : differences) out += "  " + word_of(line) + "\n";
  return out;
}

// with_answer reads a document; the library of JSON throws, and that ends here.
template <class Use>
Result<Shown> with_answer(const std::string& document, bool as_json, const char* verdict,
                          Use text) {
  try {
    const auto answer = json::parse(document);
    if (answer.contains("error")) return fail("the daemon says: " + word_of(answer.at("error")));
    const bool fine = answer.at(verdict).get<bool>();
    return Shown{as_json ? answer.dump(2) + "\n" : text(answer), fine};
  } catch (const std::exception& problem) {
    return fail(std::string{"malformed reply of the daemon: "} + problem.what());
  }
}

}  // namespace

Result<Shown> show_explanation(const std::string& document, bool json_wanted) {
  return with_answer(document, json_wanted, "agree", [](const json& answer) {
    auto out = fmt::format("Packet {}\n", word_of(answer.at("packet").at("text")));
    for (const auto& group : answer.at("groups")) out += explained_group(group);
    return out;
  });
}

Result<Shown> show_verification(const std::string& document, bool json_wanted) {
  return with_answer(document, json_wanted, "equal", [](const json& answer) {
    std::string out;
    for (const auto& group : answer.at("groups")) out += verified_group(group);
    return out;
  });
}

}  // namespace agent
