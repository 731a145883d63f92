// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel could not do with packets, as /proc/net/xfrm_stat counts it.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/base/result.h"

namespace agent {

// IpsecErrors counts packets of a network namespace since it is there, whosesoever IPsec it was.
// What the replay window and the integrity check refuse is counted by each state, and not here.
struct IpsecErrors {
  std::uint64_t no_sa_out = 0;      // to be encrypted, without a state
  std::uint64_t no_sa_in = 0;       // ESP under an SPI without a state
  std::uint64_t encapsulation = 0;  // for which no packet could be made
  std::uint64_t decapsulation = 0;  // whose header or buffer was unusable
};

// parse_ipsec_errors reads the text of the file; counters that a kernel does not have are 0.
[[nodiscard]] IpsecErrors parse_ipsec_errors(std::string_view xfrm_stat);
[[nodiscard]] Result<IpsecErrors> read_ipsec_errors();

}  // namespace agent
