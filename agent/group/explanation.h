// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of one packet, asked of three that do not ask each other: the list as it was
// downloaded with the operator's exceptions, the kernel's policies as it has them, and the second
// lock. Where they do not agree, something is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/packet.h"
#include "gdoi/base/ids.h"

namespace agent {

// Treatment is what is done with a packet. Leaving by a WAN: passes in clear, leaves encrypted, or
// is dropped. Having come by a WAN: must have come in clear, must have come encrypted, may either.
enum class Treatment : std::uint8_t {
  clear,
  encrypt,
  either,
  drop,
  foreign,  // another group's IPsec, or another program's
  unknown,  // the list is a predecessor's, which left it in the kernel only
};

// ListAnswer is what the list says.
struct ListAnswer {
  // Which line decides, in the order in which they count.
  enum class Line : std::uint8_t {
    link,             // what IPv6 needs on a link
    key_server,       // GDOI from and to a key server
    deny,             // an exception of the operator's
    fail_close_deny,  // one that counts until a list is there
    fail_close,       // all else is dropped until then
    list,             // a line of the key server's list
    none,             // no line is about the packet
    no_list,          // nothing is enforced yet
    predecessor,      // what the daemon before this one left
  };
  Line line = Line::none;
  std::size_t number = 0;  // of the line in the key server's list, from 1; else 0
  std::string text;        // of the line, as access lists are written
  Treatment leaving = Treatment::clear, arriving = Treatment::clear;
  std::optional<gdoi::Spi> spi;  // of the TEK that it leaves on

  // is_about tells whether the list has something to say of the packet.
  [[nodiscard]] bool is_about() const noexcept {
    return line != Line::none && line != Line::no_list;
  }
};

// PolicyAnswer is what the kernel's policies say.
struct PolicyAnswer {
  enum class Way : std::uint8_t { out, forwarded, in };
  Way way = Way::out;     // by a WAN interface; having come by one, for others; for this machine
  std::string interface;  // of `out`
  Treatment treatment = Treatment::clear;
  std::optional<gdoi::Spi> spi;  // of the state that it leaves on
  std::string policy;            // in the kernel's words; empty: none is about the packet
  bool ours = false;
};

// LockAnswer is what the second lock says of a packet that is in clear on a WAN.
struct LockAnswer {
  bool installed = false, passes = true;
  bool exempt = false;    // GDOI, whatever its list says
  bool changing = false;  // it drops what neither the old list nor the new one lets pass
  std::string line;       // the first of its list that is about the packet; empty: none
  std::vector<std::string> differences;  // of the kernel's tables from what they should be
};

struct Explanation {
  ListAnswer list;
  std::vector<PolicyAnswer> policies;
  LockAnswer lock;
  // False: on a WAN that both are on, the list of another group is about the packet and comes
  // first, or alone is about it. Then policies are not to be compared with this one's list.
  bool decides = true;
  std::vector<std::string> disagreements = {};  // a line each; none: the three agree
};

}  // namespace agent
