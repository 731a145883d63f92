// SPDX-License-Identifier: GPL-2.0-or-later
// The scripted key server's memory of the GROUPKEY-PUSH messages it sent, and what it makes of
// their acknowledgements (RFC 8263).
#pragma once

#include <cstdint>

#include "tests/support/ks/push.h"

namespace ks {

// Acknowledgement is one that verified, and how.
struct Acknowledgement {
  Octets spi;
  std::uint32_t sequence = 0;
  unsigned type = 0;      // whose prf and base_key it has
  unsigned key_bits = 0;  // the L of RFC 8263 section 3.2 it was made with
  Octets member;          // its address
};

// Rekeyer numbers and sends pushes under its current KEK, and knows its acknowledgements.
class Rekeyer {
 public:
  explicit Rekeyer(Kek kek) : keks_{std::move(kek)} {}

  [[nodiscard]] const Kek& kek() const noexcept { return keks_.back(); }
  [[nodiscard]] std::uint32_t sequence() const noexcept { return sequence_; }

  // push makes the next message under the current KEK.
  [[nodiscard]] Octets push(const Push& push);
  [[nodiscard]] Octets push(Group group);
  // renew makes `next` the current KEK; RFC 6407 section 5.7: its numbers begin with 1.
  void renew(Kek next);
  // announce pushes `next` beside `group` under the current KEK, and then renews.
  [[nodiscard]] Octets announce(Group group, Kek next);

  // check takes an acknowledgement apart. Throws Bad when it is none of a message that was sent.
  [[nodiscard]] Acknowledgement check(const Octets& datagram) const;

 private:
  std::vector<Kek> keks_;  // from the oldest to the current one
  std::uint32_t sequence_ = 0;
  std::set<std::pair<Octets, std::uint32_t>> sent_;
};

}  // namespace ks
