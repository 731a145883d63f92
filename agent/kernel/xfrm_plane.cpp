// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/xfrm_plane.h"

#include <algorithm>

#include "agent/base/address.h"
#include "agent/kernel/prefixes.h"
#include "xfrm/plane/found_planes.h"

namespace agent {
namespace {

tl::unexpected<Error> from_kernel(const xfrm::Error& error) { return fail(error.message()); }

TranslateOptions translate_options(const Config& config) {
  TranslateOptions out;
  out.key_servers = config.key_servers;
  out.exceptions = config.exceptions;
  out.closed_exceptions = config.fail_close_exceptions;
  out.passive = config.passive;
  out.replay_window = config.replay_window;
  out.send_counter_modes = config.send_counter_modes;
  return out;
}

xfrm::PlaneConfig plane_config(const Config& config) {
  xfrm::PlaneConfig out;
  out.name = table_name(config);
  out.reqid = config.reqid;
  out.in_anchor = to_xfrm(config.anchor_in);
  out.out_anchor = to_xfrm(config.anchor_out);
  out.in_anchor6 = to_xfrm(config.anchor_in6);
  out.out_anchor6 = to_xfrm(config.anchor_out6);
  out.mark = config.mark;
  out.mss_clamp = config.mss_clamp;
  out.owner = config.slot;
  out.precedence = config.precedence;
  return out;
}

// Whether what is known of a plane, of one family, is what a group would recognise as its own.
bool is_place_of(const xfrm::PlaneConfig& found, const Config& group) {
  const auto wanted = plane_config(group);
  const bool ipv4 = found.in_anchor.family == xfrm::Family::ipv4;
  return found.name == wanted.name && found.reqid == wanted.reqid &&
         found.in_anchor == (ipv4 ? wanted.in_anchor : wanted.in_anchor6) &&
         found.out_anchor == (ipv4 ? wanted.out_anchor : wanted.out_anchor6) &&
         found.mark == wanted.mark && found.owner == wanted.owner;
}

}  // namespace

Result<XfrmPlane> XfrmPlane::open(const Config& config, std::vector<std::string> interfaces,
                                  const Log& log) {
  auto wanted = plane_config(config);
  wanted.interfaces = std::move(interfaces);
  auto plane = xfrm::Plane::open(std::move(wanted));
  if (!plane) return from_kernel(plane.error());
  return XfrmPlane{std::move(*plane), translate_options(config), log};
}

Result<void> XfrmPlane::apply(const Installation& installation) {
  auto translation = translate(installation, classes_, options_);
  if (!translation) return tl::unexpected<Error>{translation.error()};
  if (auto applied = plane_.apply(translation->desired); !applied)
    return from_kernel(applied.error());
  classes_ = std::move(translation->classes);
  for (const auto& left : plane_.failed_removals())
    log_->warning("could not be removed, will be tried again: {}", left.message());
  return {};
}

Result<void> XfrmPlane::clear() {
  classes_ = KeyClasses{};
  if (auto cleared = plane_.clear(); !cleared) return from_kernel(cleared.error());
  return {};
}

void XfrmPlane::configure(const Config& config) {
  options_ = translate_options(config);
  plane_.set_precedence(config.precedence);
  plane_.set_mss_clamp(config.mss_clamp);
}

Result<std::vector<Settled>> XfrmPlane::found() {
  const auto planes = xfrm::found_planes();
  if (!planes) return from_kernel(planes.error());
  std::vector<Settled> out;
  for (const auto& plane : *planes) out.push_back({plane.name, plane.owner});
  return out;
}

void XfrmPlane::sweep(std::span<const Config> groups, std::string_view why, const Log& log) {
  const auto planes = xfrm::found_planes();
  if (!planes) return log.error("what is in the kernel: {}", planes.error().message());
  for (const auto& there : *planes) {
    if (std::any_of(groups.begin(), groups.end(),
                    [&](const Config& group) { return is_place_of(there, group); }))
      continue;
    log.notice("removing {} from the kernel: {}", there.name, why);
    if (auto removed = xfrm::Plane::remove(there); !removed)
      log.error("cleaning up: {}", removed.error().message());
  }
}

Result<Found> XfrmPlane::survey() {
  const auto survey = plane_.survey();
  if (!survey) return from_kernel(survey.error());
  Found out;
  out.list = survey->list;
  std::map<gdoi::Spi, xfrm::KeyClass> classes;
  // A state without an end is none of ours, since ours all have one; some bound it must have.
  constexpr std::uint32_t a_day = 86400;
  for (const auto& sa : survey->sas) {
    out.teks.push_back(
        {gdoi::Spi{sa.spi}, sa.outbound, seconds{sa.remaining_seconds.value_or(a_day)}});
    classes.emplace(gdoi::Spi{sa.spi}, sa.key_class);
  }
  classes_ = KeyClasses::found(std::move(classes));
  return out;
}

Result<std::vector<std::string>> XfrmPlane::verify() {
  auto differences = plane_.verify();
  if (!differences) return from_kernel(differences.error());
  return std::move(*differences);
}

Result<std::vector<TekCounters>> XfrmPlane::counters() {
  auto counters = plane_.counters();
  if (!counters) return from_kernel(counters.error());
  std::vector<TekCounters> out;
  for (const auto& c : *counters)
    out.push_back(
        {gdoi::Spi{c.spi}, c.outbound, c.packets, c.bytes, c.replay_errors, c.integrity_errors});
  return out;
}

}  // namespace agent
