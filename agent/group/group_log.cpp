// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/group_log.h"

#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "agent/config/access_list.h"
#include "agent/config/config_values.h"
#include "agent/config/octet_values.h"
#include "agent/group/policy_messages.h"

namespace agent {
namespace {

constexpr std::size_t most_lines = 20;  // of one sort

std::string server_of(const gdoi::Endpoint& endpoint) {
  if (endpoint.port == gdoi::gdoi_port) return to_string(endpoint.address);
  return endpoint_text(endpoint);
}

std::string explain(const gdoi::RegistrationFailed& failed) {
  auto out = error_text(failed.why);
  if (failed.notification)
    out += fmt::format("; it sent {}{}", gdoi::name_of(*failed.notification),
                       failed.notification_authentic ? "" : " (not authenticated)");
  return out;
}

// advice_on tells what to look at when the failure itself does not say; empty: there is no more to
// tell.
std::string advice_on(const gdoi::RegistrationFailed& failed, const GroupNames& names) {
  const auto server = server_of(failed.key_server);
  if (failed.silent)
    return fmt::format(
        "group {}: nothing at all comes back from KS {}: see whether UDP {} passes both ways "
        "between it and {}, and whether it serves GDOI",
        names.group, server, failed.key_server.port, to_string(names.local_address));
  if (failed.notification == gdoi::NotifyType::no_proposal_chosen && !failed.notification_authentic)
    return fmt::format(
        "group {}: KS {} takes none of our phase 1 proposals ({}): compare them with its ISAKMP "
        "policies, and set ike-proposal",
        names.group, server, names.proposals);
  return {};
}

std::string deletes_text(const gdoi::Deletes& deletes) {
  std::string out;
  const auto add = [&out](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (deletes.all_teks) add("all TEKs");
  if (deletes.all_keks) add("all KEKs");
  for (const auto spi : deletes.teks) add("TEK " + spi_text(spi));
  for (const auto& spi : deletes.keks) add("KEK 0x" + spi_text(spi));
  return "It deletes " + out;
}

}  // namespace

std::string GroupLog::vrfs() const {
  const auto name = [](const std::string& vrf) { return vrf.empty() ? "default" : vrf.c_str(); };
  return fmt::format("fvrf {} ivrf {}", name(names_.front_vrf), name(names_.inside_vrf));
}

void GroupLog::adopted(const ExistingState& existing) const {
  tell(
      Level::notice, EventKind::adopted, {},
      "the kernel has the list of an earlier run and {}: they stay in force until the registration",
      counted(existing.teks.size(), "TEK", "TEKs"));
}

void GroupLog::fail_closed(const Result<void>& outcome) const {
  if (!outcome) return log_.error("fail-close: {}", outcome.error().what);
  tell(Level::notice, EventKind::fail_closed, {},
       "fail-close is in force for group {}: only the exceptions pass", names_.group);
}

void GroupLog::keys_cleared() const {
  tell(Level::notice, EventKind::cleared, {},
       "%GDOI-5-GM_CLEAR_REGISTER: keys of group {} cleared by the operator", names_.group);
}

void GroupLog::reapplied(const Result<void>& outcome, seconds next_try) const {
  if (!outcome)
    log_.error("the kernel refused a change, next try in {} s: {}", next_try.count(),
               outcome.error().what);
}

void GroupLog::drift(const std::vector<std::string>& differences) const {
  for (std::size_t i = 0; i < std::min(most_lines, differences.size()); ++i)
    tell(Level::warning, EventKind::drift, {}, "drift: {}", differences[i]);
  if (differences.size() > most_lines)
    log_.warning("drift: {}",
                 counted(differences.size() - most_lines, "more difference", "more differences"));
}

void GroupLog::cannot_look_for_drift(const Error& why, seconds next_try) const {
  log_.error("cannot read kernel state to look for drift, next try in {} s: {}", next_try.count(),
             why.what);
}

void GroupLog::drift_repaired(const Result<void>& outcome, seconds next_try) const {
  if (outcome) return log_.notice("drift repaired");
  log_.error("drift could not be repaired, next try in {} s: {}", next_try.count(),
             outcome.error().what);
}

void GroupLog::woken(const SaTable::Woken& woken, seconds next_try) const {
  for (const auto spi : woken.expired)
    tell(Level::notice, EventKind::tek_expired, {{"spi", spi_text(spi)}}, "TEK {} has expired",
         spi_text(spi));
  for (const auto spi : woken.deactivated)
    log_.notice("TEK {} is removed: it was replaced, and its deactivation delay is over",
                spi_text(spi));
  if (!woken.applied)
    log_.error("the kernel refused the change of keys, next try in {} s: {}", next_try.count(),
               woken.applied.error().what);
  if (woken.ran_out)
    tell(Level::warning, EventKind::lost, {},
         "the last TEK of group {} has expired: what the list protects is dropped until a "
         "registration succeeds",
         names_.group);
}

void GroupLog::others_send(const std::vector<gdoi::Spi>& spis, const Result<void>& outcome,
                           seconds next_try) const {
  if (!outcome) return reapplied(outcome, next_try);
  for (const auto spi : spis)
    log_.notice("TEK {} is sent on from now on: others do so already", spi_text(spi));
}

void GroupLog::cannot_look_for_packets(const Error& why, seconds next_try) const {
  log_.warning("cannot read whether others send on a new TEK, next try in {} s: {}",
               next_try.count(), why.what);
}

void GroupLog::registration_started(const gdoi::RegistrationStarted& started, const SaTable& sas,
                                    Instant now) {
  asked_ = {started.key_server, now + patience};
  const bool again = sas.from().has_value();
  if (again && sas.teks().empty())
    log_.warning(
        "%GDOI-4-GM_RE_REGISTER: The IPSec SA created for group {} may have expired/been cleared, "
        "or didn't go through. Re-register to KS.",
        names_.group);
  tell(Level::notice, EventKind::registering,
       {{"key_server", server_of(started.key_server)}, {"again", again ? "yes" : "no"}},
       "%CRYPTO-5-GM_REGSTER: Start registration to KS {} for group {} using address {} {}",
       server_of(started.key_server), names_.group, to_string(names_.local_address), vrfs());
}

void GroupLog::registration_postponed(const gdoi::RegistrationPostponed& postponed) const {
  log_.warning(
      "registration to KS {} for group {} is put off by {} s: there were too many of late. Look at "
      "the lifetimes and rekeys of the key server",
      server_of(postponed.key_server), names_.group,
      std::chrono::ceil<seconds>(postponed.by).count());
}

void GroupLog::phase1_established(const gdoi::Phase1Established& established) {
  asked_.reset();
  log_.info("phase 1 with KS {} is up: {}", server_of(established.key_server),
            phase1_text(established));
  for (const auto& vendor_id : established.vendor_ids)
    log_.debug("vendor ID of KS {}: {}", server_of(established.key_server),
               gdoi::hex_text(vendor_id, vendor_id.size()));
  if (!established.nat || nat_logged_) return;
  nat_logged_ = true;
  log_.warning(
      "a NAT is on the way to KS {}{}: registration and rekeys go by UDP 4500, but what the group "
      "encrypts keeps its addresses and cannot pass a NAT",
      server_of(established.key_server), established.behind_nat ? ", on our side" : "");
}

void GroupLog::registration_failed(const gdoi::RegistrationFailed& failed) {
  asked_.reset();
  tell(Level::warning, EventKind::registration_failed,
       {{"key_server", server_of(failed.key_server)}, {"reason", explain(failed)}},
       "%GDOI-4-GM_REGS_FAILED: registration to KS {} for group {} failed: {}; next is KS {} in {} "
       "s",
       server_of(failed.key_server), names_.group, explain(failed),
       server_of(failed.next_key_server), std::chrono::ceil<seconds>(failed.retry_in).count());
  advise(advice_on(failed, names_));
}

void GroupLog::advise(std::string advice) {
  if (advised_.size() == most_lines)
    advised_.clear();  // addresses of a name may be others each day
  if (advice.empty()) return;
  const auto [told, is_new] = advised_.insert(std::move(advice));
  if (is_new) log_.warning("{}", *told);
}

void GroupLog::registered(const gdoi::Endpoint& from) {
  advised_.clear();
  tell(Level::notice, EventKind::registered, {{"key_server", server_of(from)}},
       "%GDOI-5-GM_REGS_COMPL: Registration to KS {} complete for group {} using address {} {}",
       server_of(from), names_.group, to_string(names_.local_address), vrfs());
}

void GroupLog::rekey_received(const gdoi::Endpoint& from, const gdoi::Rekey& rekey) {
  const auto server = server_of(from);
  tell(Level::notice, EventKind::rekeyed,
       {{"key_server", server}, {"sequence", fmt::to_string(rekey.sequence.value)}},
       "%GDOI-5-GM_RECV_REKEY: Received Rekey for group {} from {} to {} with seq # {}",
       names_.group, server, to_string(names_.local_address), rekey.sequence.value);
  signed_form(rekey, server);
  if (!rekey.deletes.empty())
    tell(Level::notice, EventKind::deleted, {{"key_server", server}},
         "%GDOI-5-GM_RECV_DELETE: GM received delete-msg from KS in group {}. {}", names_.group,
         deletes_text(rekey.deletes));
}

// A key server hardly ever changes how it signs. What it does is worth knowing when two
// implementations meet.
void GroupLog::signed_form(const gdoi::Rekey& rekey, const std::string& server) {
  if (form_ == rekey.form) return;
  form_ = rekey.form;
  log_.info("KS {} signs rekeys over the {}{}", server, gdoi::name_of(rekey.form.header),
            rekey.form.encoding == gdoi::SignatureEncoding::raw_hash
                ? ", the hash without DigestInfo"
                : "");
}

void GroupLog::rekey_refused(const gdoi::RekeyRefused& refused) const {
  tell(Level::error, EventKind::rekey_refused,
       {{"key_server", server_of(refused.from)},
        {"sequence", fmt::to_string(refused.sequence.value)},
        {"reason", error_text(refused.why)}},
       "rekey # {} of KS {} for group {} is refused, a registration follows: {}",
       refused.sequence.value, server_of(refused.from), names_.group, error_text(refused.why));
}

void GroupLog::rekey_repeated(const gdoi::RekeyRepeated& repeated) const {
  log_.debug("duplicate rekey # {} of KS {}", repeated.sequence.value, server_of(repeated.from));
}

void GroupLog::kek_unusable(const gdoi::KekUnusable& unusable) const {
  log_.warning(
      "rekeys of group {} cannot be verified and are ignored; new keys come by registration only: "
      "{}",
      names_.group, error_text(unusable.why));
}

void GroupLog::rekey_key(gdoi::View before, gdoi::View now) const {
  if (before.empty() || now.empty() ||
      std::equal(before.begin(), before.end(), now.begin(), now.end()))
    return;
  tell(Level::warning, EventKind::rekey_key, {{"key", rekey_key_text(now)}},
       "rekeys are signed by another key now, {}; it was {}", rekey_key_text(now),
       rekey_key_text(before));
}

void GroupLog::rekey_key_accepted(gdoi::View digest) const {
  log_.notice("the operator accepted {} for the key that signs rekeys of group {}",
              rekey_key_text(digest), names_.group);
}

void GroupLog::rekeys_expected(const gdoi::ListenForRekeys& listen) const {
  for (const auto& group : listen.groups)
    log_.info("rekeys of group {} come by multicast to {}", names_.group, to_string(group));
}

void GroupLog::policy_warnings(const gdoi::Endpoint& from, const gdoi::GroupPolicy& policy,
                               bool send_counter_modes) const {
  for (const auto& line : agent::policy_warnings(policy, send_counter_modes))
    log_.warning("policy from KS {}: {}", server_of(from), line);
}

void GroupLog::policy_installed(const gdoi::Endpoint& from, const std::vector<std::string>& changes,
                                const SaTable& sas) {
  shadowed_entries(sas, server_of(from));
  for (const auto& line : changes) log_.notice("{}", line);
}

// shadowed_entries names what can never match, once for a list.
void GroupLog::shadowed_entries(const SaTable& sas, const std::string& server) {
  auto lines = shadowed_lines(sas);
  if (lines == logged_shadowed_) return;
  for (std::size_t i = 0; i < std::min(most_lines, lines.size()); ++i)
    log_.warning("policy from KS {}: {}", server, lines[i]);
  if (lines.size() > most_lines)
    log_.warning("policy from KS {}: {} shadowed", server,
                 counted(lines.size() - most_lines, "more entry is", "more entries are"));
  logged_shadowed_ = std::move(lines);
}

void GroupLog::policy_success(const gdoi::Endpoint& from) const {
  tell(
      Level::notice, EventKind::installed, {{"key_server", server_of(from)}},
      "%GDOI-5-GM_INSTALL_POLICIES_SUCCESS: SUCCESS: Installation of Reg/Rekey policies from KS {} "
      "for group {} & gm identity {} {}",
      server_of(from), names_.group, to_string(names_.local_address), vrfs());
}

void GroupLog::policy_failed(const gdoi::Endpoint& from, const Error& why) const {
  tell(Level::error, EventKind::install_failed,
       {{"key_server", server_of(from)}, {"reason", why.what}},
       "%GDOI-3-GM_FAILED_TO_INSTALL_POLICIES: FAILED: Installation of Reg/Rekey policies from KS "
       "{} for group {} & gm identity {}: {}",
       server_of(from), names_.group, to_string(names_.local_address), why.what);
}

void GroupLog::replays_dropped(std::span<const SenderDrops> drops) const {
  constexpr std::size_t most = 4;
  if (drops.empty()) return;
  std::string networks;
  for (const auto& one : drops.first(std::min(most, drops.size())))
    networks += fmt::format("{}{} ({} of {})", networks.empty() ? "" : ", ",
                            range_text(one.network), one.dropped, one.packets + one.dropped);
  if (drops.size() > most) networks += fmt::format(" and {} more", drops.size() - most);
  tell(Level::warning, EventKind::replay, {{"networks", networks}},
       "replay windows of group {} drop much of what comes from {}: recorded packets are sent "
       "again, "
       "or two senders are behind one network (replay-senders)",
       names_.group, networks);
}

void GroupLog::datagram_dropped(const gdoi::DatagramDropped& dropped, Instant now) {
  dropped_.count(fmt::format("{} ({})", gdoi::name_of(dropped.why.code), dropped.why.where),
                 to_string(dropped.from), now);
}

void GroupLog::answer_ignored(const gdoi::AnswerIgnored& ignored, Instant now) {
  if (ignored_logged_at_ && now < *ignored_logged_at_ + ignored_pause) return;
  ignored_logged_at_ = now;
  const auto from = to_string(ignored.from.address);
  log_.warning(
      "what KS {} was asked is answered from {}, which is ignored: if that is the key server, too, "
      "set 'answer-from = {}'",
      server_of(ignored.key_server), from, from);
}

std::optional<Instant> GroupLog::deadline() const {
  if (!asked_) return dropped_.deadline();
  return std::min(asked_->hint_at, dropped_.deadline().value_or(asked_->hint_at));
}

void GroupLog::wake(Instant now) {
  if (asked_ && asked_->hint_at <= now) {
    advise(
        fmt::format("group {}: no phase 1 with KS {} after {} s: see whether UDP {} passes both "
                    "ways between it and {}, and whether it serves GDOI",
                    names_.group, server_of(asked_->key_server), patience.count(),
                    asked_->key_server.port, to_string(names_.local_address)));
    asked_.reset();
  }
  if (const auto summary = dropped_.summary(now)) log_.notice("{}", *summary);
}

}  // namespace agent
