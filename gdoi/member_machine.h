// SPDX-License-Identifier: GPL-2.0-or-later
// MemberMachine: the states behind GroupMember. Nobody but member.cpp includes this.
#pragma once

#include <cstdint>
#include <deque>

#include "gdoi/assemble/coverage.h"
#include "gdoi/attempt.h"
#include "gdoi/member.h"

namespace gdoi {

class MemberMachine {
 public:
  MemberMachine(MemberConfig config, Random& random);

  [[nodiscard]] Actions start(Instant now);
  [[nodiscard]] Actions reregister(Instant now);
  [[nodiscard]] Actions clear(Instant now);
  [[nodiscard]] Actions receive(const Datagram& datagram, Instant now);
  [[nodiscard]] bool owns(const Datagram& datagram) const;
  [[nodiscard]] Actions wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;
  [[nodiscard]] Actions installed(InstallToken token, Instant now);
  [[nodiscard]] Actions install_failed(InstallToken token, Instant now);
  [[nodiscard]] Actions stop(Instant now);
  [[nodiscard]] MemberStatus status() const { return status_; }
  [[nodiscard]] std::vector<RekeySaStatus> rekey_sas() const { return rekeys_.status(); }

 private:
  // What we learned of a key server since start.
  struct Acquaintance {
    std::unique_ptr<const Authenticator> authenticator;
    std::uint32_t doi;
    bool doi_works = false;
    bool met = false;           // phase 1 was established once
    bool nat_traversal = true;  // it answers at UDP 4500, as far as we know
  };
  // One walk through the list of key servers.
  struct Round {
    std::size_t key_server = 0;
    std::size_t left = 0;          // key servers not asked yet, this one included
    bool other_doi_asked = false;  // this one was asked with both DOIs
  };

  struct Idle {};
  struct Registering {
    Round round;
    Attempt attempt;
  };
  // The agent has the policy and will say what became of it.
  struct Installing {
    InstallToken token;
    std::size_t key_server;
    Attempt attempt;
    Bytes last_message;  // digest of PULL message 4
    Coverage coverage;
    std::optional<Kek> kek;
  };
  struct Registered {
    std::size_t key_server;
    Instant reregister_at;
    Bytes last_message;
    Cookie cookie;  // ours, of the registration; `farewell` has it
    std::optional<Send> farewell;
    std::optional<Session> session;  // deleted by us, but the key server may not know it yet
    unsigned repeats = 0;
  };
  struct Waiting {
    std::size_t key_server;
    Instant retry_at;
  };
  using State = std::variant<Idle, Registering, Installing, Registered, Waiting>;

  // A rekey that the agent has, and will say what became of it.
  struct PendingRekey {
    InstallToken token;
    Instant received_at;
    Endpoint from;
    std::uint16_t to_port = gdoi_port;
    SequenceNumber sequence;
    bool multicast = false;
    Deletes deletes;
    std::optional<Coverage> coverage;  // of the list it brings
    std::optional<Bytes> acknowledgement;
  };
  struct DelayedAcknowledgement {
    Instant at;
    Send send;
  };
  // The mapping of a NAT in front of us, by which unicast rekeys come in.
  struct Mapping {
    Endpoint to;
    Instant next;  // when to send something again
  };

  [[nodiscard]] Actions begin(Round round, Instant now);
  [[nodiscard]] Actions begin_round(std::size_t key_server, Instant now);
  [[nodiscard]] Result<Actions> on_datagram(const Datagram& datagram, Instant now);
  [[nodiscard]] Result<Actions> on_late(Registered& state, const Endpoint& from,
                                        const IsakmpMessage& message);
  [[nodiscard]] Actions settle(Attempt::Step step, Instant now);
  [[nodiscard]] Actions install(GroupPolicy policy, Bytes cause, Instant now);
  [[nodiscard]] Actions failed(const AttemptFailure& failure, Instant now);
  [[nodiscard]] bool try_other_doi(const AttemptFailure& failure, Round& round);
  [[nodiscard]] Actions pause(std::size_t next, RegistrationFailed report, Instant now);
  [[nodiscard]] Attempt::Config attempt_config(std::size_t key_server) const;
  [[nodiscard]] const Endpoint& endpoint(std::size_t key_server) const {
    return config_.key_servers[key_server].endpoint;
  }
  [[nodiscard]] const Address& local_address(std::size_t key_server) const {
    const auto& own = config_.key_servers[key_server].local_address;
    return own ? *own : config_.local_address;
  }
  void enter(State state);
  void keep_alive(Actions& out, Instant now);

  // What rekeys do; member_rekey.cpp.
  [[nodiscard]] Result<Actions> on_push(const Datagram& datagram, Instant now);
  [[nodiscard]] Actions hand_over(const Endpoint& from, Rekey rekey, Instant now,
                                  std::uint16_t to_port);
  [[nodiscard]] Actions refused(const Endpoint& from, const RefusedPush& push, Instant now);
  [[nodiscard]] Actions repeated(const Endpoint& from, RepeatedPush push, std::uint16_t to_port);
  [[nodiscard]] Actions rekey_installed(Instant now);
  [[nodiscard]] Actions rekey_failed(Instant now);
  [[nodiscard]] InstallToken next_token() noexcept { return {++last_token_}; }
  [[nodiscard]] bool list_is_newer_than(Instant policy) const noexcept;
  [[nodiscard]] Actions acknowledge(PendingRekey rekey, Instant now);
  void follow_kek(Instant told);
  [[nodiscard]] Actions adopt(std::optional<Kek> kek, const Address& member, Instant now);
  [[nodiscard]] bool expects_unicast() const;
  void follow_coverage(Instant now);
  void register_at(Instant when);
  [[nodiscard]] Instant registration_due(Instant told, Instant now);
  void listen(Actions& out);

  MemberConfig config_;
  Random& random_;
  std::deque<Acquaintance> acquaintances_;  // one for each key server, in its order
  BackOff back_off_;
  State state_ = Idle{};
  std::size_t preferred_ = 0;         // the key server that worked last
  Coverage coverage_;                 // of the policy in force
  std::optional<Instant> list_told_;  // when the rekey came that last brought the whole list
  RekeySaTable rekeys_;
  std::optional<PendingRekey> pending_;
  std::uint64_t last_token_ = 0;
  std::vector<DelayedAcknowledgement> delayed_;  // in the order they are due
  // When to register for want of a new KEK; settled once for each, whatever rekeys come meanwhile.
  struct KekTerm {
    Instant ends, due;
  };
  std::optional<KekTerm> kek_term_;
  std::vector<Endpoint> listening_;
  std::optional<Mapping> mapping_;
  MemberStatus status_;
};

}  // namespace gdoi
