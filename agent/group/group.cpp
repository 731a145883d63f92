// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/group.h"

#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "agent/config/access_list.h"
#include "agent/config/config_values.h"
#include "agent/group/policy_messages.h"
#include "agent/io/nat_framing.h"

namespace agent {
namespace {

std::string server_of(const gdoi::Endpoint& endpoint) {
  if (endpoint.port == gdoi::gdoi_port) return to_string(endpoint.address);
  return endpoint_text(endpoint);
}

std::string explain(const gdoi::RegistrationFailed& failed) {
  auto out = error_text(failed.why);
  if (failed.notification)
    out += fmt::format("; it said {}{}", gdoi::name_of(*failed.notification),
                       failed.notification_authentic ? "" : " (not authenticated)");
  return out;
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

Group::Group(GroupOptions options, gdoi::MemberConfig config, gdoi::Random& random,
             DataPlane& plane, Transport& transport, const Log& log)
    : options_{std::move(options)},
      member_{std::move(config), random},
      plane_{plane},
      transport_{transport},
      log_{log},
      dropped_{"datagrams on the GDOI port dropped", seconds{60}} {}

Result<void> Group::start(Instant now) {
  const auto found = plane_.survey();
  if (!found) return tl::unexpected<Error>{found.error()};
  sas_.adopt(*found, now);
  if (found->has_policy)
    log_.notice(
        "the kernel has a list of a predecessor and {} states: they stay in force until "
        "the registration",
        found->teks.size());
  else if (options_.fail_close)
    revert();
  if (options_.fail_close && !found->has_policy && !sas_.closed())
    return fail("fail-close could not be put in force");
  perform(member_.start(now), now);
  return {};
}

// revert goes back to fail-close.
void Group::revert() {
  if (const auto closed = sas_.close(plane_); !closed) {
    log_.error("fail-close: {}", closed.error().what);
    return;
  }
  log_.notice("fail-close is in force for group {}: nothing but exceptions passes", options_.name);
}

void Group::receive(const gdoi::Datagram& datagram, Instant now) {
  perform(member_.receive(datagram, now), now);
}

void Group::reregister(Instant now) { perform(member_.reregister(now), now); }

Result<void> Group::start_over(Instant now) {
  if (auto dropped = sas_.drop_teks(plane_, now); !dropped) return dropped;
  log_.notice("%GDOI-5-GM_CLEAR_REGISTER: keys of group {} cleared by the operator", options_.name);
  perform(member_.clear(now), now);
  return {};
}

void Group::reapply(Instant now) {
  if (const auto applied = sas_.reapply(plane_, now); !applied)
    log_.error("the kernel refused a change, next try in {} s: {}", SaTable::retry_pause.count(),
               applied.error().what);
}

void Group::verify(Instant now) {
  const auto differences = plane_.verify();
  if (!differences) {
    log_.error("looking for drift in the kernel: {}", differences.error().what);
    return;
  }
  // A data plane that refused knows nothing to compare with; what changed may have been the reason.
  if (differences->empty() && !sas_.pending()) return;
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(most, differences->size()); ++i)
    log_.warning("drift: {}", (*differences)[i]);
  if (differences->size() > most)
    log_.warning("drift: {} more differences", differences->size() - most);
  if (const auto repaired = sas_.reapply(plane_, now); !repaired)
    log_.error("drift could not be repaired, next try in {} s: {}", SaTable::retry_pause.count(),
               repaired.error().what);
  else
    log_.notice("drift repaired");
}

void Group::wake(Instant now) {
  tell(sas_.wake(plane_, now));
  perform(member_.wake(now), now);
  if (const auto summary = dropped_.summary(now)) log_.notice("{}", *summary);
}

std::optional<Instant> Group::deadline() const {
  std::optional<Instant> first;
  for (const auto& when : {member_.deadline(), sas_.deadline(), dropped_.deadline()})
    if (when) first = std::min(first.value_or(*when), *when);
  return first;
}

Result<void> Group::stop(Instant now) {
  perform(member_.stop(now), now);
  return plane_.clear();
}

void Group::perform(gdoi::Actions actions, Instant now) {
  for (auto& action : actions) std::visit([&](auto& one) { on(std::move(one), now); }, action);
}

void Group::leave(Instant now) { perform(member_.stop(now), now); }

void Group::tell(const SaTable::Woken& woken) {
  for (const auto spi : woken.expired) log_.notice("TEK {} has expired", spi_text(spi));
  if (!woken.applied)
    log_.error("the kernel refused the change of keys, next try in {} s: {}",
               SaTable::retry_pause.count(), woken.applied.error().what);
  if (!woken.ran_out) return;
  log_.warning(
      "the last TEK of group {} has expired: what the list protects is dropped until a "
      "registration "
      "succeeds",
      options_.name);
  if (options_.fail_close_revert) revert();
}

void Group::on(gdoi::Send&& send, Instant) {
  transport_.send(send.to, send.datagram, send.from_port);
}

void Group::on(gdoi::KeepAlive&& keep_alive, Instant) {
  transport_.send(keep_alive.to, nat_keep_alive(), gdoi::nat_traversal_port);
}

void Group::on(gdoi::RegistrationStarted&& started, Instant) {
  if (sas_.from() && sas_.teks().empty())
    log_.warning(
        "%GDOI-4-GM_RE_REGISTER: The IPSec SA created for group {} may have expired/been cleared, "
        "or "
        "didn't go through. Re-register to KS.",
        options_.name);
  log_.notice("%CRYPTO-5-GM_REGSTER: Start registration to KS {} for group {} using address {} {}",
              server_of(started.key_server), options_.name, to_string(options_.local_address),
              vrfs());
}

void Group::on(gdoi::Phase1Established&& established, Instant) {
  log_.info("phase 1 with KS {} is up: {}", server_of(established.key_server),
            phase1_text(established));
  if (!established.nat || nat_told_) return;
  nat_told_ = true;
  log_.warning(
      "a NAT is on the way to KS {}{}: registration and rekeys go by UDP 4500, but what the group "
      "encrypts keeps its addresses and cannot pass a NAT",
      server_of(established.key_server), established.behind_nat ? ", on our side" : "");
}

void Group::on(gdoi::RegistrationFailed&& failed, Instant) {
  log_.warning("registration to KS {} for group {} failed: {}; next is KS {} in {} s",
               server_of(failed.key_server), options_.name, explain(failed),
               server_of(failed.next_key_server),
               std::chrono::ceil<seconds>(failed.retry_in).count());
}

void Group::on(gdoi::DatagramDropped&& dropped, Instant now) {
  dropped_.count(fmt::format("{} ({})", gdoi::name_of(dropped.why.code), dropped.why.where),
                 to_string(dropped.from), now);
}

// check is what the operator has to say about a policy.
Result<void> Group::check(const gdoi::GroupPolicy& policy) const {
  if (auto fine = check_algorithms(policy, options_.acceptance); !fine) return fine;
  if (auto fine = check_spis(policy); !fine) return fine;
  for (const auto& entry : policy.entries) {
    if (entry.action != gdoi::AccessEntry::Action::permit) continue;
    const auto& [protocol, source, destination] = entry.selector;
    if (!is_within(source.addresses, options_.scope) ||
        !is_within(destination.addresses, options_.scope))
      return fail(fmt::format("entry 'permit {}' is outside of the configured scope",
                              gdoi::describe(entry.selector)));
  }
  return {};
}

// check_spis: a key server knows the SPIs of its own groups. What comes in says nothing of its
// group but the SPI, so on one WAN interface the first group that has it keeps it.
Result<void> Group::check_spis(const gdoi::GroupPolicy& policy) const {
  if (!options_.other_receiver) return {};
  for (const auto& tek : policy.teks) {
    if (tek.policy.direction == gdoi::SaDirection::sender_only || sas_.receives(tek.spi)) continue;
    if (const auto other = options_.other_receiver(tek.spi))
      return fail(
          fmt::format("TEK {}: group {} has a TEK with that SPI on the same WAN interface, and "
                      "what comes in under it cannot be told apart",
                      spi_text(tek.spi), *other));
  }
  return {};
}

// A KEK that came by a rekey is followed whatever we say of it; so it is looked at again.
Result<void> Group::check(const gdoi::Rekey& rekey) const {
  for (const auto& kek : member_.rekey_sas())
    if (kek.policy.spi == rekey.under)
      if (auto fine = check_kek(kek.policy, options_.acceptance); !fine) return fine;
  return check(*rekey.policy);
}

void Group::tell_of(const gdoi::GroupPolicy& policy, const std::string& server) const {
  for (const auto& line : policy_warnings(policy, options_.send_counter_modes))
    log_.warning("policy from KS {}: {}", server, line);
}

std::string Group::vrfs() const {
  const auto name = [](const std::string& vrf) { return vrf.empty() ? "default" : vrf.c_str(); };
  return fmt::format("fvrf {} ivrf {}", name(options_.front_vrf), name(options_.inside_vrf));
}

// tell_of_list names what can never match, once for a list.
void Group::tell_of_list(const std::string& server) {
  constexpr std::size_t most = 20;
  auto lines = shadowed_lines(sas_);
  if (lines == told_shadowed_) return;
  for (std::size_t i = 0; i < std::min(most, lines.size()); ++i)
    log_.warning("policy from KS {}: {}", server, lines[i]);
  if (lines.size() > most)
    log_.warning("policy from KS {}: {} more entries can never match", server, lines.size() - most);
  told_shadowed_ = std::move(lines);
}

void Group::tell_failure(const std::string& server, const Error& why) const {
  log_.error(
      "%GDOI-3-GM_FAILED_TO_INSTALL_POLICIES: FAILED: Installation of Reg/Rekey policies from KS "
      "{} for group {} & gm identity {}: {}",
      server, options_.name, to_string(options_.local_address), why.what);
}

void Group::on(gdoi::InstallPolicy&& install, Instant now) {
  const auto server = server_of(install.from);
  const auto local = to_string(options_.local_address);
  tell_of(install.policy, server);
  const auto keks = member_.rekey_sas();
  const auto news = change_messages(  // before the policy moves
      install.policy, sas_,
      std::none_of(keks.begin(), keks.end(), [&](const gdoi::RekeySaStatus& kek) {
        return install.policy.kek && kek.policy.spi == install.policy.kek->policy.spi;
      }));

  auto installed = check(install.policy);
  if (installed) installed = sas_.install(std::move(install.policy), install.from, plane_, now);
  if (!installed) {
    tell_failure(server, installed.error());
    return perform(member_.install_failed(install.token, now), now);
  }
  tell_of_list(server);
  for (const auto& line : news) log_.notice("{}", line);
  log_.notice(
      "%GDOI-5-GM_REGS_COMPL: Registration to KS {} complete for group {} using address {} {}",
      server, options_.name, local, vrfs());
  log_.notice(
      "%GDOI-5-GM_INSTALL_POLICIES_SUCCESS: SUCCESS: Installation of Reg/Rekey policies from KS {} "
      "for group {} & gm identity {} {}",
      server, options_.name, local, vrfs());
  perform(member_.installed(install.token, now), now);
}

void Group::on(gdoi::InstallRekey&& install, Instant now) {
  auto& rekey = install.rekey;
  const auto server = server_of(install.from);
  const auto local = to_string(options_.local_address);
  log_.notice("%GDOI-5-GM_RECV_REKEY: Received Rekey for group {} from {} to {} with seq # {}",
              options_.name, server, local, rekey.sequence.value);
  tell_form(rekey, server);
  if (!rekey.deletes.empty())
    log_.notice("%GDOI-5-GM_RECV_DELETE: GM received delete-msg from KS in group {}. {}",
                options_.name, deletes_text(rekey.deletes));
  std::vector<std::string> news;
  Result<void> done;
  if (rekey.policy) {
    tell_of(*rekey.policy, server);
    news = change_messages(*rekey.policy, sas_, rekey.new_kek);
    done = check(rekey);
  }
  if (done) done = sas_.rekey(std::move(rekey), plane_, now);
  if (!done) {
    tell_failure(server, done.error());
    return perform(member_.install_failed(install.token, now), now);
  }
  tell_of_list(server);
  for (const auto& line : news) log_.notice("{}", line);
  log_.notice(
      "%GDOI-5-GM_INSTALL_POLICIES_SUCCESS: SUCCESS: Installation of Reg/Rekey policies from KS {} "
      "for group {} & gm identity {} {}",
      server, options_.name, local, vrfs());
  perform(member_.installed(install.token, now), now);
}

// A key server hardly ever changes how it signs. What it does is worth knowing when two
// implementations meet.
void Group::tell_form(const gdoi::Rekey& rekey, const std::string& server) {
  if (form_ == rekey.form) return;
  form_ = rekey.form;
  log_.info("KS {} signs rekeys over the {}{}", server, gdoi::name_of(rekey.form.header),
            rekey.form.encoding == gdoi::SignatureEncoding::raw_hash
                ? ", the hash without DigestInfo"
                : "");
}

void Group::on(gdoi::ListenForRekeys&& listen, Instant) {
  for (const auto& group : listen.groups)
    log_.info("rekeys of group {} come by multicast to {}", options_.name, to_string(group));
  transport_.listen(listen.groups);
}

void Group::on(gdoi::RekeyRefused&& refused, Instant) {
  log_.error("rekey # {} of KS {} for group {} is refused, a registration follows: {}",
             refused.sequence.value, server_of(refused.from), options_.name,
             error_text(refused.why));
}

void Group::on(gdoi::RekeyRepeated&& repeated, Instant) {
  log_.debug("rekey # {} of KS {} came again", repeated.sequence.value, server_of(repeated.from));
}

void Group::on(gdoi::KekUnusable&& unusable, Instant) {
  log_.warning(
      "rekeys of group {} cannot be verified and are ignored, keys come by registering: {}",
      options_.name, error_text(unusable.why));
}

}  // namespace agent
