// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace xfrm {

// Finding is a setting of this machine that works against what a plane does.
struct Finding {
  std::string where;   // the setting as it is: "net.ipv4.conf.all.disable_xfrm = 1"
  std::string what;    // what comes of it
  std::string remedy;  // the command that puts it right
  friend bool operator==(const Finding&, const Finding&) = default;
};

}  // namespace xfrm
