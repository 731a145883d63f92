// SPDX-License-Identifier: GPL-2.0-or-later
// Installer: one address family of a Plane. It brings the kernel from what is there to what is
// wanted, in an order in which no packet that both the old and the new ACL protect ever passes in
// clear, and takes everything back when the kernel refuses a part. What there is to do about one
// kind of object, its table knows.
//
// Order: anchors, states inbound, rules, the second lock made ready, policies, the second lock,
// states outbound; then removals. Inbound comes
// first so that we understand what other members may already send. Outbound is the last thing that
// can fail: a state that was in use must not be taken back and added anew, for its sequence numbers
// would begin again under the same key. Removals come when all that is wanted is in force; what
// cannot be removed is kept in mind for the next time instead of failing the whole.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "xfrm/base/undo.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/plane/anchor_table.h"
#include "xfrm/plane/events.h"
#include "xfrm/plane/lock_table.h"
#include "xfrm/plane/plane.h"
#include "xfrm/plane/policy_table.h"
#include "xfrm/plane/rule_table.h"
#include "xfrm/plane/state_table.h"

namespace xfrm {

class Installer {
 public:
  // open checks the configuration and makes sockets. `faults` is for tests.
  [[nodiscard]] static Result<std::unique_ptr<Installer>> open(InstallerConfig config,
                                                               FaultInjector faults = {});
  // The tables refer to what they share, and Undo to the tables: an Installer never moves.
  Installer(const Installer&) = delete;
  Installer& operator=(const Installer&) = delete;

  // probe asks whether the kernel has what apply() will need; it changes nothing.
  [[nodiscard]] Result<void> probe();

  [[nodiscard]] Result<void> apply(const Desired& desired);
  // apply() in two steps. stage adds what is wanted, or takes all back itself when it fails. Then
  // either commit removes what is no longer wanted, or roll_back what was added.
  [[nodiscard]] Result<void> stage(const Desired& desired);
  void commit(const Desired& desired);
  [[nodiscard]] Result<void> roll_back();

  // These are Plane's, for one family.
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] Result<std::vector<SaCounters>> counters() {
    return states_.counters(rules_.senders());
  }
  [[nodiscard]] Result<LockCounters> dropped() { return lock_.dropped(); }
  [[nodiscard]] Result<std::vector<UnknownSpi>> unknown();
  [[nodiscard]] const std::vector<Error>& failed_removals() const { return failed_removals_; }
  [[nodiscard]] Result<ExistingState> survey();
  [[nodiscard]] Result<std::vector<std::string>> verify();
  [[nodiscard]] Result<std::vector<std::string>> differences();
  // plan reads the kernel and tells what apply() with these options would do, plan_removal what
  // clear() would; both change nothing.
  [[nodiscard]] Result<std::vector<PlannedChange>> plan(const Desired& desired,
                                                        const PlaneOptions& options);
  [[nodiscard]] Result<std::vector<PlannedChange>> plan_removal();
  [[nodiscard]] Result<Explanation> explain(const Packet& packet, std::uint32_t mark);
  void configure(const PlaneOptions& options) { config_.options = options; }
  void cover(const std::vector<std::string>& interfaces) { config_.interfaces = interfaces; }
  void watch(Attend attend) { policies_.watch(std::move(attend)); }
  [[nodiscard]] int event_fd() const { return events_.fd(); }
  [[nodiscard]] bool read_events();

 private:
  Installer(InstallerConfig config, NetlinkChannel xfrm, NetlinkChannel netfilter,
            AnchorSet anchors, Events events);

  // find_interfaces lists those of the WAN interfaces that are there; that none is, is an error.
  [[nodiscard]] Result<std::vector<Link>> find_interfaces() const;
  // Reading is all that is compared, of one moment.
  struct Reading {
    std::vector<Result<Link>> interfaces;  // each WAN interface, or why it is not there
    std::vector<Link> links;               // those that are
    std::vector<InstalledState> states;
    std::vector<Policy> policies;
    std::optional<RulesSnapshot> rules;
    LockTable::Reading lock;
    AnchorTable::Reading anchors;
  };
  [[nodiscard]] Result<Reading> look();
  [[nodiscard]] Result<std::vector<PlannedChange>> plan(const Desired& desired);
  // load reads what is in the kernel: a predecessor's, or what a failure left.
  [[nodiscard]] Result<void> load(std::span<const SaSpec> wanted);
  [[nodiscard]] Result<void> install(const Desired& desired, const std::vector<Link>& links);
  [[nodiscard]] EventFilter filter() const;
  void take_events();

  InstallerConfig config_;
  NetlinkChannel xfrm_, netfilter_;
  Events events_;
  AnchorTable anchors_;
  StateTable states_;
  PolicyTable policies_;
  RuleTable rules_;
  LockTable lock_;
  bool loaded_ = false;   // the tables know what is in the kernel
  bool changed_ = false;  // by others, since read_events() told last
  // Of the apply() under way: whether the ACL is the installed one, the senders with their anchors,
  // and what takes it back.
  bool same_acl_ = false;
  std::vector<Sender> senders_;
  Undo undo_;
  std::vector<Error> failed_removals_;
};

}  // namespace xfrm
