// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "agent/control/status.h"

namespace agent {
namespace {

using nlohmann::json;

std::string_view treatment_word(Treatment treatment) {
  switch (treatment) {
    case Treatment::clear:
      return "clear";
    case Treatment::encrypt:
      return "encrypt";
    case Treatment::either:
      return "either";
    case Treatment::drop:
      return "drop";
    case Treatment::foreign:
      return "foreign";
    case Treatment::unknown:
      break;
  }
  return "unknown";
}

std::string_view line_word(ListAnswer::Line line) {
  using Line = ListAnswer::Line;
  switch (line) {
    case Line::link:
      return "link";
    case Line::key_server:
      return "key server";
    case Line::deny:
      return "deny";
    case Line::fail_close_deny:
      return "fail-close-deny";
    case Line::fail_close:
      return "fail-close";
    case Line::list:
      return "list";
    case Line::none:
      return "none";
    case Line::no_list:
      return "no list";
    case Line::predecessor:
      break;
  }
  return "predecessor";
}

std::string_view way_word(PolicyAnswer::Way way) {
  switch (way) {
    case PolicyAnswer::Way::out:
      return "out";
    case PolicyAnswer::Way::forwarded:
      return "fwd";
    case PolicyAnswer::Way::in:
      break;
  }
  return "in";
}

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }
json spi_or_null(const std::optional<gdoi::Spi>& spi) {
  return spi ? json(spi_text(*spi)) : json();
}

json list_part(const ListAnswer& list) {
  return {{"by", line_word(list.line)},
          {"number", list.number != 0 ? json(list.number) : json()},
          {"line", text_or_null(list.text)},
          {"leaving", treatment_word(list.leaving)},
          {"arriving", treatment_word(list.arriving)},
          {"spi", spi_or_null(list.spi)}};
}

json policy_part(const PolicyAnswer& answer) {
  return {{"direction", way_word(answer.way)},
          {"interface", text_or_null(answer.interface)},
          {"treatment", treatment_word(answer.treatment)},
          {"spi", spi_or_null(answer.spi)},
          {"policy", text_or_null(answer.policy)},
          {"ours", answer.ours}};
}

json lock_part(const LockAnswer& lock) {
  return {{"installed", lock.installed},     {"passes", lock.passes},
          {"exempt", lock.exempt},           {"changing", lock.changing},
          {"line", text_or_null(lock.line)}, {"differences", lock.differences}};
}

json group_part(const ExplainedGroup& group) {
  json out{{"group", group.name},           {"error", nullptr},       {"list", nullptr},
           {"policies", json::array()},     {"second_lock", nullptr}, {"decides", false},
           {"disagreements", json::array()}};
  if (!group.explanation) {
    out["error"] = group.explanation.error().what;
    return out;
  }
  const auto& explanation = *group.explanation;
  out["list"] = list_part(explanation.list);
  for (const auto& answer : explanation.policies) out["policies"].push_back(policy_part(answer));
  out["second_lock"] = lock_part(explanation.lock);
  out["decides"] = explanation.decides;
  out["disagreements"] = explanation.disagreements;
  return out;
}

json packet_part(const Packet& packet) {
  return {{"text", packet_text(packet)},
          {"source", to_string(packet.source)},
          {"destination", to_string(packet.destination)},
          {"protocol", packet.protocol},
          {"source_port", packet.source_port},
          {"destination_port", packet.destination_port}};
}

}  // namespace

std::string explain_answer(const Packet& packet, std::span<const ExplainedGroup> groups) {
  json out{{"schema", 1},
           {"done", "explain"},
           {"packet", packet_part(packet)},
           {"groups", json::array()}};
  bool agree = true;
  for (const auto& group : groups) {
    out["groups"].push_back(group_part(group));
    agree = agree && group.explanation && group.explanation->disagreements.empty();
  }
  out["agree"] = agree;
  return to_text(out);
}

std::string verify_answer(std::span<const VerifiedGroup> groups) {
  json out{{"schema", 1}, {"done", "verify"}, {"groups", json::array()}};
  bool equal = true;
  for (const auto& [name, differences] : groups) {
    equal = equal && differences && differences->empty();
    out["groups"].push_back({{"group", name},
                             {"error", differences ? json() : json(differences.error().what)},
                             {"differences", differences ? json(*differences) : json::array()}});
  }
  out["equal"] = equal;
  return to_text(out);
}

}  // namespace agent
