// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/base/log.h"
#include "agent/base/tally.h"
#include "agent/config/acceptance.h"
#include "agent/group/ports.h"
#include "agent/group/sa_table.h"
#include "gdoi/member.h"

namespace agent {

// What the operator says of a group, apart from what concerns the protocol.
struct GroupOptions {
  std::string name;
  gdoi::Address local_address;
  bool send_counter_modes = false;
  bool fail_close = false;                // before the first registration nothing passes
  bool fail_close_revert = false;         // nor when the last key has expired
  std::vector<gdoi::AddressRange> scope;  // what a list may protect; empty: anything
  // Key servers are reached through the one VRF, and what was decrypted goes on in the other.
  std::string front_vrf = {}, inside_vrf = {};  // empty: none
  Acceptance acceptance = {};
  // Names the other group that takes in ESP under that SPI on a WAN interface of ours, if any.
  std::function<std::optional<std::string>(gdoi::Spi)> other_receiver = {};
};

// Group is one group's life on this machine: it lets the protocol run, gives policies to the data
// plane, keeps their time, and tells the log in the words a Cisco operator knows.
class Group {
 public:
  // Everything passed by reference must outlive the group.
  Group(GroupOptions options, gdoi::MemberConfig config, gdoi::Random& random, DataPlane& plane,
        Transport& transport, const Log& log);

  // start adopts what a predecessor left in the data plane, or fails close if so told, and begins
  // to register. It fails when the data plane does.
  [[nodiscard]] Result<void> start(Instant now);
  void receive(const gdoi::Datagram& datagram, Instant now);
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;
  // owns tells whether a datagram may be meant for this group (gdoi::GroupMember).
  [[nodiscard]] bool owns(const gdoi::Datagram& datagram) const { return member_.owns(datagram); }

  // reregister fetches the policy afresh now; the one in force stays until then. start_over drops
  // all keys first; what the list protects is dropped until the new ones are there.
  void reregister(Instant now);
  [[nodiscard]] Result<void> start_over(Instant now);

  // configure changes the options; the local address stays.
  void configure(GroupOptions options) { options_ = std::move(options); }

  // reapply tells the data plane again what it should have.
  void reapply(Instant now);

  // verify looks for what other hands changed in the data plane, names it in the log and repairs
  // it.
  void verify(Instant now);

  // stop says good-bye to the key server and takes everything out of the kernel. leave takes
  // nothing out: a successor will adopt it.
  [[nodiscard]] Result<void> stop(Instant now);
  void leave(Instant now);

  // perform executes what the protocol decided, in order.
  void perform(gdoi::Actions actions, Instant now);

  [[nodiscard]] const SaTable& sa_table() const noexcept { return sas_; }
  [[nodiscard]] gdoi::MemberStatus status() const { return member_.status(); }
  [[nodiscard]] std::vector<gdoi::RekeySaStatus> rekey_sas() const { return member_.rekey_sas(); }

 private:
  void on(gdoi::Send&& send, Instant now);
  void on(gdoi::KeepAlive&& keep_alive, Instant now);
  void on(gdoi::InstallPolicy&& install, Instant now);
  void on(gdoi::InstallRekey&& install, Instant now);
  void on(gdoi::ListenForRekeys&& listen, Instant now);
  void on(gdoi::RegistrationStarted&& started, Instant now);
  void on(gdoi::Phase1Established&& established, Instant now);
  void on(gdoi::RegistrationFailed&& failed, Instant now);
  void on(gdoi::RekeyRefused&& refused, Instant now);
  void on(gdoi::RekeyRepeated&& repeated, Instant now);
  void on(gdoi::KekUnusable&& unusable, Instant now);
  void on(gdoi::DatagramDropped&& dropped, Instant now);

  void tell(const SaTable::Woken& woken);
  void revert();
  [[nodiscard]] Result<void> check(const gdoi::GroupPolicy& policy) const;
  [[nodiscard]] Result<void> check(const gdoi::Rekey& rekey) const;
  [[nodiscard]] Result<void> check_spis(const gdoi::GroupPolicy& policy) const;
  void tell_of(const gdoi::GroupPolicy& policy, const std::string& server) const;
  [[nodiscard]] std::string vrfs() const;
  void tell_of_list(const std::string& server);
  void tell_failure(const std::string& server, const Error& why) const;
  void tell_form(const gdoi::Rekey& rekey, const std::string& server);

  GroupOptions options_;
  gdoi::GroupMember member_;
  DataPlane& plane_;
  Transport& transport_;
  const Log& log_;
  SaTable sas_;
  std::optional<gdoi::SignedForm> form_;  // how the key server signs
  bool nat_told_ = false;
  std::vector<std::string> told_shadowed_;  // of the list in force
  Tally dropped_;
};

}  // namespace agent
