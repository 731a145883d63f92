// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/reload.h"

namespace agent {

bool registers_alike(GroupConfig from, const GroupConfig& to) {
  from.group_name = to.group_name;
  // What the data plane is given (XfrmPlane::configure).
  from.replay_window = to.replay_window;
  from.replay_senders = to.replay_senders;
  from.drop_unknown_senders = to.drop_unknown_senders;
  from.send_counter_modes = to.send_counter_modes;
  from.exceptions = to.exceptions;
  from.fail_close_exceptions = to.fail_close_exceptions;
  from.passive = to.passive;
  from.mss_clamp = to.mss_clamp;
  // What a session is given (GroupSession::configure).
  from.acceptance = to.acceptance;
  from.rekey_keys = to.rekey_keys;
  from.scope = to.scope;
  from.recovery = to.recovery;
  from.fail_close = to.fail_close;
  from.fail_close_revert = to.fail_close_revert;
  // Compared by the caller, as part of the identity that follows from it.
  from.kernel = to.kernel;
  return from == to;
}

}  // namespace agent
