// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/daemon_config.h"

#include <algorithm>

#include "agent/base/address.h"
#include "agent/config/config_values.h"
#include "xfrm/plane/plane.h"

namespace agent {
namespace {

constexpr std::array names_of_one{"group-name",  "anchor-in", "anchor-out", "anchor-in6",
                                  "anchor-out6", "mark",      "reqid"};

// A slot has one bit of its own, from 0x10000000 downwards.
constexpr std::uint32_t max_slots = 29, first_mark = 0x10000000, first_reqid = 0x47560000;

bool is_one_of(std::string_view key, std::span<const char* const> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return key == name; });
}

bool is_daemon_key(const Setting& setting) {
  const Key* key = find_key(setting.key);
  return key != nullptr && key->set == nullptr;
}

Result<void> check_common(const Settings& common) {
  for (const auto& setting : common)
    if (is_one_of(setting.key, names_of_one))
      return fail(fmt::format("{}: {}: each group has its own: it belongs into a section",
                              setting.origin, setting.key));
  return {};
}

Result<void> check_section(const Section& section) {
  for (const auto& setting : section.settings) {
    if (is_daemon_key(setting))
      return fail(fmt::format("{}: {}: counts for the whole daemon: it belongs before the sections",
                              setting.origin, setting.key));
    if (setting.key == "group-name")
      return fail(fmt::format("{}: group-name: the section's name is the group's", setting.origin));
  }
  return {};
}

Result<void> check_command_line(const Settings& command_line, const Section& first) {
  for (const auto& setting : command_line)
    if (!is_daemon_key(setting))
      return fail(
          fmt::format("{}: the groups are in sections of the configuration file, from {} on",
                      setting.origin, first.origin));
  return {};
}

Result<Config> make_group(const Settings& common, const Section& section) {
  if (auto fine = check_section(section); !fine) return tl::unexpected<Error>{fine.error()};
  auto config = make_config(common, section.settings);
  // Errors about a setting begin with its origin; others are about the section as a whole.
  if (!config) {
    const auto& what = config.error().what;
    const auto stands = [&](const Setting& setting) { return what.rfind(setting.origin, 0) == 0; };
    if (std::any_of(common.begin(), common.end(), stands) ||
        std::any_of(section.settings.begin(), section.settings.end(), stands))
      return config;
    return fail(fmt::format("{}: {}", section.origin, what));
  }
  config->section = config->group_name = section.name;
  config->origins.emplace("", section.origin);
  return config;
}

// origin_of is where a group's key stands, or where the group begins when it was not given.
const std::string& origin_of(const Config& group, std::string_view key) {
  const auto found = group.origins.find(key);
  return found != group.origins.end() ? found->second : group.origins.at("");
}

bool gave(const Config& group, std::string_view key) { return group.origins.count(key) != 0; }

bool overlap(std::uint32_t a, std::uint32_t b) {
  return (a > b ? a - b : b - a) < xfrm::max_key_classes;
}

bool share_key_server(const Config& a, const Config& b) {
  return std::any_of(a.key_servers.begin(), a.key_servers.end(), [&](const auto& server) {
    return std::find(b.key_servers.begin(), b.key_servers.end(), server) != b.key_servers.end();
  });
}

Result<void> clash(const Config& one, const Config& other, std::string_view key,
                   std::string_view other_key, const std::string& what) {
  return fail(fmt::format("{}: {}: {} already, {}", origin_of(other, other_key), other_key, what,
                          origin_of(one, key)));
}

struct GivenAnchor {
  const char* key;
  gdoi::Address Config::*address;
};
constexpr std::array anchor_keys{GivenAnchor{"anchor-in", &Config::anchor_in},
                                 GivenAnchor{"anchor-out", &Config::anchor_out},
                                 GivenAnchor{"anchor-in6", &Config::anchor_in6},
                                 GivenAnchor{"anchor-out6", &Config::anchor_out6}};

// check_pair compares what the operator chose for two groups, the first one being `one`.
Result<void> check_pair(const Config& one, const Config& other) {
  if (one.group == other.group && share_key_server(one, other))
    return clash(one, other, "group", "group", "a group has this identity and key server");
  for (const auto& [key, address] : anchor_keys)
    for (const auto& [other_key, other_address] : anchor_keys)
      if (gave(one, key) && gave(other, other_key) && one.*address == other.*other_address)
        return clash(one, other, key, other_key, "a group has this anchor");
  if (gave(one, "reqid") && gave(other, "reqid") && overlap(one.reqid, other.reqid))
    return clash(one, other, "reqid", "reqid", "a group has some of these 4096 numbers");
  // Groups that are on the same interfaces may well mark in the same way.
  if (gave(one, "mark") && gave(other, "mark") && one.mark == other.mark &&
      one.interfaces != other.interfaces)
    return clash(one, other, "mark", "mark", "a group with other interfaces has this bit");
  return {};
}

Result<void> check_groups(const std::vector<Config>& groups) {
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (auto fine = check_pair(groups[k], groups[i]); !fine) return fine;
  return {};
}

gdoi::Address pool_address(std::uint32_t number) {
  gdoi::Address out;
  out.bytes[0] = std::byte{240};
  out.bytes[3] = static_cast<std::byte>(number);
  return out;
}

gdoi::Address pool_address6(std::uint32_t number) {
  return to_gdoi(xfrm::discard_address(static_cast<std::uint8_t>(number)));
}

