// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/group/kept_state.h"
#include "gdoi/push/rekey.h"

namespace agent {

// RekeyKeyPin says which keys may sign rekeys (rekey-key). Whoever knows a pre-shared key that
// members share can pose as a key server (RFC 6407 section 7.2.6); a pin keeps such a one from
// signing rekeys, not from handing out a list and TEKs, since a public key is no secret.
class RekeyKeyPin {
 public:
  // `kept` is where the first one is remembered, for the group with this table; nullptr: as long
  // as this lasts.
  RekeyKeyPin(RekeyKeys keys, KeptState* kept, std::string table);
  void configure(RekeyKeys keys);

  // check refuses a registration's KEK with another key, and none at all where one is pinned. The
  // error names both keys and what to do.
  [[nodiscard]] Result<void> check(const std::optional<gdoi::Kek>& kek);
  // check of a rekey: it may bring no KEK with another key, nor come under one that a rekey
  // brought.
  [[nodiscard]] Result<void> check(const gdoi::Rekey& rekey);

  // installed notes the key of a policy that is in force now: its SHA-256, empty: none.
  void installed(gdoi::Bytes digest, Instant now);
  // current is the key that signs rekeys now, empty: none does.
  [[nodiscard]] const gdoi::Bytes& current() const noexcept { return current_; }

  // accept takes the key that was refused last for the first one. Fails when there was none, or
  // when the configuration names the keys.
  [[nodiscard]] Result<gdoi::Bytes> accept(Instant now);

 private:
  // Of so many KEKs that rekeys brought it is remembered that they were refused.
  static constexpr std::size_t max_refused = 8;

  [[nodiscard]] tl::unexpected<Error> other_key() const;
  [[nodiscard]] std::vector<gdoi::Bytes> wanted() const;
  void remember(gdoi::Bytes digest, Instant now);

  RekeyKeys keys_;
  KeptState* kept_;
  std::string table_;
  gdoi::Bytes first_, current_, refused_;
  std::vector<gdoi::RekeySpi> refused_keks_;  // the oldest first
};

}  // namespace agent
