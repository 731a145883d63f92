// SPDX-License-Identifier: GPL-2.0-or-later
// GroupMember: one group's whole life as the key servers see it. The one class the agent drives.
#pragma once

#include <cstdint>

#include "gdoi/actions.h"
#include "gdoi/attempt.h"
#include "gdoi/crypto/random.h"
#include "gdoi/datagram.h"
#include "gdoi/key_server_list.h"
#include "gdoi/member_config.h"
#include "gdoi/member_status.h"
#include "gdoi/member_transitions.h"
#include "gdoi/nat_binding.h"
#include "gdoi/post_registration.h"
#include "gdoi/rekey_receiver.h"
#include "gdoi/reregistration_timer.h"
#include "gdoi/timer_table.h"

namespace gdoi {

// GroupMember registers with GROUPKEY-PULL (RFC 6407 section 3) under IKEv1 phase 1, goes to the
// next key server when one is silent or refuses, follows GROUPKEY-PUSH (section 4), acknowledges it
// when asked to (RFC 8263), and registers again before the keys run out.
//
// It is sans-IO: bytes, instants and random numbers come in, actions go out. A datagram that fails
// any check leaves no trace but a DatagramDropped. `deadline` says when to call wake next; calling
// it early does nothing. Whatever key servers do, registrations begin no faster than Timers allow.
class GroupMember {
 public:
  // `random` must outlive the member.
  GroupMember(MemberConfig config, Random& random);
  GroupMember(GroupMember&&) noexcept = default;
  GroupMember& operator=(GroupMember&&) noexcept = default;
  ~GroupMember() = default;

  // start begins the first registration. reregister begins another one now, whatever the timers
  // say; the policy in force stays until a new one comes. clear forgets all keys first.
  [[nodiscard]] Actions start(Instant now);
  [[nodiscard]] Actions reregister(Instant now);
  [[nodiscard]] Actions clear(Instant now);
  // register_with_next begins a registration with the key server behind the one whose policy is in
  // force, the same one when there is no other; later, when there were too many of late. While none
  // stands it does nothing: another one is under way, or waits for its time.
  [[nodiscard]] Actions register_with_next(Instant now);
  // register_with does the same with the key server that has this address; with the next one when
  // none has.
  [[nodiscard]] Actions register_with(const Address& address, Instant now);

  // set_key_servers answers LocateKeyServers: these are the key servers now, in order of
  // preference. None: they stay what they were. It has no effect when it was not asked for.
  [[nodiscard]] Actions set_key_servers(std::vector<KeyServer> key_servers, Instant now);

  // set_credentials has registrations that begin from now on use these, for a member that
  // authenticates by certificates: with other CRLs, say.
  void set_credentials(std::shared_ptr<const CertificateCredentials> credentials) noexcept {
    credentials_ = std::move(credentials);
  }

  [[nodiscard]] Actions receive(const Datagram& datagram, Instant now);

  // owns tells whether a datagram's cookies are those of the registration under way, of the last
  // one, or of a KEK that is or was just held. It proves nothing: members that share a port, and
  // perhaps a key server, are told apart by it.
  [[nodiscard]] bool owns(const Datagram& datagram) const;
  [[nodiscard]] Actions wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;

  // The answers to InstallPolicy and InstallRekey, by their token; one that is not awaited (any
  // more) has no effect. After install_failed the attempt counts as failed, and the next one waits
  // for the back-off; a rekey is not acknowledged then.
  [[nodiscard]] Actions installed(InstallToken token, Instant now);
  [[nodiscard]] Actions install_failed(InstallToken token, Instant now);

  // stop sends a Delete of phase 1, if one is up, and goes idle.
  [[nodiscard]] Actions stop(Instant now);

  [[nodiscard]] MemberStatus status() const;
  // rekey_sas lists the KEKs that are held, from the oldest to the newest.
  [[nodiscard]] std::vector<RekeySaStatus> rekey_sas() const { return rekeys_.keks(); }
  // sequences lists the KEKs that were met and whose lifetime is not over, held or not, with the
  // number of the last rekey. remember takes them over into a new member, so that no rekey is taken
  // a second time.
  [[nodiscard]] std::vector<KnownSequence> sequences(Instant now) const {
    return rekeys_.sequences(now);
  }
  void remember(const std::vector<KnownSequence>& sequences) { rekeys_.remember(sequences); }

