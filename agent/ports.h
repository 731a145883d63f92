// SPDX-License-Identifier: GPL-2.0-or-later
// What a group needs of the world, in the group's own words. xfrm_plane.h and daemon.cpp implement
// it; tests record it.
#pragma once

#include <span>
#include <vector>

#include "agent/clock.h"
#include "agent/result.h"
#include "gdoi/group/policy.h"

namespace agent {

// TekUse is one TEK as the data plane shall use it from now on.
struct TekUse {
  const gdoi::Tek* tek = nullptr;  // borrowed for the length of the call
  seconds remaining{0};            // of its life; at least 1
  bool receive = true, send = true;
};

// Installation is the whole truth: a list, and the TEKs that are alive. Of the TEKs that serve one
// line, the last one with `send` carries its traffic.
struct Installation {
  std::span<const gdoi::AccessEntry> entries;
  std::vector<TekUse> teks;
};

struct TekCounters {
  gdoi::Spi spi;
  bool outbound = false;
  std::uint64_t packets = 0, bytes = 0;
  std::uint32_t replay_errors = 0, integrity_errors = 0;
};

struct DataPlane {
  virtual ~DataPlane() = default;
  // apply brings the kernel to `installation`, or leaves it as it was and says what was refused.
  [[nodiscard]] virtual Result<void> apply(const Installation& installation) = 0;
  // clear removes everything this data plane made.
  [[nodiscard]] virtual Result<void> clear() = 0;
  [[nodiscard]] virtual Result<std::vector<TekCounters>> counters() = 0;
};

struct Transport {
  virtual ~Transport() = default;
  // send gives one datagram to the network from our GDOI port. It may get lost there.
  virtual void send(const gdoi::Endpoint& to, gdoi::View datagram) = 0;
};

}  // namespace agent
