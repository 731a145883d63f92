// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/base/event_counter.h"
#include "agent/base/log.h"
#include "agent/group/error_monitoring.h"
#include "agent/group/events.h"
#include "agent/group/replay_check.h"
#include "agent/group/sa_table.h"
#include "gdoi/member.h"

namespace agent {

// GroupNames is what the log calls a group and where it is.
struct GroupNames {
  std::string group;
  gdoi::Address local_address;
  // Key servers are reached through the one VRF, and what was decrypted goes on in the other.
  std::string front_vrf = {}, inside_vrf = {};  // empty: none
  std::string proposals = {};                   // of phase 1, as the configuration writes them
};

// GroupLog words what happens to a group, in Cisco's terms where Cisco has some. A method an event.
class GroupLog {
 public:
  // `log` and `events` must outlive it; without events only the log is written.
  GroupLog(GroupNames names, const Log& log, Events* events)
      : names_{std::move(names)}, log_{log}, events_{log, events} {}
  void set_names(GroupNames names) { names_ = std::move(names); }

  void adopted(const ExistingState& existing) const;
  void fail_closed(const Result<void>& outcome) const;
  void keys_cleared() const;
  void reapplied(const Result<void>& outcome, seconds next_try) const;
  void drift(const std::vector<std::string>& differences) const;
  void cannot_look_for_drift(const Error& why, seconds next_try) const;
  void drift_repaired(const Result<void>& outcome, seconds next_try) const;
  void woken(const SaTable::Woken& woken, seconds next_try) const;
  void others_send(const std::vector<gdoi::Spi>& spis, const Result<void>& outcome,
                   seconds next_try) const;
  void cannot_look_for_packets(const Error& why, seconds next_try) const;

  void registration_started(const gdoi::RegistrationStarted& started, const SaTable& sas,
                            Instant now);
  void registration_postponed(const gdoi::RegistrationPostponed& postponed) const;
  void phase1_established(const gdoi::Phase1Established& established);
  // What to look at is told once for each reason, until a registration succeeds.
  void registration_failed(const gdoi::RegistrationFailed& failed);
  void registered(const gdoi::Endpoint& from);
  void rekey_received(const gdoi::Endpoint& from, const gdoi::Rekey& rekey);
  void rekey_refused(const gdoi::RekeyRefused& refused) const;
  void rekey_repeated(const gdoi::RekeyRepeated& repeated) const;
  void kek_unusable(const gdoi::KekUnusable& unusable) const;
  // The SHA-256 of the key that signs rekeys, before and now; told when it is another.
  void rekey_key(gdoi::View before, gdoi::View now) const;
  void rekey_key_accepted(gdoi::View digest) const;
  void rekeys_expected(const gdoi::ListenForRekeys& listen) const;

  // What a policy of `from` is worth knowing for, and what became of it.
  void policy_warnings(const gdoi::Endpoint& from, const gdoi::GroupPolicy& policy,
                       bool send_counter_modes) const;
  void policy_installed(const gdoi::Endpoint& from, const std::vector<std::string>& changes,
                        const SaTable& sas);
  void policy_success(const gdoi::Endpoint& from) const;
  void policy_failed(const gdoi::Endpoint& from, const Error& why) const;

  // ESP without a key: that it cannot be read about, once; and that it is why we register.
  void unknown_spis(const Result<std::vector<UnknownSpi>>& counted);
  void recovery(std::span<const StrangeSpi> strange, const RecoveryLimit::Status& limit,
                Instant now) const;
  void unknown_kek(const UnknownKek& kek, const RecoveryLimit::Status& limit, Instant now) const;
  void one_way(const OneWay& traffic, const RecoveryLimit::Status& limit, Instant now) const;

  // Networks whose replay window drops much of what comes from them.
  void replays_dropped(std::span<const SenderDrops> drops) const;

  // What strangers can cause is counted, and told of now and then.
  void datagram_dropped(const gdoi::DatagramDropped& dropped, Instant now);
  void answer_ignored(const gdoi::AnswerIgnored& ignored, Instant now);
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  static constexpr seconds ignored_pause{60};
  // Without phase 1 for so long, what to look at is told before the attempt is given up.
  static constexpr seconds patience{10};
  struct Asked {
    gdoi::Endpoint key_server;
    Instant hint_at;
  };
  void advise(std::string advice);
  template <class... Args>
  void tell(Level level, EventKind kind, EventFacts facts, fmt::format_string<Args...> format,
            Args&&... args) const {
    events_.tell(level, kind, names_.group, std::move(facts), format, std::forward<Args>(args)...);
  }
  [[nodiscard]] std::string vrfs() const;
  void signed_form(const gdoi::Rekey& rekey, const std::string& server);
  void shadowed_entries(const SaTable& sas, const std::string& server);

  GroupNames names_;
  const Log& log_;
  EventLog events_;
  EventCounter dropped_{"dropped datagrams on the GDOI port", seconds{60}};
  std::optional<Instant> ignored_logged_at_;  // an answer from another address
  std::optional<gdoi::SignedForm> form_;      // how the key server signs
  std::set<std::string> advised_;             // since the last registration
  std::optional<Asked> asked_;                // until phase 1 is up, or was given up
  bool nat_logged_ = false, unknown_spis_logged_ = false;
  std::vector<std::string> logged_shadowed_;  // of the list in force
};

}  // namespace agent
