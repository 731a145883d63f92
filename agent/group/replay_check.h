// SPDX-License-Identifier: GPL-2.0-or-later
// When a replay window seems to drop what is no replay: two members behind one network count
// sequence numbers of their own, and the window of that network follows the higher.
//
// What shows is that a network's replay errors rise while packets of it still come. Whoever sends
// recorded packets again causes the same, so it is told, and nothing is done about it.
//
// Pure: counts and instants in, decisions out.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "agent/group/ports.h"

namespace agent {

// SenderDrops is what came of one network since the look before: taken in, and dropped.
struct SenderDrops {
  gdoi::AddressRange network;
  std::uint64_t packets = 0, dropped = 0;
};

class ReplayCheck {
 public:
  static constexpr seconds look_pause{60}, silence{3600};
  static constexpr std::uint64_t least_drops = 20;  // between two looks

  explicit ReplayCheck(bool on) : on_{on} {}
  void configure(bool on);

  // deadline is when to look at the data plane next; nothing while no sender has a window.
  [[nodiscard]] std::optional<Instant> deadline() const;
  [[nodiscard]] bool wants_look(Instant now) const { return on_ && now >= look_at_; }

  // look tells of which networks at least least_drops packets, and one of ten, were dropped since
  // the look before, while others were taken in. Each is told once in `silence`. The first look
  // only begins to count: a predecessor's windows may have dropped much long ago.
  [[nodiscard]] std::vector<SenderDrops> look(std::span<const TekCounters> counted, Instant now);
  // skip is for when nothing could be read.
  void skip(Instant now) { look_at_ = now + look_pause; }

 private:
  struct Count {
    std::uint64_t packets = 0, dropped = 0;
  };
  struct NetworkOrder {
    bool operator()(const gdoi::AddressRange& a, const gdoi::AddressRange& b) const;
  };

  bool on_ = false;
  bool based_ = false;  // there was a look before
  Instant look_at_{};
  std::map<gdoi::Spi, std::map<gdoi::AddressRange, Count, NetworkOrder>> counts_;
  std::map<gdoi::AddressRange, Instant, NetworkOrder> told_;
};

}  // namespace agent
