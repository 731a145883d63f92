// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "gdoi/base/ids.h"
#include "gdoi/policy/policy.h"

namespace agent {

// InboundSpis is who takes in ESP under which SPI on which WAN interface. What comes in says
// nothing of its group but the SPI, so the first group that has one on an interface keeps it.
class InboundSpis {
 public:
  // Holder is one group's part of it, and is released with its owner's life.
  class Holder {
   public:
    Holder(InboundSpis& spis, std::string group, std::vector<std::string> interfaces);
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder();

    void set_group(std::string group) { group_ = std::move(group); }
    // hold says under which SPIs the group takes in ESP now; those of before are released.
    void hold(std::vector<gdoi::Spi> received);
    // competitor names another group that has this SPI on one of our interfaces.
    [[nodiscard]] std::optional<std::string> competitor(gdoi::Spi spi) const;

   private:
    friend class InboundSpis;
    InboundSpis& spis_;
    std::string group_;
    std::vector<std::string> interfaces_;
    std::vector<gdoi::Spi> received_;
  };

 private:
  std::list<const Holder*> holders_;
};

}  // namespace agent
