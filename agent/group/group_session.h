// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "agent/config/acceptance.h"
#include "agent/group/error_monitoring.h"
#include "agent/group/group_log.h"
#include "agent/group/inbound_spis.h"
#include "agent/group/policy_gate.h"
#include "agent/group/ports.h"
#include "agent/group/replay_check.h"
#include "agent/group/sa_table.h"
#include "gdoi/member.h"

namespace agent {

// What the operator says of a group, apart from what concerns the protocol, and where it is.
struct GroupOptions {
  GroupNames names;
  std::vector<std::string> interfaces;  // of the WAN
  bool send_counter_modes = false;
  bool fail_close = false;                     // before the first registration nothing passes
  bool fail_close_revert = false;              // nor when the last key has expired
  std::vector<gdoi::AddressRange> scope = {};  // what a list may protect; empty: anything
  Acceptance acceptance = {};
  RekeyKeys rekey_keys = {};
  RecoveryOptions recovery = {};
  bool replay_senders = false;  // networks have replay windows of their own
};

// What a session stands on. All of it outlives it.
struct SessionServices {
  gdoi::Random& random;
  DataPlane& plane;
  Transport& transport;
  InboundSpis& spis;
  const Log& log;
  KeptState* kept = nullptr;  // nullptr: nothing outlives the session
  std::string table = {};     // what the group is called there
  Events* events = nullptr;   // nullptr: nobody is told of them but the log
};

// GroupSession is one group's life on this machine, from the first registration on: it lets the
// protocol run, gives policies to the data plane and keeps their time.
class GroupSession {
 public:
  GroupSession(GroupOptions options, gdoi::MemberConfig config, const SessionServices& services);
  GroupSession(const GroupSession&) = delete;
  GroupSession& operator=(const GroupSession&) = delete;

  // start adopts what a predecessor left in the data plane, or fails close if so told, and begins
  // to register. `closed`: what the data plane has is not a predecessor's, but fail-close of our
  // own. It fails when the data plane does.
  [[nodiscard]] Result<void> start(Instant now, bool closed = false);
  void receive(const gdoi::Datagram& datagram, Instant now);
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;
  // owns tells whether a datagram may be meant for this group (gdoi::GroupMember).
  [[nodiscard]] bool owns(const gdoi::Datagram& datagram) const { return member_.owns(datagram); }

  // set_key_servers answers Transport::locate_key_servers; none: they stay what they were.
  void set_key_servers(std::vector<gdoi::KeyServer> key_servers, Instant now);

  // set_credentials is gdoi::GroupMember's.
  void set_credentials(std::shared_ptr<const gdoi::CertificateCredentials> credentials) noexcept {
    member_.set_credentials(std::move(credentials));
  }

  // reregister fetches the policy afresh now; the one in force stays until then. clear drops all
  // keys first; what the list protects is dropped until the new ones are there.
  void reregister(Instant now);
  [[nodiscard]] Result<void> clear(Instant now);
  // accept_rekey_key takes the signing key that was refused last, and registers.
  [[nodiscard]] Result<void> accept_rekey_key(Instant now);
  // rekey_key is the SHA-256 of the key that signs rekeys now; empty: none does.
  [[nodiscard]] const gdoi::Bytes& rekey_key() const noexcept { return rekey_key_.current(); }

  // configure changes the options; address and interfaces stay.
  void configure(GroupOptions options);

  // reapply tells the data plane again what it should have.
  void reapply(Instant now);

  // verify looks for external changes of the data plane, names them in the log and repairs them.
  // False when it could not look: then it wants to be called again after failed_look_pause.
  [[nodiscard]] bool verify(Instant now);
  static constexpr seconds failed_look_pause{5};

  // stop sends a Delete to the key server and takes everything out of the kernel. leave takes
  // nothing out: a successor will adopt it.
  [[nodiscard]] Result<void> stop(Instant now);
  void leave(Instant now);

  // perform executes what the protocol decided, in order.
  void perform(gdoi::Actions actions, Instant now);

  [[nodiscard]] const SaTable& sa_table() const noexcept { return sas_; }
  [[nodiscard]] gdoi::MemberStatus status() const { return member_.status(); }
  [[nodiscard]] std::vector<gdoi::RekeySaStatus> rekey_sas() const { return member_.rekey_sas(); }
  // drift_repairs is how often verify() put back what others had changed.
  [[nodiscard]] std::uint64_t drift_repairs() const noexcept { return drift_repairs_; }
  [[nodiscard]] ErrorMonitoring::Status errors(Instant now) const { return errors_.status(now); }
  // vendor_ids are those of the key server with which phase 1 was established last.
  [[nodiscard]] const std::vector<gdoi::Bytes>& vendor_ids() const noexcept { return vendor_ids_; }

  // What of rekeys must outlive a session; see gdoi::GroupMember.
  [[nodiscard]] std::vector<gdoi::KnownSequence> sequences(Instant now) const {
    return member_.sequences(now);
  }
  void remember(const std::vector<gdoi::KnownSequence>& sequences) { member_.remember(sequences); }

 private:
  void on(gdoi::Send&& send, Instant now);
  void on(gdoi::KeepAlive&& keep_alive, Instant now);
  void on(gdoi::InstallPolicy&& install, Instant now);
  void on(gdoi::InstallRekey&& install, Instant now);
  void on(gdoi::ListenForRekeys&& listen, Instant now);
  void on(gdoi::LocateKeyServers&& locate, Instant now);
  void on(gdoi::RegistrationStarted&& started, Instant now);
  void on(gdoi::RegistrationPostponed&& postponed, Instant now);
  void on(gdoi::Phase1Established&& established, Instant now);
  void on(gdoi::RegistrationFailed&& failed, Instant now);
  void on(gdoi::RekeyRefused&& refused, Instant now);
  void on(gdoi::RekeyRepeated&& repeated, Instant now);
  void on(gdoi::KekUnusable&& unusable, Instant now);
  void on(gdoi::DatagramDropped&& dropped, Instant now);
  void on(gdoi::AnswerIgnored&& ignored, Instant now);
  void on(gdoi::UnknownKekSeen&& seen, Instant now);

  void revert();
  [[nodiscard]] std::vector<gdoi::Spi> received_spis() const;
  void hold_spis();
  [[nodiscard]] std::vector<gdoi::RekeySpi> held_keks() const;
  void check_errors(Instant now);
  void check_unknown_spis(Instant now);
  void check_unknown_keks(Instant now);
  void check_one_way(Instant now);
  void check_replays(Instant now);
  void look_for_first_packets(Instant now);

  // While sending on a TEK waits for others, it is looked so often whether one sends on it.
  static constexpr seconds look_pause{1};

  GroupOptions options_;
  gdoi::GroupMember member_;
  gdoi::Random& random_;
  DataPlane& plane_;
  Transport& transport_;
  const KeptState* kept_;
  GroupLog log_;
  SaTable sas_;
  InboundSpis::Holder spis_;
  RekeyKeyPin rekey_key_;
  PolicyGate gate_;  // refers to options_ and rekey_key_
  ErrorMonitoring errors_;
  ReplayCheck replays_;
  std::vector<gdoi::Bytes> vendor_ids_;
  Instant look_at_;  // for a first packet
  std::uint64_t drift_repairs_ = 0;
  // The registration under way is for a key other than ours that others have already: the operator
  // asked for it, or nobody answers under ours.
  bool behind_ = false;
};

}  // namespace agent
