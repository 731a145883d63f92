// SPDX-License-Identifier: GPL-2.0-or-later
// What --check says about pre-shared keys.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/config/key_server.h"
#include "agent/config/secrets_file.h"

namespace agent {

// estimated_bits is how much entropy a secret has at most, by its length and the kinds of octets in
// it: one that a person thought of has far less. What repeats or continues the octet before counts
// for one bit.
[[nodiscard]] unsigned estimated_bits(gdoi::View secret) noexcept;

// secret_remarks says of the secrets that `key_servers` are asked with how strong they may be,
// whether they withstand a quantum computer, and where one serves more than one key server. No part
// of a secret is in it.
[[nodiscard]] std::vector<std::string> secret_remarks(
    const SecretsFile& secrets, std::span<const KeyServer> key_servers,
    std::span<const gdoi::Identification> identities);

}  // namespace agent
