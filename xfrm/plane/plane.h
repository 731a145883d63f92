// SPDX-License-Identifier: GPL-2.0-or-later
// Plane: the data plane of one group, with the original IP header kept outside ESP.
//
// Each address family has objects of its own, made when the ACL has an entry of that family and
// removed when it has none any more; a TEK serves both.
//
// Two states per TEK and family whatever the group's size: one inbound to the anchor IN, one
// outbound to the anchor OUT; three small sets of nftables rules put the original addresses back
// (packaging/doc/design.md). All it makes is recognisable by reqid, table name, anchors and
// route protocol, so that it can be found again and foreign objects stay untouched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xfrm/base/descriptor.h"
#include "xfrm/base/planned_change.h"
#include "xfrm/base/progress.h"
#include "xfrm/base/result.h"
#include "xfrm/base/types.h"
#include "xfrm/plane/config.h"
#include "xfrm/plane/explanation.h"

namespace xfrm {

// The longest ACL taken, in entries.
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
  // Outbound states that nothing is sent on any more, since a later one of their class is, are
  // removed; else they stay while their SA has `send`. Packets on their way through the kernel when
  // the later one was added may still be under the earlier one, so wait a moment.
  bool remove_superseded = false;
  // With sender_windows the replay windows of the SAs are one for each of `senders`, which are
  // networks with one sender each; of several that an address is of, the longest counts. What comes
  // from elsewhere is received without a window (but under extended sequence numbers, which cannot
  // do without), or dropped. Without sender_windows an SA has one window, whoever sends.
  bool sender_windows = false;
  std::vector<Prefix> senders = {};
  bool drop_unknown_senders = false;
};

// ExistingSa is a state of ours in the kernel, as a predecessor left it.
struct ExistingSa {
  std::uint32_t spi = 0;
  KeyClass key_class = 0;
  bool outbound = false;
  std::optional<std::uint32_t> remaining_seconds;  // of its hard lifetime; nothing: it has none
  std::uint64_t packets = 0;
  std::uint32_t replay_window = 0;  // packets; 0: no replay protection
};

struct ExistingState {
  std::vector<ExistingSa> sas;  // the older first
  bool has_policy = false;      // policies that protect are there
};

struct SaCounters {
  std::uint32_t spi = 0;
  bool outbound = false;
  std::uint64_t packets = 0, bytes = 0;
  std::uint32_t replay_errors = 0, integrity_errors = 0;
  std::optional<Prefix> sender = {};  // inbound: of what came from this network alone
};

// LockCounters is what the second lock dropped, in packets: what was in clear and should not have
// been.
struct LockCounters {
  std::uint64_t in = 0, out = 0;
  LockCounters& operator+=(const LockCounters& other) {
    in += other.in;
    out += other.out;
    return *this;
  }
};

// UnknownSpi is ESP that came in by a WAN between networks that the ACL protects, under an SPI that
// we have no state for: of one sender, whose address anybody can forge, as of all senders at most
// max_unknown_spis (lock_rules.h) are told. Counted since the first such packet, and forgotten a
// minute after the last, or when the ACL changes.
struct UnknownSpi {
  Address source;
  std::uint32_t spi = 0;
  std::uint64_t packets = 0;
  friend bool operator==(const UnknownSpi&, const UnknownSpi&) = default;
};

class Installer;

class Plane {
 public:
  // open makes sockets and checks that the kernel can do what is needed (CAP_NET_ADMIN, XFRM, ESP,
  // nftables, the interfaces); nothing is changed yet. The error says what is missing.
  //
  // IPv6 is checked when the ACL first needs it: a machine without loses nothing as long as it does
  // not. Where the kernel has no IPv6 at all no packet needs protection, and IPv6 entries are left
  // out.
  [[nodiscard]] static Result<Plane> open(const PlaneConfig& config);
  // remove removes all that a plane made of one family, as clear() does.
  [[nodiscard]] static Result<void> remove(InstallerConfig config);
  Plane(Plane&&) noexcept;
  Plane& operator=(Plane&&) noexcept;
  ~Plane();  // closes sockets; the kernel keeps what was installed

