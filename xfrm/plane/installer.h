// SPDX-License-Identifier: GPL-2.0-or-later
// Installer: one address family of a Plane. It brings the kernel from what is there to what is
// wanted, in an order in which no packet that both the old and the new list protect ever passes in
// clear, and takes everything back when the kernel refuses a part.
//
// Order: anchors, states inbound, rules, policies, states outbound; then removals. Inbound comes
// first so that we understand what other members may already send. Outbound is the last thing that
// can fail: a state that was in use must not be taken back and added anew, for its sequence numbers
// would begin again under the same key. Removals come when all that is wanted is in force; what
// cannot be removed is kept in mind for the next time instead of failing the whole.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "xfrm/base/undo.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/nft/rules.h"
#include "xfrm/plane/events.h"
#include "xfrm/plane/inventory.h"
#include "xfrm/plane/plane.h"
#include "xfrm/route/anchors.h"

namespace xfrm {

class Installer {
 public:
  // open checks the configuration and makes sockets. `faults` is for tests.
  [[nodiscard]] static Result<std::unique_ptr<Installer>> open(PlaneConfig config,
                                                               FaultInjector faults = {});

  // probe asks whether the kernel has what apply() will need; it changes nothing.
  [[nodiscard]] Result<void> probe();

  [[nodiscard]] Result<void> apply(const Desired& desired);
  // apply() in two steps. stage adds what is wanted, or takes all back itself when it fails. Then
  // either commit removes what is no longer wanted, or roll_back what was added.
  [[nodiscard]] Result<void> stage(const Desired& desired);
  void commit(const Desired& desired);
  [[nodiscard]] Result<void> roll_back();
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] Result<std::vector<SaCounters>> counters();
  [[nodiscard]] const std::vector<Error>& failed_removals() const { return failed_removals_; }
  [[nodiscard]] Result<ExistingState> survey();
  [[nodiscard]] Result<std::vector<std::string>> verify();
  void set_precedence(std::uint32_t precedence) { config_.precedence = precedence; }
  void set_mss_clamp(std::optional<std::uint16_t> mss_clamp) { config_.mss_clamp = mss_clamp; }
  [[nodiscard]] int event_fd() const { return events_.fd(); }
  [[nodiscard]] bool read_events();

 private:
  Installer(PlaneConfig config, NetlinkChannel xfrm, NetlinkChannel netfilter, AnchorSet anchors,
            Events events);

  // find_interfaces lists those of the WAN interfaces that are there; that none is, is an error.
  [[nodiscard]] Result<std::vector<Link>> find_interfaces() const;
  [[nodiscard]] Result<void> probe_esp();
  [[nodiscard]] Result<void> probe_rules();

  // The steps of apply(), in order. Each pushes what takes it back.
  [[nodiscard]] Result<void> install(const Desired& desired, const std::vector<Link>& links,
                                     Undo& undo);
  [[nodiscard]] Result<void> install_anchors(const std::vector<Link>& links, Undo& undo);
  [[nodiscard]] Result<void> install_states(const Desired& desired, Direction direction,
                                            Undo& undo);
  [[nodiscard]] Result<void> install_rules(const Desired& desired, const std::vector<Link>& links,
                                           Undo& undo);
  [[nodiscard]] Result<void> install_policies(const Desired& desired,
                                              const std::vector<Link>& links, Undo& undo);
  [[nodiscard]] Result<void> install_indices(const std::vector<Link>& links, Undo& undo);

  [[nodiscard]] Result<void> add_state(const SaSpec& sa, Direction direction, Undo& undo);
  [[nodiscard]] Result<void> remove_state(const InstalledState& state);
  [[nodiscard]] Result<void> put_policies(std::span<const PolicyStep> steps, Undo& undo);
  [[nodiscard]] Result<void> take_back(std::span<const PolicyStep> steps,
                                       const std::vector<bool>& skip);
  void remove_policies(std::span<const PolicyStep> steps);
  void remove_stale(const Desired& desired);
  void remove_stale_spis(const Desired& desired);
  void remove_stale_indices();
  void leave(Error error) { failed_removals_.push_back(std::move(error)); }

  [[nodiscard]] Anchors anchor_pair() const { return {config_.in_anchor, config_.out_anchor}; }
  [[nodiscard]] PolicyFrame frame(std::vector<int> interfaces) const;
  [[nodiscard]] RulesSpec rules(std::vector<std::uint32_t> spis, std::vector<int> indices) const;
  [[nodiscard]] RulesSnapshot wanted_rules() const;
  // wanted_mss is what the rules are to lower TCP's largest segment to; 0: nothing.
  [[nodiscard]] Result<std::uint16_t> wanted_mss(const std::vector<Link>& links);
  [[nodiscard]] std::vector<Policy> listed_policies() const;
  [[nodiscard]] std::vector<Policy> present_policies() const;
  [[nodiscard]] bool is_wanted(const Desired& desired, const InstalledState& state) const;
  [[nodiscard]] std::vector<std::uint32_t> missing_spis(const Desired& desired) const;

  // The parts of verify(): what was found is compared with what should be there, and becomes what
  // is there.
  struct Found;
  [[nodiscard]] Result<void> look(Found& found);
  void compare_interfaces(const Found& found, std::vector<std::string>& out) const;
  void compare_mss(const Found& found, std::vector<std::string>& out);
  void compare_states(const Found& found, std::vector<std::string>& out);
  void compare_policies(Found& found, std::vector<std::string>& out);
  [[nodiscard]] bool compare_rules(Found& found, std::vector<std::string>& out);
  [[nodiscard]] bool compare_anchors(const Found& found, std::vector<std::string>& out);

  // Sequence numbers of outbound states, and events, which tell the last one of what was deleted.
  [[nodiscard]] Direction direction_of(const State& state) const;
  void note_sequence(const State& state, Direction direction);
  [[nodiscard]] Result<std::uint64_t> first_sequence(const SaSpec& sa);
  void forget_sequences(const Desired& desired);
  [[nodiscard]] EventFilter filter() const;
  void take_events();

  PlaneConfig config_;
  NetlinkChannel xfrm_, netfilter_;
  AnchorSet anchors_;
  Events events_;
  bool changed_ = false;                         // by others, since read_events() told last
  std::map<std::uint32_t, std::uint64_t> sent_;  // outbound SPI: last sequence number seen
  std::optional<Inventory> there_;               // empty until the kernel was read
  // Of the apply() under way: whether the list is the installed one, and what is to be removed.
  bool same_list_ = false;
  Undo undo_;
  std::vector<PolicyStep> removals_;
  std::vector<Error> failed_removals_;
};

}  // namespace xfrm
