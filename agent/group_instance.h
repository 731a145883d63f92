// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "agent/base/finding.h"
#include "agent/config/crl_watch.h"
#include "agent/config/daemon_config.h"
#include "agent/control/status.h"
#include "agent/group/group_session.h"
#include "agent/group/kept_state.h"
#include "agent/group/plan.h"
#include "agent/group_setup.h"
#include "agent/io/event_loop.h"
#include "agent/io/network.h"
#include "agent/kernel/host_findings.h"
#include "agent/kernel/uplink.h"
#include "agent/kernel/uplink_watch.h"
#include "agent/kernel/xfrm_plane.h"
#include "agent/key_server_names.h"
#include "agent/route.h"
#include "agent/trace.h"

namespace agent {

// SharedServices are what the groups of one process stand on. All of it outlives them.
struct SharedServices {
  EventLoop& loop;
  Network& network;
  gdoi::Random& random;
  InboundSpis& spis;
  KeptState& kept;
  Trace& trace;
  const Log& log;
  Events& events;
  // Called several times a second during a long change of the kernel; false: it is to be given up.
  std::function<bool(const KernelWork& work)> attend;
};

// GroupInstance is one group of the configuration, brought to life: it looks for an uplink to the
// key servers, opens the data plane on the WAN interfaces, lets a GroupSession run on both, and
// begins anew when the uplink changes. Two of them know nothing of each other, but that one may not
// have an SPI that the other has on the same WAN interface.
//
// What it put into the kernel stays there when it is destroyed, for a successor, unless stop() took
// it out.
class GroupInstance final : private Transport {
 public:
  GroupInstance(GroupSetup setup, const SharedServices& services);
  GroupInstance(const GroupInstance&) = delete;
  GroupInstance& operator=(const GroupInstance&) = delete;
  ~GroupInstance() override;

  // tick does what is due; deadline says when to call it next. It fails with what makes going on
  // impossible: the kernel cannot do, or refuses, what the group needs. Then stop() it, or pause()
  // to have another try later.
  [[nodiscard]] Result<void> tick(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;
  void pause(const Error& why, Instant now);

  // recipient says what this group has to do with a datagram that came in by `vrf`.
  [[nodiscard]] Recipient recipient(const std::string& vrf, const gdoi::Datagram& datagram) const;
  void receive(const gdoi::Datagram& datagram, Instant now);

  // change goes over to another configuration and registers afresh. What is in the kernel stays
  // there, to be adopted, unless it would no longer be recognised as this group's.
  void change(GroupSetup setup, Instant now);

  // effect_of tells what change() would do; none: nothing.
  [[nodiscard]] ReloadEffect effect_of(const GroupSetup& setup) const;

  // ways_changed: the uplink may be another now, which tick() looks at.
  void ways_changed(const WayChanges& changes, Instant now);

  // What the operator asks for. All fail while there is no route to a key server.
  [[nodiscard]] Result<void> reregister(Instant now);
  [[nodiscard]] Result<void> clear(Instant now);
  [[nodiscard]] Result<void> accept_rekey_key(Instant now);

  // What the operator is told of, which changes nothing: what others changed in the kernel since it
  // was set up, and what becomes of a packet. `mark` is that of packets that come in by the WAN. In
  // what list and kernel disagree is left to say, as it depends on other groups.
  [[nodiscard]] Result<std::vector<std::string>> differences();
  // plan is what a repair would do; plan_change what change() would do to the kernel at once;
  // plan_stop what stop() would. Where there is nothing in the kernel, nothing.
  [[nodiscard]] Result<std::vector<PlannedChange>> plan(Instant now);
  [[nodiscard]] Result<std::vector<PlannedChange>> plan_change(const GroupSetup& setup,
                                                               Instant now);
  [[nodiscard]] Result<std::vector<PlannedChange>> plan_stop();
  [[nodiscard]] bool proves_alike(const GroupSetup& setup) const;
  [[nodiscard]] const ConfiguredGroup& group() const noexcept { return setup_.group; }
  [[nodiscard]] Result<Explanation> explain(const Packet& packet, std::uint32_t mark);

  // stop takes everything out of the kernel; leave takes nothing out.
  [[nodiscard]] Result<void> stop(Instant now);
  void leave(Instant now);

  [[nodiscard]] const GroupConfig& config() const noexcept { return setup_.group.config; }
  [[nodiscard]] const KernelIdentity& identity() const noexcept { return setup_.group.identity; }
  // status refers to the instance; counters are read from the kernel, for `show`.
  [[nodiscard]] StatusView status() const;
  [[nodiscard]] StatusView status_with_counters(Instant now);

 private:
  // What exists once there is an uplink.
  struct Running {
    Uplink uplink;
    XfrmPlane plane;
    std::unique_ptr<GroupSession> session;
  };

  void send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t from_port) override;
  void listen(std::span<const gdoi::Endpoint> groups) override;
  void locate_key_servers() override;
  void on_kernel_event();
  void watch_kernel(Instant now);
  [[nodiscard]] Result<XfrmPlane*> plane();
  void look_for_hostile_settings(Instant now);
  void look_for_drops();
  void look_at_crls(Instant now);

