// SPDX-License-Identifier: GPL-2.0-or-later
// Daemon, the part that answers getvpnctl.
#include <algorithm>

#include "agent/config/config_values.h"
#include "agent/control/answers.h"
#include "agent/control/event_answers.h"
#include "agent/control/key_export.h"
#include "agent/control/plan_answer.h"
#include "agent/daemon.h"
#include "agent/kernel/explain.h"

namespace agent {
namespace {

std::string verify(std::span<GroupInstance* const> meant) {
  std::vector<VerifiedGroup> groups;
  for (auto* instance : meant)
    groups.push_back({instance->config().group_name, instance->differences()});
  return verify_answer(groups);
}

bool share_a_wan(const GroupInstance& a, const GroupInstance& b) {
  const auto ours = a.status().interfaces, others = b.status().interfaces;
  return std::any_of(ours.begin(), ours.end(), [&](const std::string& name) {
    return std::find(others.begin(), others.end(), name) != others.end();
  });
}

// marks_on_wan_of are those of packets that came in by a WAN interface of the group's: each group
// there sets its own.
std::uint32_t marks_on_wan_of(const GroupInstance& instance,
                              std::span<const std::unique_ptr<GroupInstance>> all) {
  std::uint32_t out = instance.identity().mark;
  for (const auto& other : all)
    if (share_a_wan(instance, *other)) out |= other->identity().mark;
  return out;
}

}  // namespace

std::optional<std::string> Daemon::answer(std::string_view text, const Asker& asker,
                                          bool time_is_up) {
  const auto request = parse_request(text);
  if (!request) return error_answer(request.error().what);
  if (!changes_nothing(*request) && asker.right != Right::act)
    return error_answer(
        fmt::format("{} needs root or a member of admin-group", name_of(request->command)));
  if (request->command == ControlRequest::Command::events) {
    // Those who wait leave room for others who ask.
    constexpr std::size_t most_waiting = ControlServer::max_clients / 2;
    return events_answer(events_, *request, time_is_up || control_->waiting() > most_waiting);
  }
  const auto now = boot_time();
  std::vector<GroupInstance*> meant;
  for (const auto& instance : instances_)
    if (!request->group || instance->config().group_name == *request->group)
      meant.push_back(instance.get());
  if (at_work_ && request->command != ControlRequest::Command::show)
    return error_answer("a long change of the kernel is under way: show tells how far it is");
  // Groups are not to be had while a change of the configuration removes some.
  if (at_work_ && meant.empty()) return error_answer("groups are being changed: try again");
  if (meant.empty()) return error_answer(fmt::format("there is no group '{}'", *request->group));

  if (request->command == ControlRequest::Command::show) {
    std::vector<std::string> documents;
    for (auto* instance : meant)
      documents.push_back(status_json(instance->status_with_counters(now), now));
    // A document of one group is what it always was; a list is for those who configured several.
    const bool list = !request->group && !meant.front()->config().section.empty();
    return list ? list_json(documents) : documents.front();
  }
  if (request->command == ControlRequest::Command::explain) return explain(*request, meant);
  if (request->command == ControlRequest::Command::verify) return verify(meant);
  if (request->command == ControlRequest::Command::plan) return plan(*request, meant, now);
  if (request->command == ControlRequest::Command::export_keys) return export_keys(meant, asker);
  log_.notice("getvpnctl {}{}", name_of(request->command),
              request->group ? " " + *request->group : "");
  if (request->command == ControlRequest::Command::log_level) return set_log_level(*request);
  if (request->command == ControlRequest::Command::reload) {
    const auto done = reload("getvpnctl reload");
    return done ? done_answer(request->command, {}) : error_answer(done.error().what);
  }
  if (request->command == ControlRequest::Command::trace_start ||
      request->command == ControlRequest::Command::trace_stop)
    return trace(request->command, now);
  return carry_out(*request, meant, now);
}

// explain asks all groups: on a WAN that several are on, the first whose list is about the packet
// decides, and the packet has the marks of all.
std::string Daemon::explain(const ControlRequest& request, std::span<GroupInstance* const> meant) {
  const auto packet = parse_packet(request.words);
  if (!packet) return error_answer(packet.error().what);
  std::vector<ExplainedGroup> all;
  for (const auto& instance : instances_)
    all.push_back({instance->config().group_name,
                   instance->explain(*packet, marks_on_wan_of(*instance, instances_))});
  std::vector<ExplainedGroup> groups;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto* instance = instances_[i].get();
    if (std::find(meant.begin(), meant.end(), instance) == meant.end()) continue;
    auto group = all[i];
    if (group.explanation) {
      for (std::size_t j = 0; j < all.size(); ++j)
        if (j != i && all[j].explanation && all[j].explanation->list.is_about() &&
            (j < i || !group.explanation->list.is_about()) &&
            share_a_wan(*instance, *instances_[j]))
          group.explanation->decides = false;
      group.explanation->disagreements = disagreements(*group.explanation);
    }
    groups.push_back(std::move(group));
  }
  return explain_answer(*packet, groups);
}

