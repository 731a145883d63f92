// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/member.h"

#include "gdoi/member_machine.h"

namespace gdoi {

class GroupMember::Implementation final : public MemberMachine {
  using MemberMachine::MemberMachine;
};

GroupMember::GroupMember(MemberConfig config, Random& random)
    : implementation_{std::make_unique<Implementation>(std::move(config), random)} {}
GroupMember::GroupMember(GroupMember&&) noexcept = default;
GroupMember& GroupMember::operator=(GroupMember&&) noexcept = default;
GroupMember::~GroupMember() = default;

Actions GroupMember::start(Instant now) { return implementation_->start(now); }
Actions GroupMember::reregister(Instant now) { return implementation_->reregister(now); }
Actions GroupMember::start_over(Instant now) { return implementation_->start_over(now); }
Actions GroupMember::receive(const Endpoint& from, View datagram, Instant now,
                             std::uint16_t to_port) {
  return implementation_->receive(from, datagram, now, to_port);
}
bool GroupMember::recognises(View datagram) const { return implementation_->recognises(datagram); }
Actions GroupMember::wake(Instant now) { return implementation_->wake(now); }
std::optional<Instant> GroupMember::deadline() const { return implementation_->deadline(); }
Actions GroupMember::installed(Instant now) { return implementation_->installed(now); }
Actions GroupMember::install_failed(Instant now) { return implementation_->install_failed(now); }
Actions GroupMember::stop(Instant now) { return implementation_->stop(now); }
const MemberStatus& GroupMember::status() const noexcept { return implementation_->status(); }
std::vector<RekeySaStatus> GroupMember::rekey_sas() const { return implementation_->rekey_sas(); }

}  // namespace gdoi
