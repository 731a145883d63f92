// SPDX-License-Identifier: GPL-2.0-or-later
// Attempt: one try to register with one key server, from the first message of phase 1 to a policy
// or a reason why there is none.
#pragma once

#include <cstdint>

#include "gdoi/actions.h"
#include "gdoi/attempt_failure.h"
#include "gdoi/phase1/exchange.h"
#include "gdoi/phase1/fragments.h"
#include "gdoi/phase1/informational.h"
#include "gdoi/retransmit.h"
#include "gdoi/schedule.h"

namespace gdoi {

// Attempt keeps the phase 1, the registration and the retransmission timer of one try. It ends by
// itself only through what it returns; the owner then takes its phase1_delete and drops it.
class Attempt {
 public:
  struct Config {
    Endpoint key_server;
    std::vector<Address> answer_from{};  // where else its answers may come from
    ExchangeConfig phase1;
    Phase1Mode mode = Phase1Mode::main;
    GroupId group;
    SatRules sat_rules;
    Timers timers;
  };
  struct Step {
    Actions actions;
    std::optional<AttemptFailure> failure;
    std::optional<GroupPolicy> policy;
    Bytes trigger_digest;  // of the PULL message 4 that brought the policy
  };

  // start makes the first message, which is in `first`. `authenticator` and `random` must outlive
  // the attempt.
  [[nodiscard]] static Result<Attempt> start(Config config, const Authenticator& authenticator,
                                             Random& random, Instant now);
  [[nodiscard]] Actions first() { return resend(); }

  // is_peer tells whether a datagram from there may be the key server's.
  [[nodiscard]] bool is_peer(const Endpoint& from) const noexcept;

  // receive takes a message that came from the key server. An error says that it was dropped
  // without effect.
  [[nodiscard]] Result<Step> receive(const IsakmpMessage& message, Instant now);
  [[nodiscard]] Step wake(Instant now);
  [[nodiscard]] Instant deadline() const noexcept { return timer_.due(); }

  // phase1_delete is a protected Delete of phase 1, if one was established and still stands.
  [[nodiscard]] std::optional<Send> phase1_delete();

  // session is phase 1, once it is established, nullptr before; take_session hands it over.
  [[nodiscard]] const Session* session() const noexcept;
  [[nodiscard]] std::optional<Session> take_session();

  // cookie is the initiator's, ours.
  [[nodiscard]] const Cookie& cookie() const noexcept;

  // policy_received_at is when PULL message 2 came: lifetimes run from there.
  [[nodiscard]] Instant policy_received_at() const noexcept { return policy_received_at_; }
  [[nodiscard]] bool established() const noexcept {
    return std::holds_alternative<Pulling>(phase_);
  }

 private:
  struct Pulling {
    Session session;
    Registration registration;
    Bytes trigger_digest;        // of the message that ended phase 1
    std::vector<Outgoing> last;  // what phase 1 sent at its end, which may have been lost
    unsigned repeats = 0;
    std::optional<std::uint32_t> last_alive;  // sequence of the last R-U-THERE answered
    unsigned alive_answers = 0;
  };
  using Phase = std::variant<std::unique_ptr<Phase1Exchange>, Pulling>;

  Attempt(Config config, const Authenticator& authenticator, Random& random,
          std::unique_ptr<Phase1Exchange> first, Instant now);

  [[nodiscard]] Result<Step> on_fragment(const IsakmpMessage& message, Instant now);
  [[nodiscard]] Result<Step> on_message(const IsakmpMessage& message, Instant now);
  [[nodiscard]] Result<Step> on_phase1(const IsakmpMessage& message, Instant now);
  void record_untrusted_peer(const Error& why);
  void made_progress(Instant now);
  void record_vendor_ids(const IsakmpMessage& message);
  [[nodiscard]] Result<Step> begin_pull(Phase1Exchange::Step step, const IsakmpMessage& message,
                                        Instant now);
  [[nodiscard]] Result<Step> on_pull(const IsakmpMessage& message, Instant now);
  [[nodiscard]] Result<Step> on_informational(const IsakmpMessage& message);
  [[nodiscard]] Result<Step> on_hint(const IsakmpMessage& message);
  [[nodiscard]] Result<Step> on_notification(Pulling& pulling, const Notification& notification);

  [[nodiscard]] Actions resend();
  [[nodiscard]] Send datagram(Bytes octets, const PathInfo& path) const;
  void send(Actions& out, Outgoing message);
  void send(Actions& out, const Session& session, Bytes message);
  [[nodiscard]] MessageId new_message_id();
  [[nodiscard]] AttemptFailure give_up() const;
  [[nodiscard]] Step refuse(const Error& why);

  Config config_;
  Random* random_;
  Phase phase_;
  Retransmit timer_;
  Instant policy_received_at_{};
  const Authenticator* authenticator_;
  WithoutAnswer without_answer_;
  // What clear messages of phase 1 announced, beside the cookie of the responder who sent them.
  std::vector<std::pair<Cookie, Bytes>> vendor_ids_;
  bool deleted_ = false;  // the key server deleted phase 1
  Reassembly reassembly_;
  std::uint16_t fragment_id_ = 0;  // of the last message we cut
};

}  // namespace gdoi
