// SPDX-License-Identifier: GPL-2.0-or-later
// Plane: the data plane of one group, with the original IP header kept outside ESP.
//
// Each address family has objects of its own, made when the list has an entry of that family and
// removed when it has none any more; a TEK serves both.
//
// Two states per TEK and family whatever the group's size: one inbound to the anchor IN, one
// outbound to the anchor OUT; three small sets of nftables rules put the original addresses back
// (README, "How a packet travels"). All it makes is recognisable by reqid, table name, anchors and
// route protocol, so that it can be found again and foreign objects stay untouched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xfrm/base/result.h"
#include "xfrm/base/types.h"

namespace xfrm {

// discard_address is 100::N, of the discard prefix (RFC 6666): the pool of IPv6 anchors.
[[nodiscard]] constexpr Address discard_address(std::uint8_t number) {
  Address out{Family::ipv6, {}};
  out.bytes[0] = std::byte{1};
  out.bytes[15] = std::byte{number};
  return out;
}

struct PlaneConfig {
  std::string name;         // of the nftables tables: letters, digits, '-', '_', '.'
  std::uint32_t reqid = 0;  // first of max_key_classes that are this group's; nonzero
  // IPv4: a default pool of 240.0.0.1 and 240.0.0.2. Where a plane is known by its table alone
  // (found_planes.h) they are those of the table's family.
  Address in_anchor, out_anchor;
  Address in_anchor6 = discard_address(1), out_anchor6 = discard_address(2);  // IPv6
  std::uint32_t mark = 0;  // one bit: "came in on the WAN"
  // WAN interfaces, at least one. They may come and go: apply() protects those that are there, and
  // verify() tells of one that came.
  std::vector<std::string> interfaces;
  // Several planes: each has a name, reqids, anchors and a mark bit of its own, and an owner, which
  // the selectors of its policies carry (PolicyKey). Where two have policies for one packet, that
  // of the lower precedence counts.
  std::uint32_t owner = 0;
  std::uint32_t precedence = 0;  // below max_planes
  // UDP from and to these ports leaves also by a WAN interface that has just come back under
  // another index and that nothing protects yet: GDOI, which speaks for itself.
  std::vector<std::uint16_t> open_ports = {848};
  // The largest TCP segment of what is encrypted; 0: what surely fits the WAN's MTU; nothing: TCP
  // is left alone.
  std::optional<std::uint16_t> mss_clamp = {};
};

inline constexpr std::uint32_t max_planes = 64;

// Priorities of our policies in the kernel: 2^24 numbers for each precedence from here on. Other
// programs' policies with lower numbers, such as strongSwan's (below 400,000), come before ours.
inline constexpr std::uint32_t first_of_all_priorities = 1'000'000'000;

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

// ExistingSa is a state of ours in the kernel, as a predecessor left it.
struct ExistingSa {
  std::uint32_t spi = 0;
  KeyClass key_class = 0;
  bool outbound = false;
  std::optional<std::uint32_t> remaining_seconds;  // of its hard lifetime; nothing: it has none
  std::uint64_t packets = 0;
};

struct ExistingState {
  std::vector<ExistingSa> sas;  // the older first
  bool list = false;            // policies that protect are there
};

struct SaCounters {
  std::uint32_t spi = 0;
  bool outbound = false;
  std::uint64_t packets = 0, bytes = 0;
  std::uint32_t replay_errors = 0, integrity_errors = 0;
};

class Families;

class Plane {
 public:
  // open makes sockets and checks that the kernel can do what is needed (CAP_NET_ADMIN, XFRM, ESP,
  // nftables, the interfaces); nothing is changed yet. The error says what is missing.
  [[nodiscard]] static Result<Plane> open(PlaneConfig config);
  // remove removes all that a plane with this configuration made, as clear() does; of the family
  // that `in_anchor` has.
  [[nodiscard]] static Result<void> remove(PlaneConfig config);
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

  // failed_removals are what the last successful apply() wanted to remove and could not. They do no
  // harm (what is wanted comes first) and the next apply() tries again. Normally empty.
  [[nodiscard]] const std::vector<Error>& failed_removals() const;

  // clear removes all this plane ever made, also what a dead predecessor with the same config left.
  // What is gone already is no error.
  [[nodiscard]] Result<void> clear();

  [[nodiscard]] Result<std::vector<SaCounters>> counters();

  // survey tells what of ours is in the kernel now; it changes nothing.
  [[nodiscard]] Result<ExistingState> survey();

  // verify reads the kernel back and compares it with what the last apply() left: one line for each
  // difference ("policy fwd, 10.1.0.0/24 to 10.3.0.0/24 is gone"). Afterwards the plane knows what
  // is there, so that apply() repairs it. Nothing before the first apply().
  [[nodiscard]] Result<std::vector<std::string>> verify();

  // set_precedence counts from the next apply() on, which moves the policies.
  void set_precedence(std::uint32_t precedence);

  // event_fd becomes readable when the kernel told of a change. read_events empties it and tells
  // whether something that may concern us was changed by other hands than ours; lost events count
  // as a change.
  [[nodiscard]] int event_fd() const;
  [[nodiscard]] bool read_events();

 private:
  explicit Plane(std::unique_ptr<Families> families);
  std::unique_ptr<Families> families_;
};

}  // namespace xfrm
