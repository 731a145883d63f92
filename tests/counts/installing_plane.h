// SPDX-License-Identifier: GPL-2.0-or-later
// The data plane as far as it goes without a kernel: agent::XfrmPlane, with the tables of an
// xfrm::Installer in its order. What is left out asks the real kernel: probes, interfaces, routes
// and events.
#pragma once

#include "agent/group/ports.h"
#include "agent/kernel/applied_states.h"
#include "agent/kernel/translate.h"
#include "xfrm/plane/lock_table.h"
#include "xfrm/plane/policy_table.h"
#include "xfrm/plane/rule_table.h"
#include "xfrm/plane/state_table.h"

namespace counts {

class InstallingPlane final : public agent::DataPlane {
 public:
  // Throws when there are no netlink sockets.
  InstallingPlane();

  [[nodiscard]] agent::Result<agent::Applied> apply(
      const agent::Installation& installation) override;
  [[nodiscard]] agent::Result<void> clear() override { return {}; }
  [[nodiscard]] agent::Result<std::vector<agent::TekCounters>> counters() override { return {}; }
  [[nodiscard]] agent::Result<std::vector<agent::UnknownSpi>> unknown_spis() override { return {}; }
  [[nodiscard]] agent::Result<agent::ExistingState> survey() override { return {}; }
  [[nodiscard]] agent::Result<std::vector<std::string>> verify() override { return {}; }

 private:
  [[nodiscard]] xfrm::Result<void> load(const xfrm::Desired& desired);
  [[nodiscard]] xfrm::Result<void> install(const xfrm::Desired& desired);
  [[nodiscard]] xfrm::Result<void> settle(const xfrm::Desired& desired);

  xfrm::InstallerConfig config_;
  xfrm::NetlinkChannel xfrm_, netfilter_;
  xfrm::AnchorTable anchors_;
  xfrm::StateTable states_;
  xfrm::PolicyTable policies_;
  xfrm::RuleTable rules_;
  xfrm::LockTable lock_;
  std::vector<xfrm::Link> links_;
  xfrm::Undo undo_;
  bool loaded_ = false;

  agent::KeyClasses classes_;
  agent::AppliedStates applied_;
};

}  // namespace counts
