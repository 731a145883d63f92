// SPDX-License-Identifier: GPL-2.0-or-later
// How the messages of one phase 1 travel.
#pragma once

#include "gdoi/base/ids.h"
#include "gdoi/base/result.h"

namespace gdoi {

// PathInfo is what the two sides found out about the way between them. Until message 6 it rests
// on words that anybody could have said, so each branch of phase 1 has its own.
struct PathInfo {
  bool floated = false;     // a NAT is on the way: to and from UDP 4500 (RFC 3947 section 4)
  bool behind_nat = false;  // we are behind it, so its mapping is ours to keep alive
  bool fragments = false;   // the key server puts IKE fragments together, and sends them
  friend bool operator==(const PathInfo&, const PathInfo&) = default;
};

// Outgoing is a message of ours, and how it travels.
struct Outgoing {
  Bytes message;
  PathInfo path;
};

// PathEnds are the two ends of a path as one of them sees it.
struct PathEnds {
  Endpoint local, remote;
  std::vector<Address> also_remote{};  // other addresses that the remote end may have
};

}  // namespace gdoi
