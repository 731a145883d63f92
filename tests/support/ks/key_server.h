// SPDX-License-Identifier: GPL-2.0-or-later
// A scripted key server: Main and Aggressive Mode with a pre-shared key or certificates, and
// GROUPKEY-PULL as responder, written from RFC 2408, 2409, 3706 and 6407 with its own codec. What
// it says can be bent at every place. Its GROUPKEY-PUSH messages are made by a Rekeyer.
#pragma once

#include <cstdint>
#include <map>

#include "tests/support/ks/crypto.h"
#include "tests/support/ks/rekeyer.h"

namespace ks {

// The messages a key server sends, in their order.
enum class Step { mm2, mm4, mm6, am2, pull2, pull4 };
// Those of a registration by Main Mode.
inline constexpr Step all_steps[] = {Step::mm2, Step::mm4, Step::mm6, Step::pull2, Step::pull4};
[[nodiscard]] const char* name_of(Step step);

// Phase 1 algorithms by the numbers of RFC 2409 appendix A.
struct Suite {
  unsigned encryption = 0, key_bits = 0, hash = 0, group = 0;
};

// Notification types used below.
inline constexpr unsigned no_proposal_chosen = 14, payload_malformed = 16, invalid_id = 18,
                          authentication_failed = 24, initial_contact = 24578, r_u_there = 36136,
                          r_u_there_ack = 36137;

// Certificates is how a key server authenticates by signatures (RFC 2409 section 5.1).
struct Certificates {
  unsigned method = 3;           // Authentication Method
  std::vector<Octets> chain;     // DER, for CERT payloads
  std::vector<Octets> requests;  // bodies of CR payloads
  Octets identity;               // body of IDir
  std::function<Octets(const Octets& hash_r)> sign;
  // Whether SIG_I is that of the first certificate over HASH_I.
  std::function<bool(const Octets& certificate, const Octets& hash_i, const Octets& sig)> verify;
};

// What the key server does instead of sending the message of a step.
struct Instead {
  unsigned notify = 0;         // 0: says nothing
  bool protect = false;        // under phase 1 keys, or in clear
  bool delete_phase1 = false;  // a protected Delete of phase 1 rather than a notification
};

struct Script {
  Octets psk = text("SUPERSECRET");
  std::optional<Certificates> certificates = {};       // in place of the pre-shared key
  std::vector<Suite> accepts = {};                     // empty: whatever is offered first
  std::set<std::uint32_t> dois{1, 2};                  // others get no answer...
  unsigned refused_doi_notify = 0;                     // ...or this one, in clear
  unsigned refused_suite_notify = no_proposal_chosen;  // in clear; 0: silence
  unsigned bad_proof_notify = 0;  // in clear, when message 5 cannot be read; 0: silence
  unsigned unknown_group_notify = invalid_id;  // protected; 0: silence
  Group group = lab_group(true);
  std::function<Group()> group_now = {};  // asked at PULL message 1 in place of `group`, when there
  std::shared_ptr<const Rekeyer> rekeyer;  // knows the acknowledgements that may come

  // Each is called for every message, in this order, and may change what is handed to it.
  std::function<void(Step, Payloads&)> edit = {};  // before it is hashed: the key server means it
  std::function<void(Step, Octets&)> edit_hash = {};  // the HASH
  std::function<void(Step, Octets&)> edit_wire = {};  // the datagram
  std::map<Step, Instead> instead = {};
};

// Seen counts what the member did.
struct Seen {
  std::map<Step, unsigned> answered;  // new messages that led to a reply
  unsigned repeats = 0;               // identical datagrams that got the stored reply
  unsigned initial_contacts = 0;
  unsigned deletes = 0;                      // of phase 1
  std::vector<unsigned> notifications;       // protected
  std::vector<std::uint32_t> alive_answers;  // sequence numbers
  std::vector<Acknowledgement> acknowledgements;
  std::vector<std::string> complaints;  // where the member broke the protocol
  std::vector<std::uint32_t> dois;
  std::vector<Suite> chosen;
  Payloads nat_ds;                   // NAT-D of message 3, of any dialect
  std::vector<Octets> identities;    // bodies of IDii that proved themselves
  std::vector<Octets> requests;      // bodies of CR payloads
  std::vector<Octets> certificates;  // bodies of CERT payloads
};

class KeyServer {
 public:
  explicit KeyServer(Script script);
  ~KeyServer();

  // receive handles one datagram of the member, and returns the replies.
  [[nodiscard]] std::vector<Octets> receive(const Octets& datagram);

  // Datagrams out of turn, under the phase 1 made last. They throw when there is none.
  [[nodiscard]] Octets are_you_there(std::uint32_t sequence) const;
  [[nodiscard]] Octets notification(unsigned type) const;
  [[nodiscard]] Octets phase1_delete() const;
  [[nodiscard]] bool has_phase1() const noexcept { return latest_ != nullptr; }

  // forget loses all state, as a reboot does.
  void forget();

  [[nodiscard]] const Seen& seen() const noexcept { return seen_; }
  [[nodiscard]] Script& script() noexcept { return script_; }

 private:
  struct Sa;
  struct Pull;
  struct Header;
  using Replies = std::vector<Octets>;

  [[nodiscard]] Replies dispatch(const Octets& datagram);
  [[nodiscard]] Replies message_1(const Header& header, const Octets& datagram);
  [[nodiscard]] std::optional<Replies> answer_offer(const Header& header, const Payloads& payloads,
                                                    Sa& sa, Octets& answer);
  [[nodiscard]] Replies aggressive_1(const Header& header, const Octets& datagram);
  [[nodiscard]] Replies aggressive_3(Sa& sa, const Header& header, const Octets& datagram);
  void agree(Sa& sa, const Payloads& payloads);
  void add_requests(Payloads& said) const;
  [[nodiscard]] unsigned proof_hash(const Sa& sa) const;
  void check_proof(Sa& sa, const Payloads& payloads, const Octets& id);
  [[nodiscard]] Payloads proof(Sa& sa, Step step);
  [[nodiscard]] Replies message_3(Sa& sa, const Header& header, const Octets& datagram);
  [[nodiscard]] Replies message_5(Sa& sa, const Header& header, const Octets& datagram);
  [[nodiscard]] Replies pull(Sa& sa, const Header& header, const Octets& datagram);
  [[nodiscard]] Replies pull_1(Sa& sa, Pull& pull, const Header& header, const Octets& datagram);
  [[nodiscard]] Replies pull_3(Sa& sa, Pull& pull, const Header& header, const Octets& datagram);
  void informational(Sa& sa, const Header& header, const Octets& datagram);
  [[nodiscard]] std::optional<Suite> choose(const Payloads& transforms, Octets& chosen);
  [[nodiscard]] Octets clear(Step step, const Octets& cookies, Payloads payloads,
                             unsigned exchange);
  [[nodiscard]] Octets pull_reply(Step step, Sa& sa, Pull& pull, Payloads payloads);
  [[nodiscard]] Octets clear_notification(const Octets& cookies, const Payload& say);
  [[nodiscard]] Octets informational_of(const Sa& sa, const Payload& payload) const;
  [[nodiscard]] std::optional<Replies> diverted(Step step, const Sa& sa);
  [[nodiscard]] Octets finished(Step step, Octets wire);

  Script script_;
  Seen seen_;
  std::map<Octets, std::unique_ptr<Sa>> sas_;  // by initiator cookie
  Sa* latest_ = nullptr;                       // the phase 1 established last
  mutable std::uint32_t next_id_ = 0x10000000;
};

}  // namespace ks
