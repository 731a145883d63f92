// SPDX-License-Identifier: GPL-2.0-or-later
// The AgentX sub-agent (RFC 2741), by Net-SNMP's library: it answers what the SNMP daemon asks of a
// subtree, and sends notifications through it.
#pragma once

#include <functional>
#include <string>

#include "agent/base/result.h"
#include "agent/snmp/objects.h"

namespace agent::snmp {

// There is one in a process, as the library has it.
class Subagent {
 public:
  // Read returns all instances below the subtree, in force now.
  using Read = std::function<const Objects&()>;

  // open registers the subtree with the SNMP daemon at `agentx` ("/var/agentx/master", or
  // "tcp:localhost:705"). Where none listens it is tried again without end.
  [[nodiscard]] static Result<void> open(const std::string& agentx, const ObjectId& subtree,
                                         Read read);

  static void send(const Notification& notification);

  // serve answers for some time.
  static void serve();
  // every has `work` done so often, inside serve().
  static void every(unsigned seconds, std::function<void()> work);
  static void close();
};

}  // namespace agent::snmp
