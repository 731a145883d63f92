// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/rekey_receiver.h"

#include "gdoi/base/multicast.h"
#include "gdoi/schedule.h"

namespace gdoi {
namespace {

// answer_to is sent from the port that was written to, where it is one of ours for good.
Send answer_to(const Endpoint& to, Bytes datagram, std::uint16_t to_port) {
  return {to, std::move(datagram), to_port == nat_traversal_port ? to_port : gdoi_port};
}

}  // namespace

Result<void> RekeyReceiver::adopt(const std::optional<Kek>& kek, const Address& member,
                                  Instant received_at) {
  status_.since_registration = 0;
  Result<void> adopted;
  if (kek) adopted = table_.adopt(*kek, member, received_at);
  if (!kek || !adopted) table_.clear();
  return adopted;
}

Result<RekeyReceiver::Received> RekeyReceiver::receive(const Datagram& push, PushSender sender,
                                                       InstallToken token, Instant now) {
  // The agent is at work. The key server will repeat itself.
  if (pending_) return fail(Errc::unexpected, "PUSH while a rekey is being installed");
  // One that is not configured becomes known by its first rekey.
  if (status_.last_from && status_.last_from->address == push.from.address)
    sender = PushSender::key_server;
  auto outcome = table_.receive(*push.message, sender, now);
  if (!outcome) return tl::unexpected<Error>{outcome.error()};
  if (auto* rekey = std::get_if<Rekey>(&*outcome))
    return Received{request_install(push, std::move(*rekey), token, now)};
  if (auto* copy = std::get_if<RepeatedPush>(&*outcome))
    return Received{repeated(push, std::move(*copy))};
  const auto& refused = std::get<RefusedPush>(*outcome);
  status_.refused += 1;
  Received out{{}, true};
  out.actions.push_back(RekeyRefused{push.from, refused.sequence, refused.why});
  return out;
}

Actions RekeyReceiver::request_install(const Datagram& push, Rekey rekey, InstallToken token,
                                       Instant now) {
  Pending pending;
  pending.token = token;
  pending.received_at = now;
  pending.from = push.from;
  pending.to_port = push.to_port;
  pending.sequence = rekey.sequence;
  pending.multicast = is_multicast(rekey.sent_to);
  pending.deletes = rekey.deletes;
  if (rekey.policy && rekey.replaces_list) pending.teks = TekLifetimes{*rekey.policy, now};
  pending.acknowledgement = std::move(rekey.acknowledgement);
  pending_ = std::move(pending);

  Actions out;
  out.push_back(InstallRekey{push.from, std::move(rekey), token});
  return out;
}

RekeyReceiver::Installed RekeyReceiver::installed(Instant now) {
  assert(pending_);
  Pending done = std::move(*pending_);
  pending_.reset();
  table_.installed();
  status_.since_registration += 1;
  (done.multicast ? status_.multicast : status_.unicast) += 1;
  status_.last_from = done.from;
  status_.last_sequence = done.sequence;
  status_.last_at = now;
  if (done.teks) list_received_at_ = done.received_at;

  Installed out{std::move(done.deletes), std::move(done.teks), {}};
  out.actions = acknowledge(std::move(done), now);
  return out;
}

Actions RekeyReceiver::acknowledge(Pending rekey, Instant now) {
  Actions out;
  if (!rekey.acknowledgement) return out;
  status_.acknowledgements_sent += 1;
  auto send = answer_to(rekey.from, std::move(*rekey.acknowledgement), rekey.to_port);
  if (!rekey.multicast) {
    out.push_back(std::move(send));
    return out;
  }
  const Instant at = now + up_to(jitter_, *random_);
  const auto place = std::find_if(delayed_.begin(), delayed_.end(),
                                  [at](const Delayed& one) { return one.at > at; });
  delayed_.insert(place, {at, std::move(send)});
  return out;
}

Actions RekeyReceiver::repeated(const Datagram& push, RepeatedPush copy) {
  status_.repeated += 1;
  Actions out;
  const bool waits = std::any_of(delayed_.begin(), delayed_.end(), [&](const Delayed& one) {
    return copy.acknowledgement && one.send.datagram == *copy.acknowledgement;
  });
  if (copy.acknowledgement && !waits) {
    status_.acknowledgements_sent += 1;
    out.push_back(answer_to(push.from, std::move(*copy.acknowledgement), push.to_port));
  }
  out.push_back(RekeyRepeated{push.from, copy.sequence});
  return out;
}

bool RekeyReceiver::list_is_newer_than(Instant policy) const noexcept {
  if (pending_ && pending_->teks && pending_->received_at >= policy) return true;
  return list_received_at_ && *list_received_at_ >= policy;
}

std::optional<Instant> RekeyReceiver::delayed_until() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.front().at;
}

Actions RekeyReceiver::send_delayed(Instant now) {
  Actions out;
  while (!delayed_.empty() && now >= delayed_.front().at) {
    out.push_back(std::move(delayed_.front().send));
    delayed_.erase(delayed_.begin());
  }
  return out;
}

bool RekeyReceiver::expects_unicast() const {
  const auto all = table_.status();
  return std::any_of(all.begin(), all.end(), [](const RekeySaStatus& sa) {
    return !is_multicast(sa.policy.destination.addresses.first);
  });
}

std::optional<ListenForRekeys> RekeyReceiver::changed_groups() {
  std::vector<Endpoint> groups;
  for (const auto& sa : table_.status()) {
    const auto& destination = sa.policy.destination;
    const std::uint16_t port = destination.port != 0 ? destination.port : gdoi_port;
    if (is_multicast(destination.addresses.first))
      groups.push_back({destination.addresses.first, port});
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  if (groups == groups_) return std::nullopt;
  groups_ = groups;
  return ListenForRekeys{std::move(groups)};
}

void RekeyReceiver::clear() {
  table_.clear();
  pending_.reset();
  list_received_at_.reset();
  delayed_.clear();
}

}  // namespace gdoi