// take_slot derives what the operator did not choose.
void take_slot(Config& group, std::uint32_t slot) {
  group.slot = slot;
  if (!gave(group, "anchor-in")) group.anchor_in = pool_address(2 * slot + 1);
  if (!gave(group, "anchor-out")) group.anchor_out = pool_address(2 * slot + 2);
  if (!gave(group, "anchor-in6")) group.anchor_in6 = pool_address6(2 * slot + 1);
  if (!gave(group, "anchor-out6")) group.anchor_out6 = pool_address6(2 * slot + 2);
  if (!gave(group, "reqid")) group.reqid = first_reqid + slot * xfrm::max_key_classes;
  if (!gave(group, "mark")) group.mark = first_mark >> slot;
}

bool has_anchor(const Config& group, const gdoi::Address& address) {
  return std::any_of(anchor_keys.begin(), anchor_keys.end(),
                     [&](const GivenAnchor& anchor) { return group.*anchor.address == address; });
}

bool collide(const Config& a, const Config& b) {
  const bool marks = a.mark == b.mark && !(gave(a, "mark") && gave(b, "mark"));
  return marks || overlap(a.reqid, b.reqid) ||
         std::any_of(anchor_keys.begin(), anchor_keys.end(),
                     [&](const GivenAnchor& anchor) { return has_anchor(b, a.*anchor.address); });
}

// Seats are the groups that have a slot already, and what the others chose for themselves.
class Seats {
 public:
  explicit Seats(std::vector<Config>& groups) : groups_{groups}, seated_(groups.size()) {}

  // try_slot seats a group there unless that is in another's way.
  bool try_slot(std::size_t which, std::uint32_t slot) {
    if (slot >= max_slots) return false;
    Config candidate = groups_[which];
    take_slot(candidate, slot);
    if (candidate.anchor_in == candidate.anchor_out ||
        candidate.anchor_in6 == candidate.anchor_out6)
      return false;
    for (std::size_t i = 0; i < groups_.size(); ++i)
      if (i != which && !goes_with(candidate, i)) return false;
    groups_[which] = std::move(candidate);
    seated_[which] = true;
    return true;
  }
  [[nodiscard]] bool seated(std::size_t which) const { return seated_[which]; }

 private:
  // Of a group without a slot only what the operator chose counts; the rest will find its place.
  [[nodiscard]] bool goes_with(const Config& candidate, std::size_t other) const {
    if (seated_[other])
      return candidate.slot != groups_[other].slot && !collide(candidate, groups_[other]);
    const Config& unseated = groups_[other];
    for (const auto& [key, address] : anchor_keys)
      if (gave(unseated, key) && has_anchor(candidate, unseated.*address)) return false;
    if (gave(unseated, "reqid") && overlap(unseated.reqid, candidate.reqid)) return false;
    return !gave(unseated, "mark") || gave(candidate, "mark") || unseated.mark != candidate.mark;
  }

  std::vector<Config>& groups_;
  std::vector<bool> seated_;
};

}  // namespace

std::string table_name(const Config& group) {
  return "getvpn-gm-" + (group.section.empty() ? group_text(group.group) : group.section);
}

Result<void> settle(DaemonConfig& config, std::span<const Settled> before) {
  auto& groups = config.groups;
  Seats seats{groups};
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (const auto& settled : before)
      if (settled.table == table_name(groups[i]) && !seats.seated(i))
        (void)seats.try_slot(i, settled.slot);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].precedence = static_cast<std::uint32_t>(i);
    groups[i].sole_contact = std::none_of(groups.begin(), groups.end(), [&](const Config& other) {
      return &other != &groups[i] && share_key_server(other, groups[i]);
    });
    for (std::uint32_t slot = 0; slot < max_slots && !seats.seated(i); ++slot)
      (void)seats.try_slot(i, slot);
    if (!seats.seated(i))
      return fail(fmt::format("{}: no anchors, mark and reqid are left that go with the others'",
                              origin_of(groups[i], "")));
  }
  return {};
}

Result<DaemonConfig> make_daemon_config(const SettingsFile& file, const Settings& command_line) {
  DaemonConfig out;
  if (!file.sections.empty()) {
    auto fine = check_common(file.common);
    if (fine) fine = check_command_line(command_line, file.sections.front());
    if (fine && file.sections.size() > max_groups)
      fine = fail(
          fmt::format("{}: more than {} groups", file.sections[max_groups].origin, max_groups));
    if (!fine) return tl::unexpected<Error>{fine.error()};
  }
  if (auto set = set_daemon_keys(out, file.common, command_line); !set)
    return tl::unexpected<Error>{set.error()};

  if (file.sections.empty()) {
    auto group = make_config(file.common, command_line);
    if (!group) return tl::unexpected<Error>{group.error()};
    group->origins.emplace("", "the group");
    out.groups.push_back(std::move(*group));
  }
  for (const auto& section : file.sections) {
    auto group = make_group(file.common, section);
    if (!group) return tl::unexpected<Error>{group.error()};
    out.groups.push_back(std::move(*group));
  }
  auto fine = check_groups(out.groups);
  if (fine) fine = settle(out, {});
  if (!fine) return tl::unexpected<Error>{fine.error()};
  return out;
}

std::string describe(const DaemonConfig& config) {
  std::string out;
  for (const auto& group : config.groups) {
    if (config.has_sections()) out += fmt::format("[{}]\n", group.section);
    out += describe(group);
  }
  if (config.has_sections()) out += "the daemon\n";
  out += fmt::format("  {:<18} = {}\n", "control-socket", config.control_socket);
  return out + fmt::format("  {:<18} = {}\n", "log-level", name_of(config.log_level));
}

}  // namespace agent
