// SPDX-License-Identifier: GPL-2.0-or-later
// Users and groups of this system.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace agent {

// default_user is who a daemon started by root becomes, where there is one of that name. The
// directories that are a daemon's alone have the same name.
inline constexpr const char* default_user = "getvpn-gm";

struct SystemUser {
  std::string name;
  uid_t id = 0;
  gid_t group = 0;  // its primary one
  friend bool operator==(const SystemUser&, const SystemUser&) = default;
};

struct SystemGroup {
  std::string name;
  gid_t id = 0;
  friend bool operator==(const SystemGroup&, const SystemGroup&) = default;
};

// find_user and find_group ask the system's databases (passwd(5), group(5), nsswitch.conf(5)). They
// fail when there is none of that name, and when the databases cannot be read.
[[nodiscard]] Result<SystemUser> find_user(std::string_view name);
[[nodiscard]] Result<SystemGroup> find_group(std::string_view name);

}  // namespace agent
