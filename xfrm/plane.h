// SPDX-License-Identifier: GPL-2.0-or-later
// Plane: the data plane of one group, with the original IP header kept outside ESP.
//
// Two states per TEK whatever the group's size: one inbound to the anchor IN, one outbound to the
// anchor OUT; three small sets of nftables rules put the original addresses back (README,
// "How a packet travels"). All it makes is recognisable by reqid, table name, anchors and route
// protocol, so that it can be found again and foreign objects stay untouched.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  // UDP from and to these ports leaves also by a WAN interface that has just come back under
  // another index and that nothing protects yet: GDOI, which speaks for itself.
  std::vector<std::uint16_t> open_ports = {848};
  // The largest TCP segment of what is encrypted; 0: what surely fits the WAN's MTU; nothing: TCP
  // is left alone.
  std::optional<std::uint16_t> mss_clamp = {};
};

// The longest list taken, in entries.
inline constexpr std::size_t max_entries = std::size_t{1} << 20;

// KeptSa names a state found in the kernel whose keys we do not know.
struct KeptSa {
  std::uint32_t spi = 0;
  bool outbound = false;
  KeyClass key_class = 0;
};

// Desired is what the kernel shall hold after apply(): the whole truth, not a change.
struct Desired {
  std::vector<Entry> entries;  // in order of precedence; equal selectors: the first one counts
  // Per class, traffic leaves on the last with `send`, or on a kept state when none sends.
  std::vector<SaSpec> sas;
  // States a predecessor left. They stay as they are, sequence numbers included, and inbound ones
  // in the set of SPIs, until they expire in the kernel or are no longer named here. One that is
  // not there is no error.
  std::vector<KeptSa> kept = {};
};

// FoundSa is a state of ours in the kernel, as a predecessor left it.
struct FoundSa {
  std::uint32_t spi = 0;
  KeyClass key_class = 0;
  bool outbound = false;
  std::optional<std::uint32_t> remaining_seconds;  // of its hard lifetime; nothing: it has none
  std::uint64_t packets = 0;
};

struct Survey {
  std::vector<FoundSa> sas;  // the older first
  bool list = false;         // policies that protect are there
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

  // set_mss_clamp changes that part of the configuration, for the next apply().
  void set_mss_clamp(std::optional<std::uint16_t> mss_clamp);

  // leftovers are what the last successful apply() wanted to remove and could not. They do no harm
  // (what is wanted comes first) and the next apply() tries again. Normally empty.
  [[nodiscard]] const std::vector<Error>& leftovers() const;

  // clear removes all this plane ever made, also what a dead predecessor with the same config left.
  // What is gone already is no error.
  [[nodiscard]] Result<void> clear();

  [[nodiscard]] Result<std::vector<SaCounters>> counters();

  // survey tells what of ours is in the kernel now; it changes nothing.
  [[nodiscard]] Result<Survey> survey();

  // verify reads the kernel back and compares it with what the last apply() left: one line for each
  // difference ("policy fwd, 10.1.0.0/24 to 10.3.0.0/24 is gone"). Afterwards the plane knows what
  // is there, so that apply() repairs it. Nothing before the first apply().
  [[nodiscard]] Result<std::vector<std::string>> verify();

  // event_fd becomes readable when the kernel told of a change. read_events empties it and tells
  // whether something that may concern us was changed by other hands than ours; lost events count
  // as a change.
  [[nodiscard]] int event_fd() const;
  [[nodiscard]] bool read_events();

 private:
  explicit Plane(std::unique_ptr<Installer> installer);
  std::unique_ptr<Installer> installer_;
};

}  // namespace xfrm
