// SPDX-License-Identifier: GPL-2.0-or-later
// Families: what is behind Plane, an Installer for each address family the kernel has. It deals the
// list out by family, and lets both change or neither.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "xfrm/base/descriptor.h"
#include "xfrm/plane/installer.h"

namespace xfrm {

class Families {
 public:
  // open probes for IPv4. For IPv6 it does so when a list needs it: a machine without loses nothing
  // as long as none does. Where the kernel has no IPv6 at all no packet needs protection, and IPv6
  // entries are left out.
  [[nodiscard]] static Result<std::unique_ptr<Families>> open(const PlaneConfig& config);

  [[nodiscard]] Result<void> apply(const Desired& desired);
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] Result<std::vector<SaCounters>> counters();
  [[nodiscard]] Result<ExistingState> survey();
  [[nodiscard]] Result<std::vector<std::string>> verify();
  void set_precedence(std::uint32_t precedence);
  void set_mss_clamp(std::optional<std::uint16_t> mss_clamp);
  [[nodiscard]] const std::vector<Error>& failed_removals() const { return failed_removals_; }
  [[nodiscard]] int event_fd() const { return poll_.get(); }
  [[nodiscard]] bool read_events();

 private:
  enum class Use : std::uint8_t {
    unknown,  // a predecessor may have left something
    none,     // nothing of ours is there
    list,     // a list is in force
  };
  struct Part {
    std::unique_ptr<Installer> installer;
    bool probed = false;
    Use use = Use::unknown;
    Desired wanted = {};  // of the apply() under way
  };

  Families(std::vector<Part> parts, Descriptor poll);
  [[nodiscard]] Result<void> stage(Part& part);
  void retire(Part& part);

  std::vector<Part> parts_;
  Descriptor poll_;
  std::vector<Error> failed_removals_;
};

}  // namespace xfrm
