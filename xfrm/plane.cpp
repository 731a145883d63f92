// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane.h"

#include "xfrm/installer.h"

namespace xfrm {

Result<Plane> Plane::open(PlaneConfig config) {
  auto installer = Installer::open(std::move(config));
  if (!installer) return tl::unexpected{installer.error()};
  if (auto able = (*installer)->probe(); !able) return tl::unexpected{able.error()};
  return Plane{std::move(*installer)};
}

Plane::Plane(std::unique_ptr<Installer> installer) : installer_{std::move(installer)} {}
Plane::Plane(Plane&&) noexcept = default;
Plane& Plane::operator=(Plane&&) noexcept = default;
Plane::~Plane() = default;

Result<void> Plane::apply(const Desired& desired) { return installer_->apply(desired); }
Result<void> Plane::clear() { return installer_->clear(); }
Result<std::vector<SaCounters>> Plane::counters() { return installer_->counters(); }
Result<Survey> Plane::survey() { return installer_->survey(); }
Result<std::vector<std::string>> Plane::verify() { return installer_->verify(); }
int Plane::event_fd() const { return installer_->event_fd(); }
bool Plane::read_events() { return installer_->read_events(); }
void Plane::set_mss_clamp(std::optional<std::uint16_t> mss_clamp) {
  installer_->set_mss_clamp(mss_clamp);
}
const std::vector<Error>& Plane::leftovers() const { return installer_->leftovers(); }

}  // namespace xfrm