 private:
  // All that it waits for, in the order in which it is done when due at once.
  enum class Timer : std::uint8_t {
    acknowledgement,  // a delayed one is sent
    kek_end,          // a KEK's lifetime is over
    tek_end,          // the policy in force ceases to be: a permitted selector has no TEK left
    keep_alive,       // the NAT binding is refreshed
    attempt,          // a message is sent again, or the attempt given up
    retry,            // the pause after failures is over
    reregistration,
  };
  using Deadlines = TimerTable<Timer, 7>;

  enum class Asked : std::uint8_t { by_timer, by_operator };

  // The states, in the order of MemberState.
  struct Idle {};
  struct Locating {
    Endpoint first;  // whom to ask first, if it still is a key server
    Asked who;
  };
  struct Registering {
    Rotation rotation;
    Attempt attempt;
  };
  struct Installing {
    InstallToken token;
    std::size_t key_server;
    Attempt attempt;
    Bytes trigger_digest;  // of PULL message 4
    TekLifetimes teks;
    std::optional<Kek> kek;
  };
  struct Registered {
    std::size_t key_server;
    Instant reregister_at;
    PostRegistration post;
  };
  struct Waiting {
    std::size_t key_server;
    Instant retry_at;
  };
  using State = std::variant<Idle, Locating, Registering, Installing, Registered, Waiting>;
  static_assert(std::variant_size_v<State> == member_states);

  struct Counters {
    std::uint64_t attempted = 0, succeeded = 0, dropped = 0;
  };

  [[nodiscard]] Actions begin_pass(std::size_t first, Instant now, Asked who = Asked::by_timer);
  [[nodiscard]] Actions begin(const Rotation& rotation, Instant now, Asked who = Asked::by_timer);
  [[nodiscard]] Result<Actions> on_datagram(const Datagram& datagram, Instant now);
  [[nodiscard]] Actions on_step(Attempt::Step step, Instant now);
  [[nodiscard]] Actions request_install(GroupPolicy policy, Bytes trigger_digest, Instant now);
  [[nodiscard]] Actions policy_installed(Installing done, Instant now);
  [[nodiscard]] Actions policy_failed(Installing done, Instant now);
  [[nodiscard]] Actions attempt_failed(const AttemptFailure& failure, Instant now);
  [[nodiscard]] Actions pause(std::size_t next, RegistrationFailed report, Instant now);

  [[nodiscard]] Result<Actions> on_push(const Datagram& push, Instant now);
  [[nodiscard]] Actions rekey_installed(Instant now);
  [[nodiscard]] Actions rekey_failed(Instant now);
  void reschedule(Instant now);
  void register_by(Instant when);
  void append_changed_groups(Actions& out);

  [[nodiscard]] std::optional<Instant> due(Timer timer) const;
  [[nodiscard]] Deadlines deadlines() const {
    return Deadlines{[this](Timer timer) { return due(timer); }};
  }
  [[nodiscard]] Actions on_timer(Timer timer, Instant now);
  [[nodiscard]] Actions keep_alive(Instant now);
  void set_state(State state);
  [[nodiscard]] InstallToken next_token() noexcept { return {++last_token_}; }

  MemberConfig config_;  // without the key servers
  Random* random_;
  KeyServerList key_servers_;
  std::shared_ptr<const CertificateCredentials> credentials_;  // of the next registration, if new
  RekeyReceiver rekeys_;
  ReregistrationTimer reregistration_;
  BackOff back_off_;
  // Of rekeys that we refuse, or that cannot be installed; only one that is installed resets it.
  BackOff rekey_back_off_;
  RegistrationLimit limit_;
  bool asked_again_ = false;  // a rekey overtook the last registration, which began anew
  State state_ = Idle{};
  bool policy_in_force_ = false;  // that of the preferred key server
  std::optional<NatBinding> nat_binding_;
  std::optional<Error> last_failure_;
  std::uint64_t last_token_ = 0;
  Counters counters_;
};

}  // namespace gdoi
