// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/policy_gate.h"

#include <fmt/format.h>

#include "agent/base/names.h"
#include "agent/config/access_list.h"
#include "agent/group/sa_table.h"

namespace agent {

Result<void> PolicyGate::check(const gdoi::GroupPolicy& policy) const {
  auto checked = rekey_key_.check(policy.kek);
  if (checked) checked = check_policy(policy);
  return checked;
}

Result<void> PolicyGate::check_policy(const gdoi::GroupPolicy& policy) const {
  auto checked = check_algorithms(policy, acceptance_);
  if (checked) checked = check_spis(policy);
  if (checked) checked = check_scope(policy);
  return checked;
}

Result<void> PolicyGate::check(const gdoi::Rekey& rekey,
                               const std::vector<gdoi::RekeySaStatus>& keks) const {
  for (const auto& kek : keks)
    if (kek.policy.spi == rekey.under)
      if (auto checked = check_kek(kek.policy, acceptance_); !checked) return checked;
  if (auto checked = rekey_key_.check(rekey); !checked) return checked;
  return check_policy(*rekey.policy);
}

// check_spis: a key server knows the SPIs of its own groups only.
Result<void> PolicyGate::check_spis(const gdoi::GroupPolicy& policy) const {
  for (const auto& tek : policy.teks) {
    if (tek.policy.direction == gdoi::SaDirection::sender_only || sas_.receives(tek.spi)) continue;
    if (const auto other = spis_.competitor(tek.spi))
      return fail(
          fmt::format("TEK {}: group {} has a TEK with that SPI on the same WAN interface, and "
                      "what comes in under it cannot be told apart",
                      spi_text(tek.spi), *other));
  }
  return {};
}

Result<void> PolicyGate::check_scope(const gdoi::GroupPolicy& policy) const {
  for (const auto& entry : policy.entries) {
    if (entry.action != gdoi::AccessEntry::Action::permit) continue;
    const auto& [protocol, source, destination] = entry.selector;
    if (!is_within(source.addresses, scope_) || !is_within(destination.addresses, scope_))
      return fail(fmt::format("entry 'permit {}' is outside of the configured scope",
                              gdoi::describe(entry.selector)));
  }
  return {};
}

}  // namespace agent
