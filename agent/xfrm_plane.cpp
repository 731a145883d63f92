// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/xfrm_plane.h"

#include "agent/config_values.h"
#include "agent/prefixes.h"

namespace agent {
namespace {

tl::unexpected<Error> from_kernel(const xfrm::Error& error) { return fail(error.message()); }

}  // namespace

Result<XfrmPlane> XfrmPlane::open(const Config& config, std::vector<std::string> interfaces,
                                  const Log& log) {
  xfrm::PlaneConfig wanted;
  wanted.name = "getvpn-gm-" + group_text(config.group);
  wanted.reqid = config.reqid;
  wanted.in_anchor = to_xfrm(config.anchor_in);
  wanted.out_anchor = to_xfrm(config.anchor_out);
  wanted.mark = config.mark;
  wanted.interfaces = std::move(interfaces);
  auto plane = xfrm::Plane::open(std::move(wanted));
  if (!plane) return from_kernel(plane.error());
  return XfrmPlane{
      std::move(*plane),
      TranslateOptions{config.key_servers, config.replay_window, config.send_counter_modes}, log};
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
