// SPDX-License-Identifier: GPL-2.0-or-later
// HashLength: has the kernel hash the policies of a long list (policy_hash.h), and takes that back.
//
// The length is the whole network namespace's. So it is changed only from what the kernel begins
// with, for lists that need it, and from there downwards, for what is hashed stays hashed then;
// what somebody else set stays. It is set back when the list goes and few policies of anybody's are
// left, for the kernel sorts all of them anew then. A length that is just what we would set counts
// as ours: a predecessor may have been killed.
//
// Nothing here fails: it is about speed.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "xfrm/ipsec/policy_hash.h"
#include "xfrm/netlink/channel.h"

namespace xfrm {

class HashLength {
 public:
  // `xfrm` outlives it.
  HashLength(Family family, NetlinkChannel& xfrm) : family_{family}, xfrm_{xfrm} {}

  // fit sets the length for the policies that are to be put; restore takes it back after those of
  // `removed` are gone.
  void fit(std::span<const Selector> wanted);
  void restore(std::span<const Selector> removed);

 private:
  struct Found {
    HashLengths lengths;
    std::uint32_t policies = 0;
  };
  [[nodiscard]] std::optional<Found> find();
  void set(HashLengths lengths);

  const Family family_;
  NetlinkChannel& xfrm_;
  std::optional<HashLengths> ours_;  // as far as this process knows
};

}  // namespace xfrm
