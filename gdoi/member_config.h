// SPDX-License-Identifier: GPL-2.0-or-later
// What a group member is configured with.
#pragma once

#include <cstdint>
#include <memory>

#include "gdoi/assemble/assemble.h"
#include "gdoi/phase1/proposal.h"
#include "gdoi/phase1/signature_authenticator.h"
#include "gdoi/push/acknowledgement.h"
#include "gdoi/schedule.h"
#include "gdoi/wire/identification.h"

namespace gdoi {

struct KeyServer {
  Endpoint endpoint;
  KeyMaterial pre_shared_key;              // not used with certificates
  std::optional<Address> local_address{};  // ours towards it, when not that of the member
  // What its certificate must vouch for where no identity is configured; nothing: its address.
  std::optional<Identification> identity{};
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
  bool nat_traversal = false;       // find NATs, and move to UDP 4500 when there is one (RFC 3947)
  bool fragments = false;           // IKE fragmentation, where the key server announces it too
  std::vector<Bytes> vendor_ids{};  // of the first message, besides those of what we can do
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
  std::vector<KeyServer> key_servers;  // 1 to 32, in order of preference
  // Before each pass through them LocateKeyServers asks where they are now.
  bool locate_key_servers = false;
  // Addresses, besides the one that is asked, from which any key server may answer.
  std::vector<Address> answer_from{};
  Phase1Config phase1;
  Timers timers;
  TekWithoutKey tek_without_key = TekWithoutKey::deny;
  std::vector<AttributeRule> sat_attributes{};  // the first rule that matches counts
  AckKeyLength ack_key_length = AckKeyLength::block;
};

}  // namespace gdoi