  [[nodiscard]] std::vector<KeyServer> known_key_servers();
  [[nodiscard]] ConfiguredGroup group_now() const;
  void follow_names(Instant now);
  void answer_location(Instant now);
  void move_key_servers(const Uplink& uplink, bool moved, Instant now);
  void cover(const Uplink& uplink);
  [[nodiscard]] Result<Uplink> find_uplink();
  [[nodiscard]] Result<void> find_defaults();
  void follow_ways(Instant now);
  void give_advice(const Uplink& uplink);
  [[nodiscard]] bool lost_source() const;
  void look_at_source(Instant now);
  [[nodiscard]] Result<void> open_uplink(Instant now);
  void recheck_uplink(Instant now);
  [[nodiscard]] Result<void> begin(Uplink uplink, Instant now);
  void end_running();
  void watch_work(XfrmPlane& plane);
  void keep_sequences(Instant now);
  void fail_close_early();
  void clean_up(const Result<void>& outcome) const;
  [[nodiscard]] bool has_key_server(const gdoi::Endpoint& endpoint) const;
  [[nodiscard]] Result<std::vector<PlannedChange>> plan_for(const ConfiguredGroup& group,
                                                            Instant now);

  static constexpr seconds look_pause{2}, recheck_pause{10}, failure_pause{30};
  // The kernel is looked at soon after it told of a change, and now and then in any case.
  static constexpr milliseconds event_pause{200};
  static constexpr seconds verify_pause{60};
  // The kernel does not tell of these.
  static constexpr seconds settings_pause{5};
  // A router that learns routes by the thousand is not asked for the way more often than this.
  static constexpr milliseconds ways_pause{200};

  GroupSetup setup_;
  SharedServices services_;
  Log log_;  // names the group when there may be several
  EventLog events_;
  KeyServerNames names_;
  std::string last_left_out_;
  std::vector<KeyServer> key_servers_;  // those of which an address is known and can be asked
  bool locating_ = false;               // the session waits for them
  std::unique_ptr<Running> running_;
  std::unique_ptr<XfrmPlane> early_;              // holds fail-close while there is no uplink yet
  std::optional<Installation::Mode> early_mode_;  // what it does
  Instant look_at_;
  Instant verify_at_;
  Instant settings_at_;
  bool lost_source_ = false;
  HostFindings host_;  // settings of this machine
  FindingLog findings_;
  CrlWatch crls_;
  std::optional<Instant> crls_at_;    // nothing: there are no CRL files
  std::vector<std::string> covered_;  // interfaces protected since the last change()
  std::optional<std::vector<std::string>> defaults_;  // interfaces of default routes, while known
  std::optional<Instant> ways_at_;                    // when to look for other ways out
  Instant ways_seen_{};                               // when that was done last
  std::vector<gdoi::Endpoint> listening_;             // multicast groups of rekeys
  std::optional<DroppedInClear> dropped_;             // at the last look
  std::string last_advice_;
  std::string last_obstacle_;
  std::vector<gdoi::KnownSequence> sequences_;  // of rekeys, as they are kept
  std::optional<KernelWork> work_;              // under way, while services_.attend is called
};

}  // namespace agent
