// SPDX-License-Identifier: GPL-2.0-or-later
// Registration: the group member's side of GROUPKEY-PULL (RFC 6407 section 3) under a Session.
#pragma once

#include <cstdint>
#include <variant>

#include "gdoi/assemble/assemble.h"
#include "gdoi/phase1/session.h"

namespace gdoi {

// Registration asks for one group, and yields its policy. It does not keep time and sends nothing:
// the owner sends and resends request(), and passes in what comes back.
class Registration {
 public:
  struct Request {
    GroupId group;
    MessageId id;  // new and not 0
    Bytes nonce;   // Ni_b: 8 to 128 octets (RFC 6407 section 5.8)
    SatRules sat_rules;
  };
  // start makes message 1.
  [[nodiscard]] static Result<Registration> start(const Session& session, Request request);

  // What an authentic message of the key server led to.
  struct Continue {
    Bytes send;
    bool duplicate = false;  // `send` is the stored reply to a message we had before
  };
  struct Refused {
    Error why;  // the key server means it, and it is of no use
  };
  struct Complete {
    GroupPolicy policy;
  };
  using Event = std::variant<Continue, Refused, Complete>;

  // receive takes a message of exchange type 32. An error says that it is not, or cannot be shown
  // to be, the awaited message; everything is as it was. `session` is the one given to start.
  [[nodiscard]] Result<Event> receive(const Session& session, const IsakmpMessage& message);

  // request is the message that waits for its answer.
  [[nodiscard]] const Bytes& request() const;
  [[nodiscard]] MessageId id() const noexcept { return request_.id; }

  enum class Stage : std::uint8_t { policy, keys, over };
  [[nodiscard]] Stage stage() const noexcept { return static_cast<Stage>(state_.index()); }

 private:
  // Message 1 is out: HDR*, HASH(1), Ni, ID
  struct AwaitingPolicy {
    Bytes iv;  // of message 2
    Bytes sent;
  };
  // Message 3 is out: HDR*, HASH(3)
  struct AwaitingKeys {
    Bytes nr_b;
    GroupSa sa;
    Bytes iv;  // of message 4
    Bytes sent;
    Bytes cause;  // digest of message 2
    unsigned repeats = 0;
  };
  struct Over {
    Bytes sent;
  };
  using State = std::variant<AwaitingPolicy, AwaitingKeys, Over>;
  struct Step {
    State next;
    Event event;
  };

  Registration(Request request, State state)
      : request_{std::move(request)}, state_{std::move(state)} {}
  [[nodiscard]] Result<Step> on(const AwaitingPolicy& state, const Session& session,
                                const IsakmpMessage& message_2) const;
  [[nodiscard]] Result<Step> on(const AwaitingKeys& state, const Session& session,
                                const IsakmpMessage& message_4) const;
  [[nodiscard]] Result<Step> on(const Over& state, const Session& session,
                                const IsakmpMessage& message) const;
  [[nodiscard]] Result<AwaitingKeys> read_policy(const Session& session, Opened opened) const;
  [[nodiscard]] Result<GroupPolicy> read_keys(const AwaitingKeys& state, Opened opened) const;

  Request request_;
  State state_;
};

}  // namespace gdoi
