// SPDX-License-Identifier: GPL-2.0-or-later
// The SA KEK payload, SAK (RFC 6407 section 5.3): how the group is rekeyed.
#pragma once

#include <optional>

#include "gdoi/policy/policy.h"
#include "gdoi/wire/reader.h"

namespace gdoi {

// parse_sa_kek reads the body of a SAK. Unknown attribute types are counted in
// `ignored_attributes`; unknown values of the ciphers and hashes are refused.
[[nodiscard]] Result<KekPolicy> parse_sa_kek(View body);

}  // namespace gdoi
