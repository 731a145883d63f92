// SPDX-License-Identifier: GPL-2.0-or-later
// GroupMember: one group's whole life as the key servers see it. The one class the agent drives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gdoi/actions.h"
#include "gdoi/assemble/assemble.h"
#include "gdoi/crypto/random.h"
#include "gdoi/datagram.h"
#include "gdoi/phase1/proposal.h"
#include "gdoi/phase1/signature_authenticator.h"
#include "gdoi/schedule.h"
#include "gdoi/wire/identification.h"

namespace gdoi {

struct KeyServer {
  Endpoint endpoint;
  KeyMaterial pre_shared_key;              // not used with certificates
  std::optional<Address> local_address{};  // ours towards it, when not that of the member
};

// Certificates are the other way to authenticate.
struct CertificateConfig {
  std::shared_ptr<const CertificateCredentials> credentials;
  SendCertificate send = SendCertificate::always;
  bool ignore_told_identity = false;       // see CertificatePolicy
  std::shared_ptr<const WallClock> clock;  // certificates and CRLs are valid by it
};

struct Phase1Config {
  std::vector<Phase1Proposal> proposals;  // 1 to 64; default_proposals() when in doubt
  seconds lifetime{86400};
  Phase1Mode mode = Phase1Mode::main;  // aggressive: only proposals of the first one's group count
  std::uint32_t doi = 2;               // 2 by RFC 6407 section 2.1; some key servers want 1
  bool fallback_doi = true;  // try the other DOI when the first finds no proposal or silence
  // Whether this is all a key server hears of us: it may then forget what it knew at first contact
  // (RFC 2407 section 4.6.3.3). Not where other members share address and key server.
  bool initial_contact = true;
  bool nat_traversal = false;  // find NATs, and move to UDP 4500 when there is one (RFC 3947)
  bool fragments = false;      // IKE fragmentation, where the key server announces it too
  std::optional<Identification> identity;  // default: our address, protocol 0, port 0
  // Whom we take for a key server. With certificates theirs must vouch for one of these; when there
  // is none, for the address that we talk to. With pre-shared keys they must tell one of these;
  // when there is none, whoever knows the key is right.
  std::vector<Identification> key_server_identities;
  std::optional<CertificateConfig> certificates;  // nothing: pre-shared keys
};

struct MemberConfig {
  GroupId group;
  Address local_address;               // ours towards the key servers; names us in phase 1
  std::vector<KeyServer> key_servers;  // 1 to 8, in order of preference
  Phase1Config phase1;
  Timers timers;
  TekWithoutKey tek_without_key = TekWithoutKey::reject;
  AckKeyLength ack_key_length = AckKeyLength::block;
};

// What came by GROUPKEY-PUSH. Copies of the last one count for nothing but `repeated`.
struct RekeyStatus {
  std::uint64_t unicast = 0, multicast = 0, since_registration = 0;
  std::uint64_t refused = 0, repeated = 0, acknowledgements_sent = 0;
  std::optional<Endpoint> last_from;
  SequenceNumber last_sequence;
  std::optional<Instant> last_at;
};

// What `show` needs of the protocol. Counters run since start.
struct MemberStatus {
  enum class State : std::uint8_t { idle, registering, registered, waiting };
  State state = State::idle;
  std::optional<Endpoint> registered_with;     // the key server whose policy is in force
  std::optional<Endpoint> current_key_server;  // the one being asked
  std::uint64_t registrations_attempted = 0, registrations_succeeded = 0;
  std::optional<Instant> reregister_at, retry_at;
  std::optional<Error> last_failure;
  std::optional<Endpoint> keep_alive_to;  // a NAT in front of us is kept from forgetting us
  std::uint64_t datagrams_dropped = 0;
  RekeyStatus rekeys;
};

// GroupMember registers with GROUPKEY-PULL (RFC 6407 section 3) under IKEv1 phase 1, goes to the
// next key server when one is silent or refuses, follows GROUPKEY-PUSH (section 4), acknowledges it
// when asked to (RFC 8263), and registers again before the keys run out.
//
// It is sans-IO: bytes, instants and random numbers come in, actions go out. A datagram that fails
// any check leaves no trace but a DatagramDropped. `deadline` says when to call wake next; calling
// it early does nothing.
class GroupMember {
 public:
  // `random` must outlive the member.
  GroupMember(MemberConfig config, Random& random);
  GroupMember(GroupMember&&) noexcept;
  GroupMember& operator=(GroupMember&&) noexcept;
  ~GroupMember();

  // start begins the first registration. reregister begins another one now, whatever the timers
  // say; the policy in force stays until a new one comes. clear forgets all keys first.
  [[nodiscard]] Actions start(Instant now);
  [[nodiscard]] Actions reregister(Instant now);
  [[nodiscard]] Actions clear(Instant now);

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
  [[nodiscard]] std::vector<RekeySaStatus> rekey_sas() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gdoi
