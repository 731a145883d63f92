// SPDX-License-Identifier: GPL-2.0-or-later
// Plane: the data plane of one group, with the original IP header kept outside ESP.
//
// Two states per TEK whatever the group's size: one inbound to the anchor IN, one outbound to the
// anchor OUT; three small sets of nftables rules put the original addresses back (README,
// "How a packet travels"). All it makes is recognisable by reqid, table name, anchors and route
// protocol, so that it can be found again and foreign objects stay untouched.
#pragma once

#include <memory>

#include "xfrm/result.h"
#include "xfrm/types.h"

namespace xfrm {

struct PlaneConfig {
  std::string name;                     // of the nftables tables: letters, digits, '-', '_', '.'
  std::uint32_t reqid = 0;              // first of max_key_classes that are this group's; nonzero
  Address in_anchor, out_anchor;        // default pool: 240.0.0.1 and 240.0.0.2
  std::uint32_t mark = 0;               // one bit: "came in on the WAN"
  std::vector<std::string> interfaces;  // WAN interfaces; at least one
  // Priorities of our policies in the kernel: 2^24 numbers from here on. Other programs' policies
  // with lower numbers, such as strongSwan's (below 400,000), come before ours.
  std::uint32_t first_priority = 1'000'000'000;
};

// The longest list taken, in entries.
inline constexpr std::size_t max_entries = std::size_t{1} << 20;

// Desired is what the kernel shall hold after apply(): the whole truth, not a change.
struct Desired {
  std::vector<Entry> entries;  // in order of precedence; equal selectors: the first one counts
  std::vector<SaSpec> sas;     // per class, the last with `send` is what traffic leaves on
};

struct SaCounters {
  std::uint32_t spi = 0;
  bool outbound = false;
  std::uint64_t packets = 0, bytes = 0;
  std::uint32_t replay_errors = 0, integrity_errors = 0;
};

class Installer;

class Plane {
 public:
  // open makes sockets and checks that the kernel can do what is needed (CAP_NET_ADMIN, XFRM, ESP,
  // nftables, the interfaces); nothing is changed yet. The error says what is missing.
  [[nodiscard]] static Result<Plane> open(PlaneConfig config);
  Plane(Plane&&) noexcept;
  Plane& operator=(Plane&&) noexcept;
  ~Plane();  // closes sockets; the kernel keeps what was installed

  // apply brings the kernel to `desired`: anchors, route, rules, states inbound, policies, states
  // outbound, and then the removal of what is no longer wanted. SAs are told apart by SPI, and a
  // state that is already there stays as it is, sequence numbers included. On failure everything
  // this call added is taken back and everything it would have removed is still there; the error
  // names the object refused.
  [[nodiscard]] Result<void> apply(const Desired& desired);

  // leftovers are what the last successful apply() wanted to remove and could not. They do no harm
  // (what is wanted comes first) and the next apply() tries again. Normally empty.
  [[nodiscard]] const std::vector<Error>& leftovers() const;

  // clear removes all this plane ever made, also what a dead predecessor with the same config left.
  // What is gone already is no error.
  [[nodiscard]] Result<void> clear();

  [[nodiscard]] Result<std::vector<SaCounters>> counters();

 private:
  explicit Plane(std::unique_ptr<Installer> installer);
  std::unique_ptr<Installer> installer_;
};

}  // namespace xfrm
