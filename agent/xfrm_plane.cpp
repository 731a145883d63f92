// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/xfrm_plane.h"

#include "agent/config_values.h"
#include "agent/prefixes.h"

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

}  // namespace

Result<XfrmPlane> XfrmPlane::open(const Config& config, std::vector<std::string> interfaces,
                                  const Log& log) {
  xfrm::PlaneConfig wanted;
  wanted.name = "getvpn-gm-" + group_text(config.group);
  wanted.reqid = config.reqid;
  wanted.in_anchor = to_xfrm(config.anchor_in);
  wanted.out_anchor = to_xfrm(config.anchor_out);
  wanted.mark = config.mark;
  wanted.mss_clamp = config.mss_clamp;
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
  for (const auto& left : plane_.leftovers())
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
  plane_.set_mss_clamp(config.mss_clamp);
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
