// SPDX-License-Identifier: GPL-2.0-or-later
// One registered member and one key server that pushes.
#pragma once

#include <cstdint>

#include "tests/exchange/lab.h"

namespace exchange {

// The addresses most tests have.
inline const std::string server = "10.0.0.5";

// RekeyLab registers a member with a group under `kek`.
struct RekeyLab {
  explicit RekeyLab(ks::Kek kek = ks::lab_kek(),
                    gdoi::MemberConfig config = member_config({server}), std::uint64_t seed = 1);

  // push sends a message of the key server and lets a second pass.
  void push(const ks::Octets& datagram);
  // acknowledgements are those the key server heard and could verify.
  [[nodiscard]] const std::vector<ks::Acknowledgement>& acknowledgements() const;
  // check_untouched: `datagram` has no effect at all but to be counted as dropped.
  void check_untouched(const gdoi::Bytes& datagram);
  // dropped says why the last datagram was.
  [[nodiscard]] std::string dropped() const;
  // next_registration is how long the member will wait for it.
  [[nodiscard]] milliseconds next_registration() const;

  std::shared_ptr<ks::Rekeyer> rekeyer;
  Network network;
  ks::KeyServer& key_server;
};

// state_of writes down all that a member shows, apart from the number of dropped datagrams.
[[nodiscard]] std::string state_of(Network& network);

// silence makes the key server deaf in registrations, while it still can push.
void silence(RekeyLab& lab);

// A push that deletes.
[[nodiscard]] ks::Push deleting(std::vector<ks::Octets> deletes);

}  // namespace exchange
