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
Actions GroupMember::clear(Instant now) { return implementation_->clear(now); }
Actions GroupMember::receive(const Datagram& datagram, Instant now) {
  return implementation_->receive(datagram, now);
}
bool GroupMember::owns(const Datagram& datagram) const { return implementation_->owns(datagram); }
Actions GroupMember::wake(Instant now) { return implementation_->wake(now); }
std::optional<Instant> GroupMember::deadline() const { return implementation_->deadline(); }
Actions GroupMember::installed(InstallToken token, Instant now) {
  return implementation_->installed(token, now);
}
Actions GroupMember::install_failed(InstallToken token, Instant now) {
  return implementation_->install_failed(token, now);
}
Actions GroupMember::stop(Instant now) { return implementation_->stop(now); }
MemberStatus GroupMember::status() const { return implementation_->status(); }
std::vector<RekeySaStatus> GroupMember::rekey_sas() const { return implementation_->rekey_sas(); }

}  // namespace gdoi
