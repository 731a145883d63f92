// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "agent/base/result.h"
#include "agent/config/acceptance.h"
#include "agent/group/inbound_spis.h"
#include "agent/group/rekey_key_pin.h"
#include "gdoi/member_status.h"

namespace agent {

class SaTable;

// PolicyGate is what the operator, and the other groups, have to say about a policy before it is
// installed. Errors name the KEK, the TEK or the entry, and the setting that would accept it.
class PolicyGate {
 public:
  // All that is passed by reference must outlive the gate.
  PolicyGate(const Acceptance& acceptance, RekeyKeyPin& rekey_key,
             const std::vector<gdoi::AddressRange>& scope, const InboundSpis::Holder& spis,
             const SaTable& sas)
      : acceptance_{acceptance}, rekey_key_{rekey_key}, scope_{scope}, spis_{spis}, sas_{sas} {}

  // check of a registration's policy; with a pin it must bring a KEK that is signed for by it.
  [[nodiscard]] Result<void> check(const gdoi::GroupPolicy& policy) const;
  // check of a rekey: its KEK as well. One that came by a rekey is followed whatever we say of it.
  [[nodiscard]] Result<void> check(const gdoi::Rekey& rekey,
                                   const std::vector<gdoi::RekeySaStatus>& keks) const;

 private:
  [[nodiscard]] Result<void> check_policy(const gdoi::GroupPolicy& policy) const;
  [[nodiscard]] Result<void> check_spis(const gdoi::GroupPolicy& policy) const;
  [[nodiscard]] Result<void> check_scope(const gdoi::GroupPolicy& policy) const;

  const Acceptance& acceptance_;
  RekeyKeyPin& rekey_key_;
  const std::vector<gdoi::AddressRange>& scope_;
  const InboundSpis::Holder& spis_;
  const SaTable& sas_;
};

}  // namespace agent
