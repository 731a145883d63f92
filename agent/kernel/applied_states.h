// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "agent/group/ports.h"
#include "agent/kernel/translate.h"
#include "xfrm/plane/plane.h"

namespace agent {

// AppliedStates follows which states a plane leaves in the kernel: what was asked for is not all
// there, and what was there before stays as it is (xfrm::Plane::apply).
class AppliedStates {
 public:
  // found begins with the states of a predecessor, the older first.
  void found(const std::vector<xfrm::ExistingSa>& sas);

  // record takes in a change that the plane agreed to: `desired` is `installation`, translated with
  // `options`.
  [[nodiscard]] Applied record(const Installation& installation, const xfrm::Desired& desired,
                               const TranslateOptions& options);

  // sender is the SPI of the state that a class leaves on: the newest.
  [[nodiscard]] std::optional<gdoi::Spi> sender(xfrm::KeyClass key_class) const;

 private:
  struct Sender {
    std::uint32_t spi = 0;
    xfrm::KeyClass key_class = 0;
  };
  void follow_outbound(const xfrm::Desired& desired);
  void follow_inbound(const xfrm::Desired& desired);
  [[nodiscard]] bool sends(gdoi::Spi spi) const;
  [[nodiscard]] AppliedTek tek_of(const TekUse& use, const xfrm::Desired& desired,
                                  const TranslateOptions& options) const;

  std::vector<Sender> outbound_;                    // the older first
  std::map<std::uint32_t, std::uint32_t> inbound_;  // SPI: replay window
};

}  // namespace agent
