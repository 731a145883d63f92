// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/plan_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>

#include "agent/control/status.h"

namespace agent {
namespace {

using nlohmann::json;

std::string_view kind_word(PlannedChange::Kind kind) {
  using Kind = PlannedChange::Kind;
  return kind == Kind::add ? "add" : kind == Kind::remove ? "remove" : "change";
}

std::string_view object_word(PlannedChange::Object object) {
  using Object = PlannedChange::Object;
  switch (object) {
    case Object::policy:
      return "policy";
    case Object::state:
      return "state";
    case Object::rules:
      return "rules";
    case Object::address:
      return "address";
    case Object::route:
      break;
  }
  return "route";
}

struct EffectWord {
  ReloadEffect effect;
  std::string_view name, text;
};
constexpr EffectWord effects[] = {
    {ReloadEffect::none, "none", "nothing"},
    {ReloadEffect::comes, "comes", "is new: it registers"},
    {ReloadEffect::goes, "goes", "is removed, with all that it has in the kernel"},
    {ReloadEffect::stands_anew, "stands anew",
     "has another place among the groups; its registration goes on"},
    {ReloadEffect::reregisters, "reregisters", "goes on with its keys and registers again"},
    {ReloadEffect::registers, "registers",
     "registers as a new member; list and keys in force stay until then"},
    {ReloadEffect::is_made_anew, "is made anew",
     "is taken out of the kernel, registers, and is put there under other names; what the list "
     "protects is in clear meanwhile unless fail-close is set"},
};

const EffectWord& word_of(ReloadEffect effect) {
  return *std::find_if(std::begin(effects), std::end(effects),
                       [&](const EffectWord& one) { return one.effect == effect; });
}

json settings_part(const std::vector<SettingChange>& changes) {
  json out = json::array();
  for (const auto& [comes, line] : changes)
    out.push_back({{"kind", comes ? "add" : "remove"}, {"line", line}});
  return out;
}

json group_part(const GroupPlan& group, bool of_reload) {
  json out{{"group", group.group},
           {"error", nullptr},
           {"effect", of_reload ? json(word_of(group.effect).name) : json()},
           {"credentials_differ", group.credentials_differ},
           {"settings", settings_part(group.settings)},
           {"kernel", json::array()},
           {"more", 0}};
  if (!group.kernel) {
    out["error"] = group.kernel.error().what;
    return out;
  }
  const auto told = std::min(group.kernel->size(), max_planned);
  for (std::size_t i = 0; i < told; ++i) {
    const auto& one = (*group.kernel)[i];
    out["kernel"].push_back(
        {{"kind", kind_word(one.kind)}, {"object", object_word(one.object)}, {"what", one.what}});
  }
  out["more"] = group.kernel->size() - told;
  return out;
}

// changes_something: that a group registers again is none by itself.
bool changes_something(const GroupPlan& group) {
  return !group.kernel || !group.kernel->empty() || !group.settings.empty() ||
         (group.effect != ReloadEffect::none && group.effect != ReloadEffect::reregisters);
}

std::string sign_of(const json& change) {
  const auto kind = change.at("kind").get<std::string>();
  return kind == "add" ? "+" : kind == "remove" ? "-" : "~";
}

std::string effect_text(const json& group) {
  if (group.at("effect").is_null()) return {};
  const auto name = group.at("effect").get<std::string>();
  const auto at = std::find_if(std::begin(effects), std::end(effects),
                               [&](const EffectWord& one) { return one.name == name; });
  return std::string{at == std::end(effects) ? std::string_view{name} : at->text};
}

std::string group_text(const json& group) {
  auto out = group.at("group").get<std::string>() + ":";
  if (const auto effect = effect_text(group); !effect.empty()) out += " " + effect;
  out += "\n";
  for (const auto& one : group.at("settings"))
    out += fmt::format("  {} {}\n", sign_of(one), one.at("line").get<std::string>());
  if (group.at("credentials_differ").get<bool>()) out += "  ~ secrets, keys or certificates\n";
  if (!group.at("error").is_null())
    return out + "  the kernel cannot be told: " + group.at("error").get<std::string>() + "\n";
  const auto& kernel = group.at("kernel");
  out +=
      kernel.empty() ? "  nothing in the kernel would be changed\n" : "  in the kernel, at once:\n";
  for (const auto& one : kernel)
    out += fmt::format("  {} {}\n", sign_of(one), one.at("what").get<std::string>());
  if (const auto more = group.at("more").get<std::size_t>(); more > 0)
    out += fmt::format("  and {} more\n", more);
  return out;
}

std::string text_of(const json& answer) {
  std::string out;
  for (const auto& group : answer.at("groups")) out += group_text(group);
  for (const auto& name : answer.at("restart"))
    out += fmt::format("{}: changed, and taken up by a restart only\n", name.get<std::string>());
  return out;
}

}  // namespace

std::string plan_answer(const Plan& plan) {
  json out{{"schema", 1},
           {"done", "plan"},
           {"of", plan.of_reload ? "reload" : "repair"},
           {"restart", plan.restart},
           {"groups", json::array()}};
  for (const auto& group : plan.groups) out["groups"].push_back(group_part(group, plan.of_reload));
  out["changes"] = !plan.restart.empty() ||
                   std::any_of(plan.groups.begin(), plan.groups.end(), changes_something);
  return to_text(out);
}

// The library of JSON throws, and that ends here.
Result<Shown> show_plan(const std::string& document, bool json_wanted) {
  try {
    const auto answer = json::parse(document);
    if (answer.contains("error"))
      return fail("the daemon says: " + answer.at("error").get<std::string>());
    return Shown{json_wanted ? answer.dump(2) + "\n" : text_of(answer),
                 !answer.at("changes").get<bool>()};
  } catch (const std::exception& problem) {
    return fail(std::string{"malformed reply of the daemon: "} + problem.what());
  }
}

}  // namespace agent
