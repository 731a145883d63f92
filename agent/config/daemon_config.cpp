// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/daemon_config.h"

#include <algorithm>

#include "agent/base/address.h"
#include "agent/config/config_values.h"
#include "agent/config/keys.h"

namespace agent {
namespace {

// What is wrong with a configuration, and where: of a setting, or of a group; empty: as a whole.
struct ConfigError {
  std::string origin, what;
};
using Checked = tl::expected<void, ConfigError>;

tl::unexpected<ConfigError> refuse(std::string origin, std::string what) {
  return tl::unexpected<ConfigError>{ConfigError{std::move(origin), std::move(what)}};
}

tl::unexpected<Error> said(const ConfigError& error) {
  return fail(error.origin.empty() ? error.what : error.origin + ": " + error.what);
}

// Draft is a group while its settings come in.
struct Draft {
  GroupConfig config = default_group();
  ConfigOrigins origins;
};

constexpr std::array names_of_one{"group-name",  "anchor-in", "anchor-out", "anchor-in6",
                                  "anchor-out6", "mark",      "reqid"};

Checked check_common(const Settings& common) {
  for (const auto& setting : common)
    if (std::any_of(names_of_one.begin(), names_of_one.end(),
                    [&](const char* name) { return setting.key == name; }))
      return refuse(setting.origin,
                    setting.key + ": each group has its own: it belongs into a section");
  return {};
}

Checked check_section(const Section& section) {
  for (const auto& setting : section.settings) {
    if (find_daemon_key(setting.key) != nullptr)
      return refuse(setting.origin,
                    setting.key + ": counts for the whole daemon: it belongs before the sections");
    if (setting.key == "group-name")
      return refuse(setting.origin, "group-name: the section's name is the group's");
  }
  return {};
}

Checked check_command_line(const Settings& command_line, const Section& first) {
  for (const auto& setting : command_line)
    if (find_daemon_key(setting.key) == nullptr)
      return refuse(setting.origin, "the groups are in sections of the configuration file, from " +
                                        first.origin + " on");
  return {};
}

// for_each_value calls `use` with the values of a setting, until one is refused.
template <class Use>
Checked for_each_value(const Setting& setting, Key::Repeat repeat, Use use) {
  std::string_view rest = setting.value;
  for (bool more = true; more;) {
    const auto comma = repeat == Key::Repeat::list ? rest.find(',') : std::string_view::npos;
    const auto value = repeat == Key::Repeat::no ? rest : trim_blanks(rest.substr(0, comma));
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    const auto outcome = value.empty() ? Result<void>{fail("has no value")} : use(value);
    if (!outcome)
      return refuse(setting.origin, fmt::format("{}: {}", setting.key, outcome.error().what));
  }
  return {};
}

// take_settings sets what `settings` say. Of a key among them nothing is left of what `group` had
// from settings before these.
Checked take_settings(const Settings& settings, DaemonConfig& daemon, Draft& group) {
  static const GroupConfig unset = default_group();
  std::vector<const Key*> seen;
  for (const auto& setting : settings) {
    const auto* group_key = find_group_key(setting.key);
    const auto* daemon_key = find_daemon_key(setting.key);
    const Key* key = group_key != nullptr ? static_cast<const Key*>(group_key) : daemon_key;
    if (key == nullptr) return refuse(setting.origin, fmt::format("unknown key '{}'", setting.key));
    const bool again = std::find(seen.begin(), seen.end(), key) != seen.end();
    if (again && key->repeat == Key::Repeat::no)
      return refuse(setting.origin, fmt::format("'{}' is given twice", setting.key));
    seen.push_back(key);
    if (group_key != nullptr && !again) {
      group_key->reset(group.config, unset);
      group.origins.forget(key->name);
    }
    auto taken = for_each_value(setting, key->repeat, [&](std::string_view value) {
      return group_key != nullptr ? group_key->parse(group.config, value)
                                  : daemon_key->parse(daemon, value);
    });
    if (!taken) return taken;
    if (group_key != nullptr) group.origins.add(key->name, setting.origin);
  }
  return {};
}

// finish fills in what follows from other settings, and refuses what contradicts itself.
Checked finish(Draft& group) {
  auto& config = group.config;
  const auto wrong = [](const char* what) { return refuse({}, what); };
  if (config.key_servers.empty())
    return wrong("no key server: give --ks ADDRESS, or 'ks = ADDRESS' in the configuration file");
  if (!group.origins.has("group"))
    return wrong("no group: give --group N, or 'group = N' in the configuration file");
  const auto identity = identity_in(0, config);
  if (identity.anchor_in == identity.anchor_out)
    return wrong("anchor-in and anchor-out must be two different addresses");
  if (identity.anchor_in6 == identity.anchor_out6)
    return wrong("anchor-in6 and anchor-out6 must be two different addresses");
  if (config.fail_close_revert && !config.fail_close)
    return wrong("fail-close-revert is of no use without fail-close");
  if (config.replay_senders.any() && config.replay_window == 0)
    return wrong("replay-senders needs a replay-window, such as 64");
  if (config.drop_unknown_senders && !config.replay_senders.any())
    return wrong("replay-unknown = drop is of no use without replay-senders");
  if (auto valid = check(config.authentication); !valid) return refuse({}, valid.error().what);
  if (config.group_name.empty()) config.group_name = group_text(config.group);
  if (config.proposals.empty()) config.proposals = gdoi::default_proposals(config.ike_mode);
  if (config.ike_mode == gdoi::Phase1Mode::aggressive &&
      gdoi::of_one_group(config.proposals).size() != config.proposals.size())
    return wrong("ike-mode = aggressive needs proposals of one group only");
  return {};
}

// take_section makes a group of what stands before the sections, `group`, and of its own settings.
Checked take_section(const Section& section, DaemonConfig& daemon, Draft& group) {
  group.origins.set_group(section.origin);
  auto taken = check_section(section);
  if (taken) taken = take_settings(section.settings, daemon, group);
  if (taken) taken = finish(group);
  if (!taken) {
    auto& origin = taken.error().origin;
    if (origin.empty()) origin = section.origin;
    return taken;
  }
  group.config.section = group.config.group_name = section.name;
  return {};
}

bool share_key_server(const GroupConfig& a, const GroupConfig& b) {
  return std::any_of(a.key_servers.begin(), a.key_servers.end(), [&](const auto& server) {
    return std::find(b.key_servers.begin(), b.key_servers.end(), server) != b.key_servers.end();
  });
}

// may_share_key_server also reckons with names, which may lead to the address of another.
bool may_share_key_server(const GroupConfig& a, const GroupConfig& b) {
  return any_by_name(a.key_servers) || any_by_name(b.key_servers) || share_key_server(a, b);
}

// check_pair compares what the operator said of two groups, the first one being `one`.
Checked check_pair(const ConfiguredGroup& one, const ConfiguredGroup& other) {
  auto clash = find_clash(one.config, other.config);
  if (one.config.group == other.config.group && share_key_server(one.config, other.config))
    clash = {"group", "group", "a group has this identity and key server"};
  if (!clash) return {};
  return refuse(
      other.origins.of(clash->other_key),
      fmt::format("{}: {} already, {}", clash->other_key, clash->what, one.origins.of(clash->key)));
}

Checked check_groups(const std::vector<ConfiguredGroup>& groups) {
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (auto checked = check_pair(groups[k], groups[i]); !checked) return checked;
  return {};
}

void add_group(Draft draft, DaemonConfig& out) {
  out.groups.push_back({std::move(draft.config), std::move(draft.origins), {}, 0, true});
}

Checked take_file(const SettingsFile& file, const Settings& command_line, DaemonConfig& out) {
  Draft common;
  const auto& sections = file.sections;
  Checked taken;
  if (!sections.empty()) taken = check_common(file.common);
  if (taken && !sections.empty()) taken = check_command_line(command_line, sections.front());
  if (taken && sections.size() > max_groups)
    taken = refuse(sections[max_groups].origin, fmt::format("more than {} groups", max_groups));
  if (taken) taken = take_settings(file.common, out, common);
  if (taken) taken = take_settings(command_line, out, common);
  if (taken && sections.empty()) {
    taken = finish(common);
    if (taken) add_group(std::move(common), out);
    return taken;
  }
  for (std::size_t i = 0; taken && i < sections.size(); ++i) {
    auto group = common;
    taken = take_section(sections[i], out, group);
    if (taken) add_group(std::move(group), out);
  }
  return taken;
}

void describe(const Key& key, const std::vector<std::string>& values, std::string& out) {
  for (const auto& value : values) out += fmt::format("  {:<18} = {}\n", key.name, value);
}

}  // namespace

GroupConfig default_group() {
  GroupConfig out;
  out.authentication.secrets_file = default_secrets_file;
  return out;
}

Result<DaemonConfig> make_daemon_config(const SettingsFile& file, const Settings& command_line) {
  DaemonConfig out;
  auto taken = take_file(file, command_line, out);
  if (taken) taken = check_groups(out.groups);
  if (!taken) return said(taken.error());
  if (auto assigned = assign_slots(out, {}); !assigned)
    return tl::unexpected<Error>{std::move(assigned.error())};
  return out;
}

Result<void> assign_slots(DaemonConfig& config, std::span<const SlotAssignment> before) {
  auto& groups = config.groups;
  std::vector<const GroupConfig*> configs;
  for (const auto& group : groups) configs.push_back(&group.config);
  SlotAllocator slots{std::move(configs)};
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (const auto& known : before)
      if (known.table == table_name(groups[i].config) && !slots.of(i))
        (void)slots.take(i, known.slot);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!slots.of(i) && !slots.take_any(i))
      return said({groups[i].origins.group(),
                   "no anchors, mark and reqid are left that go with the others'"});
    groups[i].identity = *slots.of(i);
    groups[i].precedence = static_cast<std::uint32_t>(i);
    groups[i].sole_contact =
        std::none_of(groups.begin(), groups.end(), [&](const ConfiguredGroup& other) {
          return &other != &groups[i] && may_share_key_server(other.config, groups[i].config);
        });
  }
  std::uint32_t marks = 0;
  for (auto& group : groups) {
    group.earlier_marks = marks;
    group.others_follow = &group != &groups.back();
    marks |= group.identity.mark;
  }
  return {};
}

