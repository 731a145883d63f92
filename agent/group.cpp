// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group.h"

#include <algorithm>

#include "agent/address.h"
#include "agent/names.h"
#include "agent/news.h"

namespace agent {
namespace {

std::string server_of(const gdoi::Endpoint& endpoint) {
  if (endpoint.port == gdoi::gdoi_port) return to_string(endpoint.address);
  return fmt::format("{}:{}", to_string(endpoint.address), endpoint.port);
}

std::string explain(const gdoi::RegistrationFailed& failed) {
  auto out = error_text(failed.why);
  if (failed.notification)
    out += fmt::format("; it said {}{}", gdoi::name_of(*failed.notification),
                       failed.notification_authentic ? "" : " (not authenticated)");
  return out;
}

}  // namespace

Group::Group(GroupIdentity identity, gdoi::MemberConfig config, gdoi::Random& random,
             DataPlane& plane, Transport& transport, const Log& log)
    : identity_{std::move(identity)},
      member_{std::move(config), random},
      plane_{plane},
      transport_{transport},
      log_{log},
      dropped_{"datagrams on the GDOI port dropped", seconds{60}} {}

void Group::start(Instant now) { perform(member_.start(now), now); }

void Group::receive(const gdoi::Endpoint& from, gdoi::View datagram, Instant now) {
  perform(member_.receive(from, datagram, now), now);
}

void Group::reregister(Instant now) { perform(member_.reregister(now), now); }

void Group::wake(Instant now) {
  tell(holdings_.wake(plane_, now));
  perform(member_.wake(now), now);
  if (const auto summary = dropped_.summary(now)) log_.notice("{}", *summary);
}

std::optional<Instant> Group::deadline() const {
  std::optional<Instant> first;
  for (const auto& when : {member_.deadline(), holdings_.deadline(), dropped_.deadline()})
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

void Group::tell(const Holdings::Woken& woken) const {
  for (const auto spi : woken.expired) log_.notice("TEK {} has expired", spi_text(spi));
  if (!woken.expired.empty() && holdings_.teks().empty())
    log_.warning(
        "the last TEK of group {} has expired: what the list protects is dropped until a "
        "registration "
        "succeeds",
        identity_.name);
  if (!woken.applied)
    log_.error("the kernel refused the change of keys, next try in {} s: {}",
               Holdings::retry_pause.count(), woken.applied.error().what);
}

void Group::on(gdoi::Send&& send, Instant) { transport_.send(send.to, send.datagram); }

void Group::on(gdoi::RegistrationStarted&& started, Instant) {
  if (holdings_.from() && holdings_.teks().empty())
    log_.warning(
        "%GDOI-4-GM_RE_REGISTER: The IPSec SA created for group {} may have expired/been cleared, "
        "or "
        "didn't go through. Re-register to KS.",
        identity_.name);
  log_.notice(
      "%CRYPTO-5-GM_REGSTER: Start registration to KS {} for group {} using address {} fvrf "
      "default "
      "ivrf default",
      server_of(started.key_server), identity_.name, to_string(identity_.local_address));
}

void Group::on(gdoi::Phase1Established&& established, Instant) {
  log_.info("phase 1 with KS {} is up: {}", server_of(established.key_server),
            phase1_text(established));
}

void Group::on(gdoi::RegistrationFailed&& failed, Instant) {
  log_.warning("registration to KS {} for group {} failed: {}; next is KS {} in {} s",
               server_of(failed.key_server), identity_.name, explain(failed),
               server_of(failed.next_key_server),
               std::chrono::ceil<seconds>(failed.retry_in).count());
}

void Group::on(gdoi::DatagramDropped&& dropped, Instant now) {
  dropped_.count(fmt::format("{} ({})", gdoi::name_of(dropped.why.code), dropped.why.where),
                 to_string(dropped.from), now);
}

void Group::on(gdoi::InstallPolicy&& install, Instant now) {
  const auto server = server_of(install.from);
  const auto local = to_string(identity_.local_address);
  for (const auto& line : oddities_of(install.policy, identity_.send_counter_modes))
    log_.warning("policy from KS {}: {}", server, line);
  const auto news = news_of(install.policy, holdings_);  // before the policy moves

  auto installed = holdings_.install(std::move(install.policy), install.from, plane_, now);
  if (!installed) {
    log_.error(
        "%GDOI-3-GM_FAILED_TO_INSTALL_POLICIES: FAILED: Installation of Reg/Rekey policies from KS "
        "{} for group {} & gm identity {}: {}",
        server, identity_.name, local, installed.error().what);
    return perform(member_.install_failed(now), now);
  }
  for (const auto& line : news) log_.notice("{}", line);
  log_.notice(
      "%GDOI-5-GM_REGS_COMPL: Registration to KS {} complete for group {} using address {} fvrf "
      "default ivrf default",
      server, identity_.name, local);
  log_.notice(
      "%GDOI-5-GM_INSTALL_POLICIES_SUCCESS: SUCCESS: Installation of Reg/Rekey policies from KS {} "
      "for group {} & gm identity {} fvrf default ivrf default",
      server, identity_.name, local);
  perform(member_.installed(now), now);
}

}  // namespace agent
