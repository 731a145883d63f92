// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/xfrm_plane.h"

#include <algorithm>

#include "agent/base/address.h"
#include "agent/kernel/explain.h"
#include "agent/kernel/kernel_error.h"
#include "agent/kernel/prefixes.h"
#include "agent/kernel/uplink.h"
#include "xfrm/plane/found_planes.h"

namespace agent {
namespace {

TranslateOptions translate_options(const GroupConfig& config) {
  TranslateOptions out;
  for (const auto& server : config.key_servers) out.key_servers.push_back(server);
  out.exceptions = config.exceptions;
  out.closed_exceptions = config.fail_close_exceptions;
  out.passive = config.passive;
  out.replay_window = config.replay_window;
  out.replay_senders = config.replay_senders;
  out.drop_unknown_senders = config.drop_unknown_senders;
  out.send_counter_modes = config.send_counter_modes;
  return out;
}

xfrm::PlaneOptions plane_options(const ConfiguredGroup& group) {
  return {group.precedence, group.config.mss_clamp, group.earlier_marks, group.others_follow,
          group.config.recovery.interval.has_value()};
}

xfrm::PlaneConfig plane_config(const ConfiguredGroup& group) {
  const auto& identity = group.identity;
  xfrm::PlaneConfig out;
  out.name = identity.table;
  out.reqid = identity.reqid;
  out.mark = identity.mark;
  out.owner = identity.slot;
  out.options = plane_options(group);
  out.ipv4 = {to_xfrm(identity.anchor_in), to_xfrm(identity.anchor_out)};
  out.ipv6 = {to_xfrm(identity.anchor_in6), to_xfrm(identity.anchor_out6)};
  return out;
}

// Whether what is known of a plane, of one family, is what a group would recognise as its own.
bool is_place_of(const xfrm::InstallerConfig& found, const ConfiguredGroup& group) {
  const auto wanted = xfrm::config_of(plane_config(group), found.family());
  return found.name == wanted.name && found.reqid == wanted.reqid &&
         found.anchors == wanted.anchors && found.mark == wanted.mark &&
         found.owner == wanted.owner;
}

// add_counters adds what one state counted to what its SA has, and to its sender's part of that.
void add_counters(std::vector<TekCounters>& out, const xfrm::SaCounters& one) {
  auto at = std::find_if(out.begin(), out.end(), [&](const TekCounters& tek) {
    return tek.spi.value == one.spi && tek.outbound == one.outbound;
  });
  if (at == out.end()) at = out.insert(at, TekCounters{gdoi::Spi{one.spi}, one.outbound});
  at->packets += one.packets;
  at->bytes += one.bytes;
  at->replay_errors += one.replay_errors;
  at->integrity_errors += one.integrity_errors;
  if (!one.sender) return;
  const auto first = to_gdoi(one.sender->address);
  at->senders.push_back({{first, last_of(first, first.size() * 8 - one.sender->length)},
                         one.packets,
                         one.replay_errors});
}

}  // namespace

Result<XfrmPlane> XfrmPlane::open(const ConfiguredGroup& group, std::vector<std::string> interfaces,
                                  const Log& log) {
  auto wanted = plane_config(group);
  wanted.interfaces = std::move(interfaces);
  wanted.beginnings = beginnings(group.config.interfaces);
  return xfrm::Plane::open(wanted).map_error(from_kernel).map([&](xfrm::Plane&& plane) {
    return XfrmPlane{std::move(plane), translate_options(group.config), log};
  });
}

Result<Applied> XfrmPlane::apply(const Installation& installation) {
  auto translation = translate(installation, classes_, options_);
  if (!translation) return tl::unexpected<Error>{translation.error()};
  if (auto applied = plane_.apply(translation->desired).map_error(from_kernel); !applied)
    return tl::unexpected<Error>{applied.error()};
  classes_ = std::move(translation->classes);
  for (const auto& failed : plane_.failed_removals())
    log_->warning("cannot remove, will be tried again: {}", failed.message());
  mode_ = installation.mode;
  return states_.record(installation, translation->desired, options_);
}

Result<void> XfrmPlane::clear() {
  classes_ = KeyClasses{};
  states_ = AppliedStates{};
  mode_.reset();
  return plane_.clear().map_error(from_kernel);
}

void XfrmPlane::configure(const ConfiguredGroup& group) {
  options_ = translate_options(group.config);
  plane_.configure(plane_options(group));
}

void XfrmPlane::watch(std::function<bool(const KernelWork& work)> attend) {
  plane_.watch([attend = std::move(attend)](const xfrm::Progress& progress) {
    const auto family = progress.family == xfrm::Family::ipv4 ? gdoi::Address::Family::ipv4
                                                              : gdoi::Address::Family::ipv6;
    return attend({family, progress.removing, progress.done, progress.all});
  });
}

Result<std::vector<SlotAssignment>> XfrmPlane::found() {
  return xfrm::found_planes().map_error(from_kernel).map([](const auto& planes) {
    std::vector<SlotAssignment> out;
    for (const auto& plane : planes) out.push_back({plane.name, plane.owner});
    return out;
  });
}

void XfrmPlane::sweep(std::span<const ConfiguredGroup> groups, std::string_view why,
                      const Log& log) {
  const auto planes = xfrm::found_planes();
  if (!planes) return log.error("cannot read kernel state: {}", planes.error().message());
  for (const auto& found : *planes) {
    if (std::any_of(groups.begin(), groups.end(),
                    [&](const ConfiguredGroup& group) { return is_place_of(found, group); }))
      continue;
    log.notice("removing {} from the kernel: {}", found.name, why);
    if (auto removed = xfrm::Plane::remove(found); !removed)
      log.error("cleaning up: {}", removed.error().message());
  }
}

Result<ExistingState> XfrmPlane::survey() {
  const auto existing = plane_.survey();
  if (!existing) return tl::unexpected<Error>{from_kernel(existing.error())};
  ExistingState out;
  out.has_policy = existing->has_policy;
  if (out.has_policy) mode_ = Installation::Mode::list;
  std::map<gdoi::Spi, xfrm::KeyClass> classes;
  // A state without an end is none of ours, since ours all have one; some bound it must have.
  constexpr std::uint32_t a_day = 86400;
  for (const auto& sa : existing->sas) {
    out.teks.push_back({gdoi::Spi{sa.spi}, sa.outbound,
                        seconds{sa.remaining_seconds.value_or(a_day)}, sa.replay_window});
    classes.emplace(gdoi::Spi{sa.spi}, sa.key_class);
  }
  classes_ = KeyClasses::found(std::move(classes));
  states_.found(existing->sas);
  return out;
}

Result<std::vector<std::string>> XfrmPlane::verify() {
  return plane_.verify().map_error(from_kernel);
}

Result<std::vector<std::string>> XfrmPlane::differences() {
  return plane_.differences().map_error(from_kernel);
}

Result<std::vector<PlannedChange>> XfrmPlane::plan(const Installation& installation,
                                                   const ConfiguredGroup& group) {
  const auto translation = translate(installation, classes_, translate_options(group.config));
  if (!translation) return tl::unexpected<Error>{translation.error()};
  return plane_.plan(translation->desired, plane_options(group)).map_error(from_kernel);
}

Result<std::vector<PlannedChange>> XfrmPlane::plan_removal() {
  return plane_.plan_removal().map_error(from_kernel);
}

Result<Explanation> XfrmPlane::explain(const Packet& packet, std::uint32_t mark,
                                       const SaTable* sas) {
  const auto kernel = plane_.explain(to_xfrm(packet), mark).map_error(from_kernel);
  if (!kernel) return tl::unexpected<Error>{kernel.error()};
  ListInForce list;
  list.mode = mode_;
  list.sender = [this](xfrm::KeyClass key_class) { return states_.sender(key_class); };
  if (sas != nullptr) {
    list.entries = sas->entries();
    list.receive_only = sas->receive_only();
    list.known = sas->from().has_value();
  }
  Explanation out{ask_list(packet, list, options_, classes_), {}, from_xfrm(kernel->lock)};
  for (const auto& answer : kernel->policies) out.policies.push_back(from_xfrm(answer));
  return out;
}

Result<std::vector<UnknownSpi>> XfrmPlane::unknown_spis() {
  return plane_.unknown().map_error(from_kernel).map([](const auto& unknown) {
    std::vector<UnknownSpi> out;
    for (const auto& one : unknown)
      out.push_back({to_gdoi(one.source), gdoi::Spi{one.spi}, one.packets});
    return out;
  });
}

Result<DroppedInClear> XfrmPlane::dropped() {
  return plane_.dropped().map_error(from_kernel).map([](const auto& dropped) {
    return DroppedInClear{dropped.in, dropped.out};
  });
}

Result<std::vector<TekCounters>> XfrmPlane::counters() {
  return plane_.counters().map_error(from_kernel).map([](const auto& counters) {
    std::vector<TekCounters> out;
    for (const auto& one : counters) add_counters(out, one);
    return out;
  });
}

}  // namespace agent
