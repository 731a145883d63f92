// SPDX-License-Identifier: GPL-2.0-or-later
// Whether the kernel has the parts that a group needs, without asking it for any. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/doctor/diagnosis.h"

namespace agent {

// ModuleLists are texts of the kernel and of its modules' folder; empty where there is none.
struct ModuleLists {
  std::string release;  // uname -r
  std::string loaded;   // /proc/modules
  std::string builtin;  // modules.builtin, and
  std::string on_disk;  // modules.dep of /lib/modules/RELEASE
};

// examine_modules: a part that is neither there nor on disk is a hint, for it may have another name
// in that kernel. One on disk is loaded when it is needed, unless loading is forbidden.
[[nodiscard]] std::vector<Diagnosis> examine_modules(const ModuleLists& lists, bool ipv6,
                                                     bool loading_forbidden);

}  // namespace agent
