// SPDX-License-Identifier: GPL-2.0-or-later
// Progress: how far a long change of the kernel is, and who is asked whether it may go on.
#pragma once

#include <cstddef>
#include <functional>

#include "xfrm/base/types.h"

namespace xfrm {

// Progress is in entries of one family's ACL: those that are put, moved or removed.
struct Progress {
  Family family = Family::ipv4;
  bool removing = false;
  std::size_t done = 0, all = 0;
};

// Attend is called several times a second during a change of some hundred entries, with the kernel
// in a state in which it may be read. False has an installation given up, and taken back as if the
// kernel had refused the rest; a removal goes on.
using Attend = std::function<bool(const Progress& progress)>;

}  // namespace xfrm