  // apply brings the kernel to `desired`: anchors, route, rules, states inbound, policies, states
  // outbound, and then the removal of what is no longer wanted. SAs are told apart by SPI, and a
  // state that is already there stays as it is, sequence numbers included. On failure, in whichever
  // family, everything this call added is taken back and everything it would have removed is still
  // there; the error names the object refused.
  [[nodiscard]] Result<void> apply(const Desired& desired);

  // configure changes the options; another precedence moves the policies at the next apply().
  void configure(const PlaneOptions& options);

  // cover changes the WAN interfaces; at the next apply() all is moved to them.
  void cover(const std::vector<std::string>& interfaces);

  // watch has `attend` called during long changes, from inside apply() and clear(). It may read
  // (counters, dropped); it may not change anything.
  void watch(const Attend& attend);

  // failed_removals are what the last successful apply() wanted to remove and could not. They do no
  // harm (what is wanted comes first) and the next apply() tries again. Normally empty.
  [[nodiscard]] const std::vector<Error>& failed_removals() const { return failed_removals_; }

  // clear removes all this plane ever made, also what a dead predecessor with the same config left.
  // What is gone already is no error.
  [[nodiscard]] Result<void> clear();

  [[nodiscard]] Result<std::vector<SaCounters>> counters();
  // dropped is what the second lock dropped, a predecessor's as well while it is kept.
  [[nodiscard]] Result<LockCounters> dropped();

  // unknown is the ESP under SPIs that we do not have, while PlaneOptions::count_unknown.
  [[nodiscard]] Result<std::vector<UnknownSpi>> unknown();

  // survey tells what of ours is in the kernel now; it changes nothing.
  [[nodiscard]] Result<ExistingState> survey();

  // verify reads the kernel back and compares it with what the last apply() left: one line for each
  // difference ("policy fwd, 10.1.0.0/24 to 10.3.0.0/24 is gone"). Afterwards the plane knows what
  // is there, so that apply() repairs it. Nothing before the first apply().
  [[nodiscard]] Result<std::vector<std::string>> verify();

  // differences are what verify() would tell now; it changes nothing, nor what verify() tells next.
  [[nodiscard]] Result<std::vector<std::string>> differences();

  // plan tells what apply() would do now if these were the options, an object a line, and
  // plan_removal what clear() would; both change nothing.
  [[nodiscard]] Result<std::vector<PlannedChange>> plan(const Desired& desired,
                                                        const PlaneOptions& options);
  [[nodiscard]] Result<std::vector<PlannedChange>> plan_removal();

  // explain tells what the kernel would do with a packet; it changes nothing. `mark` is that of
  // packets that came in by the WAN. Of a family the kernel does not have: EAFNOSUPPORT.
  [[nodiscard]] Result<Explanation> explain(const Packet& packet, std::uint32_t mark);

  // event_fd becomes readable when the kernel told of a change. read_events empties it and tells
  // whether something that may concern us was changed by others; lost events count as a change.
  [[nodiscard]] int event_fd() const { return poll_.get(); }
  [[nodiscard]] bool read_events();

 private:
  enum class FamilyState : std::uint8_t {
    unknown,    // a predecessor may have left something
    empty,      // nothing of ours is there
    installed,  // an ACL is in force
  };
  struct Part {
    std::unique_ptr<Installer> installer;
    bool probed = false;
    FamilyState state = FamilyState::unknown;
    Desired wanted = {};  // of the apply() under way
  };

  Plane(std::vector<Part> parts, Descriptor poll);
  [[nodiscard]] Result<std::vector<std::string>> gather(
      Result<std::vector<std::string>> (Installer::*ask)());
  [[nodiscard]] static bool is_needed(const Desired& all, const Desired& of_part, std::size_t part);
  [[nodiscard]] static Result<void> stage(Part& part);
  void retire(Part& part);

  std::vector<Part> parts_;  // IPv4, and IPv6 where the kernel has it
  Descriptor poll_;
  std::vector<Error> failed_removals_;
};

}  // namespace xfrm
