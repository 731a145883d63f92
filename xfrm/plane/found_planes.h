// SPDX-License-Identifier: GPL-2.0-or-later
// What planes there are in the kernel, whoever made them: a daemon that died, or one that ran by
// another configuration. Each nftables table says in its comment all that is needed to recognise
// the rest of its plane's objects.
#pragma once

#include <string>
#include <vector>

#include "xfrm/base/result.h"
#include "xfrm/plane/config.h"

namespace xfrm {

// comment_of writes the comment of a plane's table, at most 127 octets for IPv4, 180 for IPv6.
[[nodiscard]] std::string comment_of(const InstallerConfig& config);

// read_comment fills in what the comment tells of a plane of config.family(); false when it is none
// of ours, or of a version that wrote less.
[[nodiscard]] bool read_comment(const std::string& comment, InstallerConfig& config);

// found_planes lists the tables of planes that are there now, of either family, with the names of
// their interfaces.
[[nodiscard]] Result<std::vector<InstallerConfig>> found_planes();

}  // namespace xfrm
