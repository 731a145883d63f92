// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/plane.h"

#include "xfrm/plane/families.h"

namespace xfrm {

Result<Plane> Plane::open(PlaneConfig config) {
  auto families = Families::open(config);
  if (!families) return tl::unexpected{families.error()};
  return Plane{std::move(*families)};
}

Result<void> Plane::remove(PlaneConfig config) {
  auto installer = Installer::open(std::move(config));
  if (!installer) return tl::unexpected{installer.error()};
  return (*installer)->clear();
}

Plane::Plane(std::unique_ptr<Families> families) : families_{std::move(families)} {}
Plane::Plane(Plane&&) noexcept = default;
Plane& Plane::operator=(Plane&&) noexcept = default;
Plane::~Plane() = default;

Result<void> Plane::apply(const Desired& desired) { return families_->apply(desired); }
Result<void> Plane::clear() { return families_->clear(); }
Result<std::vector<SaCounters>> Plane::counters() { return families_->counters(); }
Result<ExistingState> Plane::survey() { return families_->survey(); }
Result<std::vector<std::string>> Plane::verify() { return families_->verify(); }
void Plane::set_precedence(std::uint32_t precedence) { families_->set_precedence(precedence); }
void Plane::set_mss_clamp(std::optional<std::uint16_t> mss_clamp) {
  families_->set_mss_clamp(mss_clamp);
}
int Plane::event_fd() const { return families_->event_fd(); }
bool Plane::read_events() { return families_->read_events(); }
const std::vector<Error>& Plane::failed_removals() const { return families_->failed_removals(); }

}  // namespace xfrm
