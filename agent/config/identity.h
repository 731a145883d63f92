// SPDX-License-Identifier: GPL-2.0-or-later
// Phase 1 identities as the configuration writes them.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "gdoi/wire/identification.h"

namespace agent {

// parse_identity reads an address, "fqdn:NAME", "user:NAME@DOMAIN", "dn:C=DE, O=Example, CN=ks1" or
// "key-id:TEXT" (also "key-id:0xHEX").
[[nodiscard]] Result<gdoi::Identification> parse_identity(std::string_view text);

// is_typed_identity tells whether `text` begins as an identity does that is no address.
[[nodiscard]] bool is_typed_identity(std::string_view text) noexcept;

// identity_text writes one so.
[[nodiscard]] std::string identity_text(const gdoi::Identification& identity);

}  // namespace agent
