// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses and selectors as messages name them.
#pragma once

#include <string>

#include "xfrm/base/types.h"

namespace xfrm {

[[nodiscard]] std::string describe(const Address& address);
[[nodiscard]] std::string describe(const Prefix& prefix);
// "10.1.0.0/24 port 1024-2047 to 10.3.0.0/24 protocol 17"; what is not compared is left out.
[[nodiscard]] std::string describe(const Selector& selector);

}  // namespace xfrm