bool stands_alike(const ConfiguredGroup& one, const ConfiguredGroup& other) {
  return one.precedence == other.precedence && one.earlier_marks == other.earlier_marks &&
         one.others_follow == other.others_follow;
}

std::vector<SettingChange> setting_changes(const ConfiguredGroup& from, const ConfiguredGroup& to) {
  std::vector<SettingChange> out;
  for (const auto& key : group_keys()) {
    const auto before = key.print(from), after = key.print(to);
    const auto add = [&](const std::vector<std::string>& some,
                         const std::vector<std::string>& others, bool comes) {
      for (const auto& value : some)
        if (std::find(others.begin(), others.end(), value) == others.end())
          out.push_back({comes, fmt::format("{} = {}", key.name, value)});
    };
    add(before, after, false);
    add(after, before, true);
    // Of some the order counts: the first key server is asked first.
    if (before != after &&
        std::is_permutation(before.begin(), before.end(), after.begin(), after.end()))
      out.push_back({true, fmt::format("{} = {}", key.name, fmt::join(after, ", "))});
  }
  return out;
}

std::vector<std::string> restart_settings(const DaemonConfig& from, const DaemonConfig& to) {
  std::vector<std::string> out;
  for (const auto& key : daemon_keys())
    if (key.print(from) != key.print(to)) out.emplace_back(key.name);
  return out;
}

std::vector<std::string> warnings(const DaemonConfig& config) {
  if (!config.allow_key_export) return {};
  return {
      "allow-key-export = yes: whoever may use all of getvpnctl can have the keys of the groups"};
}

std::string describe(const DaemonConfig& config) {
  std::string out;
  for (const auto& group : config.groups) {
    if (config.has_sections()) out += fmt::format("[{}]\n", group.config.section);
    for (const auto& key : group_keys()) describe(key, key.print(group), out);
  }
  if (config.has_sections()) out += "the daemon\n";
  for (const auto& key : daemon_keys()) describe(key, {key.print(config)}, out);
  return out;
}

}  // namespace agent
