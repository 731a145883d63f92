// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "agent/holdings.h"
#include "agent/log.h"
#include "agent/ports.h"
#include "agent/tally.h"
#include "gdoi/member.h"

namespace agent {

// What the log says of a group, apart from what the protocol reports.
struct GroupIdentity {
  std::string name;
  gdoi::Address local_address;
  bool send_counter_modes = false;
};

// Group is one group's life on this machine: it lets the protocol run, gives policies to the data
// plane, keeps their time, and tells the log in the words a Cisco operator knows.
class Group {
 public:
  // Everything passed by reference must outlive the group.
  Group(GroupIdentity identity, gdoi::MemberConfig config, gdoi::Random& random, DataPlane& plane,
        Transport& transport, const Log& log);

  void start(Instant now);
  void receive(const gdoi::Endpoint& from, gdoi::View datagram, Instant now);
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;

  // reregister fetches the policy afresh now; the one in force stays until then.
  void reregister(Instant now);

  // stop says good-bye to the key server and takes everything out of the kernel.
  [[nodiscard]] Result<void> stop(Instant now);

  // perform executes what the protocol decided, in order.
  void perform(gdoi::Actions actions, Instant now);

  [[nodiscard]] const Holdings& holdings() const noexcept { return holdings_; }
  [[nodiscard]] const gdoi::MemberStatus& status() const noexcept { return member_.status(); }

 private:
  void on(gdoi::Send&& send, Instant now);
  void on(gdoi::InstallPolicy&& install, Instant now);
  void on(gdoi::RegistrationStarted&& started, Instant now);
  void on(gdoi::Phase1Established&& established, Instant now);
  void on(gdoi::RegistrationFailed&& failed, Instant now);
  void on(gdoi::DatagramDropped&& dropped, Instant now);

  void tell(const Holdings::Woken& woken) const;

  GroupIdentity identity_;
  gdoi::Address local_;
  gdoi::GroupMember member_;
  DataPlane& plane_;
  Transport& transport_;
  const Log& log_;
  Holdings holdings_;
  Tally dropped_;
};

}  // namespace agent
