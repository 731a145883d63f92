// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/group_session.h"

#include <algorithm>
#include <utility>

#include "agent/base/timers.h"
#include "agent/group/policy_messages.h"
#include "agent/io/nat_framing.h"
#include "gdoi/policy/rekey_key.h"

namespace agent {

GroupSession::GroupSession(GroupOptions options, gdoi::MemberConfig config,
                           const SessionServices& services)
    : options_{std::move(options)},
      member_{std::move(config), services.random},
      random_{services.random},
      plane_{services.plane},
      transport_{services.transport},
      kept_{services.kept},
      log_{options_.names, services.log, services.events},
      spis_{services.spis, options_.names.group, options_.interfaces},
      rekey_key_{options_.rekey_keys, services.kept, services.table},
      gate_{options_.acceptance, rekey_key_, options_.scope, spis_, sas_},
      errors_{options_.recovery},
      replays_{options_.replay_senders} {}

void GroupSession::configure(GroupOptions options) {
  options_ = std::move(options);
  log_.set_names(options_.names);
  spis_.set_group(options_.names.group);
  rekey_key_.configure(options_.rekey_keys);
  errors_.configure(options_.recovery);
  replays_.configure(options_.replay_senders);
}

std::vector<gdoi::Spi> GroupSession::received_spis() const {
  std::vector<gdoi::Spi> out;
  for (const auto& tek : sas_.applied().teks)
    if (tek.receive) out.push_back(tek.spi);
  return out;
}

// hold_spis follows each change of what is received.
void GroupSession::hold_spis() { spis_.hold(received_spis()); }

std::vector<gdoi::RekeySpi> GroupSession::held_keks() const {
  std::vector<gdoi::RekeySpi> out;
  for (const auto& kek : member_.rekey_sas()) out.push_back(kek.policy.spi);
  return out;
}

// check_errors looks for signs of other keys while nothing else is under way that may bring them.
void GroupSession::check_errors(Instant now) {
  const auto due = errors_.deadline();
  if (!due || now < *due) return;
  const auto stands = [&] {
    return member_.status().state == gdoi::MemberStatus::State::registered;
  };
  if (!stands()) return errors_.skip(now);
  check_unknown_spis(now);
  if (stands()) check_unknown_keks(now);
  if (stands()) check_one_way(now);
}

void GroupSession::check_unknown_spis(Instant now) {
  if (errors_.spis.wants_look(now)) {
    const auto counted = plane_.unknown_spis();
    log_.unknown_spis(counted);
    if (!counted) return errors_.spis.skip(now);
    errors_.spis.look(*counted, received_spis(), now, random_);
  }
  const auto strange = errors_.spis.take(received_spis(), now);
  if (strange.empty()) return;
  log_.recovery(strange, errors_.spis.status(now).limit, now);
  std::vector<gdoi::Spi> spis;
  for (const auto& one : strange) spis.push_back(one.spi);
  sas_.others_send_on(std::move(spis));
  perform(member_.register_with_next(now), now);
}

void GroupSession::check_unknown_keks(Instant now) {
  errors_.keks.follow(held_keks(), now);
  const auto kek = errors_.keks.take(now);
  if (!kek) return;
  log_.unknown_kek(*kek, errors_.keks.status(now).limit, now);
  perform(member_.register_with(kek->from.address, now), now);
}

void GroupSession::check_one_way(Instant now) {
  if (errors_.one_way.wants_look(now)) {
    const auto counted = plane_.counters();
    if (!counted) return errors_.one_way.skip(now);
    errors_.one_way.look(*counted, now, random_);
  }
  const auto silence = errors_.one_way.take(now);
  if (!silence) return;
  log_.one_way(*silence, errors_.one_way.status(now), now);
  behind_ = true;
  perform(member_.register_with_next(now), now);
}

// check_replays looks for networks whose window drops much of what comes.
void GroupSession::check_replays(Instant now) {
  if (!replays_.wants_look(now)) return;
  const auto counted = plane_.counters();
  if (!counted) return replays_.skip(now);
  log_.replays_dropped(replays_.look(*counted, now));
}

Result<void> GroupSession::start(Instant now, bool closed) {
  const auto existing = plane_.survey();
  if (!existing) return tl::unexpected<Error>{existing.error()};
  sas_.adopt(*existing, now);
  hold_spis();
  const bool adopted = existing->has_policy && !closed;
  if (adopted)
    log_.adopted(*existing);
  else if (options_.fail_close)
    revert();
  if (options_.fail_close && !adopted && !sas_.closed())
    return fail("fail-close could not be put in force");
  errors_.skip(now);
  perform(member_.start(now), now);
  return {};
}

// revert goes back to fail-close.
void GroupSession::revert() {
  log_.fail_closed(sas_.close(plane_));
  hold_spis();
}

void GroupSession::receive(const gdoi::Datagram& datagram, Instant now) {
  perform(member_.receive(datagram, now), now);
}

void GroupSession::set_key_servers(std::vector<gdoi::KeyServer> key_servers, Instant now) {
  perform(member_.set_key_servers(std::move(key_servers), now), now);
}

void GroupSession::reregister(Instant now) {
  behind_ = true;
  perform(member_.reregister(now), now);
}

Result<void> GroupSession::clear(Instant now) {
  if (auto dropped = sas_.drop_teks(plane_, now); !dropped) return dropped;
  hold_spis();
  errors_.forget();
  log_.keys_cleared();
  perform(member_.clear(now), now);
  return {};
}

Result<void> GroupSession::accept_rekey_key(Instant now) {
  const auto accepted = rekey_key_.accept(now);
  if (!accepted) return tl::unexpected<Error>{accepted.error()};
  log_.rekey_key_accepted(*accepted);
  reregister(now);
  return {};
}

void GroupSession::reapply(Instant now) {
  const auto outcome = sas_.reapply(plane_, now);
  log_.reapplied(outcome, sas_.retry_pause());
  hold_spis();
}

bool GroupSession::verify(Instant now) {
  const auto differences = plane_.verify();
  if (!differences) {
    log_.cannot_look_for_drift(differences.error(), failed_look_pause);
    return false;
  }
  log_.drift(*differences);
  // A data plane that refused knows nothing to compare with; what changed may have been the reason.
  if (differences->empty() && !sas_.pending()) return true;
  const auto outcome = sas_.reapply(plane_, now);
  log_.drift_repaired(outcome, sas_.retry_pause());
  if (outcome) ++drift_repairs_;
  hold_spis();
  return true;
}

// look_for_first_packets: who sends on a TEK has it, and so have all others, or will in a moment.
void GroupSession::look_for_first_packets(Instant now) {
  if (now < look_at_) return;
  const auto awaited = sas_.awaited();
  if (awaited.empty()) return;
  look_at_ = now + look_pause;
  const auto counters = plane_.counters();
  if (!counters) {
    look_at_ = now + failed_look_pause;
    return log_.cannot_look_for_packets(counters.error(), failed_look_pause);
  }
  std::vector<gdoi::Spi> seen;
  for (const auto& row : *counters)
    if (!row.outbound && row.packets > 0 &&
        std::find(awaited.begin(), awaited.end(), row.spi) != awaited.end())
      seen.push_back(row.spi);
  if (seen.empty()) return;
  const auto outcome = sas_.start_sending(seen, plane_, now);
  log_.others_send(seen, outcome, sas_.retry_pause());
  hold_spis();
}

void GroupSession::wake(Instant now) {
  const auto woken = sas_.wake(plane_, now);
  hold_spis();
  log_.woken(woken, sas_.retry_pause());
  look_for_first_packets(now);
  if (woken.ran_out && options_.fail_close_revert) revert();
  perform(member_.wake(now), now);
  check_errors(now);
  check_replays(now);
  log_.wake(now);
}

std::optional<Instant> GroupSession::deadline() const {
  auto first = earliest({member_.deadline(), sas_.deadline(), log_.deadline(), errors_.deadline(),
                         replays_.deadline()});
  return sas_.awaited().empty() ? first : earliest({first, look_at_});
}

Result<void> GroupSession::stop(Instant now) {
  perform(member_.stop(now), now);
  return plane_.clear();
}

void GroupSession::leave(Instant now) { perform(member_.stop(now), now); }

void GroupSession::perform(gdoi::Actions actions, Instant now) {
  for (auto& action : actions) std::visit([&](auto& one) { on(std::move(one), now); }, action);
}

void GroupSession::on(gdoi::Send&& send, Instant) {
  transport_.send(send.to, send.datagram, send.from_port);
}

void GroupSession::on(gdoi::KeepAlive&& keep_alive, Instant) {
  transport_.send(keep_alive.to, nat_keep_alive(), gdoi::nat_traversal_port);
}

void GroupSession::on(gdoi::InstallPolicy&& install, Instant now) {
  const auto from = install.from;
  auto& policy = install.policy;
  log_.policy_warnings(from, policy, options_.send_counter_modes);
  const auto keks = member_.rekey_sas();
  const bool new_kek = std::none_of(keks.begin(), keks.end(), [&](const gdoi::RekeySaStatus& kek) {
    return policy.kek && kek.policy.spi == policy.kek->policy.spi;
  });
  const auto changes = change_messages(policy, sas_, new_kek);  // before the policy moves

  auto signer = policy.kek ? gdoi::rekey_key_digest(*policy.kek) : gdoi::Bytes{};
  auto installed = gate_.check(policy);
  // What we ask for by ourselves may be about a rekey that others missed, too.
  const bool behind = std::exchange(behind_, false);
  if (installed) installed = sas_.install(std::move(policy), from, plane_, now, behind);
  if (!installed) {
    log_.policy_failed(from, installed.error());
    return perform(member_.install_failed(install.token, now), now);
  }
  hold_spis();
  log_.rekey_key(rekey_key_.current(), signer);
  rekey_key_.installed(std::move(signer), now);
  log_.policy_installed(from, changes, sas_);
  log_.registered(from);
  log_.policy_success(from);
  perform(member_.installed(install.token, now), now);
}

void GroupSession::on(gdoi::InstallRekey&& install, Instant now) {
  const auto from = install.from;
  auto& rekey = install.rekey;
  log_.rekey_received(from, rekey);
  std::vector<std::string> changes;
  Result<void> installed;
  if (rekey.policy) {
    log_.policy_warnings(from, *rekey.policy, options_.send_counter_modes);
    changes = change_messages(*rekey.policy, sas_, rekey.new_kek);
    installed = gate_.check(rekey, member_.rekey_sas());
  }
  auto signer = rekey.policy && rekey.policy->kek ? gdoi::rekey_key_digest(*rekey.policy->kek)
                                                  : rekey_key_.current();
  if (installed) installed = sas_.rekey(std::move(rekey), plane_, now);
  if (!installed) {
    log_.policy_failed(from, installed.error());
    return perform(member_.install_failed(install.token, now), now);
  }
  hold_spis();
  log_.rekey_key(rekey_key_.current(), signer);
  rekey_key_.installed(std::move(signer), now);
  log_.policy_installed(from, changes, sas_);
  log_.policy_success(from);
  perform(member_.installed(install.token, now), now);
}

void GroupSession::on(gdoi::ListenForRekeys&& listen, Instant) {
  log_.rekeys_expected(listen);
  transport_.listen(listen.groups);
}

void GroupSession::on(gdoi::LocateKeyServers&&, Instant) { transport_.locate_key_servers(); }

void GroupSession::on(gdoi::RegistrationStarted&& started, Instant now) {
  log_.registration_started(started, sas_, now);
}

void GroupSession::on(gdoi::RegistrationPostponed&& postponed, Instant) {
  log_.registration_postponed(postponed);
}

void GroupSession::on(gdoi::Phase1Established&& established, Instant) {
  log_.phase1_established(established);
  vendor_ids_ = std::move(established.vendor_ids);
}

void GroupSession::on(gdoi::RegistrationFailed&& failed, Instant) {
  log_.registration_failed(failed);
}

void GroupSession::on(gdoi::RekeyRefused&& refused, Instant) { log_.rekey_refused(refused); }

void GroupSession::on(gdoi::RekeyRepeated&& repeated, Instant) { log_.rekey_repeated(repeated); }

void GroupSession::on(gdoi::KekUnusable&& unusable, Instant) { log_.kek_unusable(unusable); }

void GroupSession::on(gdoi::DatagramDropped&& dropped, Instant now) {
  log_.datagram_dropped(dropped, now);
}

void GroupSession::on(gdoi::UnknownKekSeen&& seen, Instant now) {
  // A key server goes on with the rekeys of a group that is not configured any more.
  if (kept_ != nullptr && kept_->has_kek(seen.spi)) return;
  errors_.keks.rekey_came({seen.spi, seen.from}, now, random_);
}

void GroupSession::on(gdoi::AnswerIgnored&& ignored, Instant now) {
  log_.answer_ignored(ignored, now);
}

}  // namespace agent