std::string Daemon::plan(const ControlRequest& request, std::span<GroupInstance* const> meant,
                         Instant now) {
  if (request.words.empty()) {
    Plan out;
    for (auto* instance : meant) {
      GroupPlan group{instance->config().group_name};
      group.kernel = instance->plan(now);
      out.groups.push_back(std::move(group));
    }
    return plan_answer(out);
  }
  if (request.words != std::vector<std::string>{"reload"})
    return error_answer("plan takes no word but 'reload'");
  if (request.group) return error_answer("a reload is of all groups");
  auto setup = read_configuration();
  return setup ? plan_answer(plan_reload(std::move(*setup), now))
               : error_answer(setup.error().what);
}

// plan_reload tells what apply_configuration would do.
Plan Daemon::plan_reload(DaemonSetup setup, Instant now) {
  Plan out{true, restart_settings(config_, setup.config)};
  const auto& wanted = setup.config.groups;
  for (const auto& instance : instances_) {
    if (is_configured(*instance, wanted)) continue;
    GroupPlan group{instance->config().group_name, ReloadEffect::goes};
    group.kernel = instance->plan_stop();
    out.groups.push_back(std::move(group));
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    GroupPlan group{wanted[i].config.group_name, ReloadEffect::comes};
    const auto at = std::find_if(instances_.begin(), instances_.end(), [&](const auto& instance) {
      return instance->identity().table == wanted[i].identity.table;
    });
    if (at != instances_.end()) {
      const GroupSetup next{wanted[i], std::move(setup.credentials[i])};
      group.effect = (*at)->effect_of(next);
      group.credentials_differ = !(*at)->proves_alike(next);
      group.settings = setting_changes((*at)->group(), wanted[i]);
      // The only group registers afresh in any case.
      if (!setup.config.has_sections() && group.effect == ReloadEffect::none)
        group.effect = ReloadEffect::reregisters;
      if (group.effect != ReloadEffect::none) group.kernel = (*at)->plan_change(next, now);
    }
    out.groups.push_back(std::move(group));
  }
  return out;
}

std::string Daemon::export_keys(std::span<GroupInstance* const> meant, const Asker& asker) {
  if (!config_.allow_key_export) {
    log_.warning("getvpnctl export-keys of user {} is refused: allow-key-export = no", asker.user);
    return error_answer(
        "keys are not handed out: that takes allow-key-export = yes in the configuration file, and "
        "a restart");
  }
  std::vector<std::string> names;
  std::vector<std::shared_ptr<const gdoi::Tek>> teks;
  for (const auto* instance : meant) {
    names.push_back(instance->config().group_name);
    const auto status = instance->status();
    if (status.sas == nullptr) continue;
    for (const auto& entry : status.sas->teks()) teks.push_back(entry.tek);
  }
  log_.warning("the keys of {} TEKs of group {} are handed to user {} (getvpnctl export-keys)",
               teks.size(), fmt::join(names, ", "), asker.user);
  return key_export_answer(names, teks);
}

std::string Daemon::set_log_level(const ControlRequest& request) {
  if (request.words.size() != 1) return error_answer("log-level takes one level");
  const auto level = parse_log_level(request.words.front());
  if (!level) return error_answer(level.error().what);
  log_.set_threshold(*level);
  return done_answer(request.command, {});
}

// trace is of all groups: they may share a key server.
std::string Daemon::trace(ControlRequest::Command command, Instant now) {
  if (command == ControlRequest::Command::trace_start) {
    trace_.start(now);
    return done_answer(command, {});
  }
  auto text = trace_.stop();
  return text ? trace_answer(*text) : error_answer(text.error().what);
}

std::string Daemon::carry_out(const ControlRequest& request, std::span<GroupInstance* const> meant,
                              Instant now) {
  std::vector<std::string> done;
  std::string refused;
  for (auto* instance : meant) {
    const auto& name = instance->config().group_name;
    using Command = ControlRequest::Command;
    const auto outcome = request.command == Command::reregister ? instance->reregister(now)
                         : request.command == Command::clear    ? instance->clear(now)
                                                                : instance->accept_rekey_key(now);
    if (outcome) done.push_back(name);
    const bool several = meant.size() > 1;
    if (!outcome)
      refused += fmt::format("{}{}{}", refused.empty() ? "" : "; ", several ? name + ": " : "",
                             outcome.error().what);
  }
  return refused.empty() ? done_answer(request.command, done) : error_answer(refused);
}

}  // namespace agent
