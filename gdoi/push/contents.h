// SPDX-License-Identifier: GPL-2.0-or-later
// What a GROUPKEY-PUSH whose signature verified wants.
#pragma once

#include "gdoi/assemble/assemble.h"
#include "gdoi/push/deletes.h"
#include "gdoi/push/message.h"

namespace gdoi {

struct PushContents {
  Deletes deletes;
  // What SA and KD bring. Its entries and TEKs are the group's list from now on when
  // `replaces_list`; an SA without SATs leaves the list in force alone. A KEK in it has
  // last_sequence 0.
  std::optional<GroupPolicy> policy;
  bool replaces_list = false;
};

// read_contents reads D, SA and KD completely; nothing is taken of a message of which any part is
// wrong. `under` is the KEK that decrypted it: its public key stays in use when the key packet of a
// new KEK has none. Sender IDs are not taken: they would be the same for all members.
[[nodiscard]] Result<PushContents> read_contents(const PushFrame& frame, const Kek& under,
                                                 const SatRules& rules);

}  // namespace gdoi
