// SPDX-License-Identifier: GPL-2.0-or-later
// StateTable: the states (SAs) of one address family of a plane: what is in the kernel, brought to
// what is wanted and compared with it. Keys are never kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "xfrm/base/planned_change.h"
#include "xfrm/base/undo.h"
#include "xfrm/ipsec/sa_codec.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/plane/plane.h"

namespace xfrm {

// InstalledState is one state of ours in the kernel.
struct InstalledState {
  std::uint32_t spi = 0;
  Direction direction = Direction::inbound;
  std::uint32_t reqid = 0;
  std::uint64_t order = 0;  // the later added, the higher
  bool usable = true;       // false: under a wanted SPI, but with other keys or another reqid
  // When it was added, in the kernel's seconds of the epoch: between the two, equal when known.
  std::uint64_t added_from = 0, added_to = 0;
  std::uint64_t hard_seconds = 0;  // of life since then; 0: for ever
  Address destination = {};        // IN, OUT, or inbound the anchor of a sender

  [[nodiscard]] bool is(const Address& other_destination, std::uint32_t other_spi) const {
    return spi == other_spi && destination == other_destination;
  }
  [[nodiscard]] bool expired_by(std::uint64_t now) const {
    return hard_seconds != 0 && now >= added_from + hard_seconds;
  }
};

class StateTable {
 public:
  // `config` and `xfrm` outlive the table. `take_events` empties the queue of the kernel's
  // notifications, so that note_sequence() is told of states that were deleted.
  StateTable(const InstallerConfig& config, NetlinkChannel& xfrm,
             std::function<void()> take_events);
  // What install() pushes on an Undo refers to the table, which therefore never moves.
  StateTable(const StateTable&) = delete;
  StateTable& operator=(const StateTable&) = delete;

  // load takes for installed what the kernel has now. States with a wanted SPI are compared with
  // `wanted` on the way, so that no key need be kept.
  [[nodiscard]] Result<void> load(std::span<const SaSpec> wanted);

  // install adds the states of one direction that are missing. Outbound ones go on behind the
  // sequence numbers that were used under their keys, as far as that is known, and behind
  // presumed_sent() in any case. Inbound there is one for each of `senders`, too.
  [[nodiscard]] Result<void> install(const Desired& desired, Direction direction, Undo& undo,
                                     std::span<const Sender> senders = {});
  // remove_stale removes those of one direction that are not wanted, and outbound those that the
  // kernel would prefer to the wanted one. What cannot be removed is added to `failed`.
  void remove_stale(const Desired& desired, Direction direction, std::vector<Error>& failed,
                    std::span<const Sender> senders = {});
  void clear(std::vector<Error>& failed);

  // inbound_spis are the SPIs whose ESP is ours to receive: of wanted states, and of kept ones that
  // are there.
  [[nodiscard]] std::vector<std::uint32_t> inbound_spis(const Desired& desired) const {
    return inbound_spis(desired, installed_);
  }

  // bare_spis are those of inbound_spis() that lack the state of a sender: kept ones, whose keys we
  // do not know, when there are senders that the predecessor had not.
  [[nodiscard]] std::vector<std::uint32_t> bare_spis(const Desired& desired,
                                                     std::span<const Sender> senders) const {
    return bare_spis(desired, senders, installed_);
  }

  // Plan is what install() and remove_stale() would do, and the SPIs as these two would then be.
  struct Plan {
    std::vector<PlannedChange> changes;
    std::vector<std::uint32_t> inbound, bare;
  };
  // plan looks at the states that look() found; `known` says that the table knows what is in the
  // kernel. plan_removal tells what clear() would do.
  [[nodiscard]] Result<Plan> plan(const std::vector<InstalledState>& found, bool known,
                                  const Desired& desired, std::span<const Sender> senders);
  void plan_removal(const std::vector<InstalledState>& found,
                    std::vector<PlannedChange>& out) const;

  // sender_anchors are those that states have, whosever they were.
  [[nodiscard]] std::vector<Address> sender_anchors() const;

  // look reads the kernel; differ tells what others changed since, and what is there by that;
  // compare tells the same, and takes that for installed.
  [[nodiscard]] Result<std::vector<InstalledState>> look();
  [[nodiscard]] std::vector<InstalledState> differ(const std::vector<InstalledState>& found,
                                                   std::vector<std::string>& out) const;
  void compare(const std::vector<InstalledState>& found, std::vector<std::string>& out) {
    installed_ = differ(found, out);
  }

  // counters and existing read the kernel and change nothing; the older states first in `existing`.
  // An inbound SA has the counters of its state to IN, and those of each sender's.
  [[nodiscard]] Result<std::vector<SaCounters>> counters(std::span<const Sender> senders = {});
  [[nodiscard]] Result<std::vector<ExistingSa>> existing();

  // all_spis are those of every state in the kernel, whoever made it.
  [[nodiscard]] Result<std::vector<std::uint32_t>> all_spis();

  // note_sequence learns the last sequence number of an outbound state.
  void note_sequence(const State& state);
  // forget_sequences drops what is known of keys whose lifetime is over, so that months of rekeys
  // leave nothing behind. A key that was only put away, cleared by the operator for instance, may
  // come back. One without a lifetime is forgotten when it is not wanted any more.
  void forget_sequences(const Desired& desired);

 private:
  [[nodiscard]] Result<void> install(const SaSpec& sa, Direction direction,
                                     const Address& destination, Undo& undo);
  [[nodiscard]] Result<void> add(const SaSpec& sa, Direction direction, const Address& destination,
                                 Undo& undo);
  [[nodiscard]] Result<void> remove(const InstalledState& state);
  void remove_all(const std::vector<InstalledState>& states, std::vector<Error>& failed);
  [[nodiscard]] bool is_wanted(const Desired& desired, const InstalledState& state,
                               std::span<const Sender> senders) const;
  // stale lists those of `states` that remove_stale() removes.
  [[nodiscard]] std::vector<InstalledState> stale(const std::vector<InstalledState>& states,
                                                  const Desired& desired, Direction direction,
                                                  std::span<const Sender> senders) const;
  [[nodiscard]] std::vector<std::uint32_t> inbound_spis(
      const Desired& desired, const std::vector<InstalledState>& states) const;
  [[nodiscard]] std::vector<std::uint32_t> bare_spis(
      const Desired& desired, std::span<const Sender> senders,
      const std::vector<InstalledState>& states) const;
  void plan(const SaSpec& sa, Direction direction, const Address& destination,
            std::vector<InstalledState>& states, std::vector<PlannedChange>& out) const;
  [[nodiscard]] Result<std::uint64_t> first_sequence(const SaSpec& sa);
  [[nodiscard]] const InstalledState* find(const Address& destination, std::uint32_t spi) const;
  [[nodiscard]] std::string name_of(const InstalledState& state) const;

  // read calls `each` with every state of the plane's; read_by_age lists them, numbered.
  [[nodiscard]] Result<void> read(const std::function<void(const State&, Direction)>& each);
  [[nodiscard]] Result<std::vector<InstalledState>> read_by_age(
      std::span<const SaSpec> wanted, const std::function<void(const State&, Direction)>& each);

  const InstallerConfig& config_;
  NetlinkChannel& xfrm_;
  std::function<void()> take_events_;
  std::vector<InstalledState> installed_;
  struct Sent {
    std::uint64_t sequence = 0;  // the last seen
    std::uint64_t ends = 0;      // the key's lifetime, in seconds of the epoch; 0: never
  };
  std::map<std::uint32_t, Sent> sent_;  // by outbound SPI
};

}  // namespace xfrm
