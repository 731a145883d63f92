// SPDX-License-Identifier: GPL-2.0-or-later
// KeyServerList: the key servers of a group, and what we learned of each since start.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gdoi/attempt_failure.h"
#include "gdoi/member_config.h"

namespace gdoi {

// Rotation is one pass through the list.
struct Rotation {
  std::size_t key_server = 0;    // its place in the list
  std::size_t left = 0;          // key servers not asked yet, this one included
  bool other_doi_asked = false;  // this one was asked with both DOIs

  [[nodiscard]] bool is_over() const noexcept { return left == 0; }
};

// What we learned of a key server since start.
struct KeyServerMemory {
  std::uint32_t doi = 2;      // to ask it with
  bool doi_works = false;     // phase 1 was established with it
  bool met = false;           // phase 1 was established once
  bool nat_traversal = true;  // it answers at UDP 4500, as far as we know
};

// KeyServerList has the key servers in the order of the configuration; they are named by their
// place in it. It must not move while an attempt uses an authenticator of it.
class KeyServerList {
 public:
  // `key_servers` has at least one; `own` is our address towards those that have no other.
  KeyServerList(std::vector<KeyServer> key_servers, const Address& own, const Phase1Config& phase1);

  [[nodiscard]] const Endpoint& endpoint(std::size_t key_server) const {
    return key_servers_[key_server].endpoint;
  }
  // own_address is ours towards that key server.
  [[nodiscard]] const Address& own_address(std::size_t key_server) const {
    const auto& own = key_servers_[key_server].local_address;
    return own ? *own : own_;
  }
  [[nodiscard]] const Authenticator& authenticator(std::size_t key_server) const {
    return *authenticators_[key_server];
  }
  [[nodiscard]] const KeyServerMemory& memory(std::size_t key_server) const {
    return memories_[key_server];
  }

  // preferred is the key server that worked last, the first one before any did.
  [[nodiscard]] std::size_t preferred() const noexcept { return preferred_; }
  void prefer(std::size_t key_server) noexcept {
    preferred_ = key_server;
    worked_ = endpoint(key_server);
  }
  // worked is the endpoint that worked last, whether it is in the list still or not; the first one
  // before any did.
  [[nodiscard]] const Endpoint& worked() const { return worked_ ? *worked_ : endpoint(0); }

  // find is the place of an endpoint in the list.
  [[nodiscard]] std::optional<std::size_t> find(const Endpoint& endpoint) const noexcept;
  // This one is the place of the first key server that has the address.
  [[nodiscard]] std::optional<std::size_t> find(const Address& address) const noexcept;

  // replace makes these the list, of which there is at least one. What was learned of endpoints
  // that are in both stays. No attempt may be under way.
  void replace(std::vector<KeyServer> key_servers);

  // set_credentials is for the authenticators from now on, with certificates. No attempt may be
  // under way.
  void set_credentials(std::shared_ptr<const CertificateCredentials> credentials);

  // begin starts a pass through the whole list.
  [[nodiscard]] Rotation begin(std::size_t key_server) const noexcept {
    return {key_server, key_servers_.size(), false};
  }
  // behind is the key server to ask after that one.
  [[nodiscard]] std::size_t behind(std::size_t key_server) const noexcept {
    return (key_server + 1) % key_servers_.size();
  }
  // established notes that phase 1 was.
  void established(std::size_t key_server);
  // after_failure notes what the failure tells of the key server, and is whom to ask next: the same
  // one with the other DOI, or the one behind it, the first one behind the last. The pass may be
  // over then.
  [[nodiscard]] Rotation after_failure(Rotation rotation, const AttemptFailure& failure);

 private:
  void fill();
  [[nodiscard]] bool try_other_doi(const Rotation& rotation, const AttemptFailure& failure);

  std::vector<KeyServer> key_servers_;
  Address own_;
  std::vector<std::unique_ptr<const Authenticator>> authenticators_;  // borrow the keys above
  std::vector<KeyServerMemory> memories_;
  Phase1Config phase1_;
  std::size_t preferred_ = 0;
  std::optional<Endpoint> worked_;
};

}  // namespace gdoi
