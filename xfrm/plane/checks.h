// SPDX-License-Identifier: GPL-2.0-or-later
// What can be refused without asking the kernel, in words.
#pragma once

#include "xfrm/plane/plane.h"

namespace xfrm {

[[nodiscard]] Result<void> check(const InstallerConfig& config);
// check_acl looks at every entry, which must be of that family; check_keys at the rest.
[[nodiscard]] Result<void> check_acl(const std::vector<Entry>& entries, Family family);
[[nodiscard]] Result<void> check_keys(const Desired& desired);
[[nodiscard]] Result<void> check_senders(const std::vector<Prefix>& senders,
                                         const InstallerConfig& config);

}  // namespace xfrm
