// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "gdoi/base/ids.h"
#include "gdoi/base/secret.h"
#include "gdoi/wire/identification.h"

namespace agent {

// SecretLine is one line of the secrets file: `<address>|<name>|<identity>|any  <secret>`.
// The name is a key server's DNS name, with a dot in it or behind it; the identity is one of fqdn:,
// user: and key-id:, the secret a bare word, "quoted" (with \" and \\ inside) or
// 0xHEX.
struct SecretLine {
  std::optional<gdoi::Address> key_server;
  std::string name;                              // of a key server, as `ks` has it
  std::optional<gdoi::Identification> identity;  // none of these: any
  gdoi::KeyMaterial secret;
  unsigned line = 0;

  [[nodiscard]] bool is_for_any() const noexcept {
    return !key_server && name.empty() && !identity;
  }
};

class SecretsFile {
 public:
  // load reads a secrets file (see read_secret_file). Errors name file and line, never a part of a
  // secret.
  [[nodiscard]] static Result<SecretsFile> load(const std::string& file);

  // parse does so for text; `file` is for the errors.
  [[nodiscard]] static Result<SecretsFile> parse(std::string_view text, const std::string& file);

  // find prefers the line for the key server's address to that for its name, this to one for an
  // identity that key servers are expected to tell, and that to `any`; nullptr when there is none.
  [[nodiscard]] const SecretLine* find(const gdoi::Address& key_server,
                                       std::span<const gdoi::Identification> identities = {},
                                       std::string_view name = {}) const noexcept;

  // has_addresses: some line is for the address of a key server.
  [[nodiscard]] bool has_addresses() const noexcept;
  // same_as: each line is the same.
  [[nodiscard]] bool same_as(const SecretsFile& other) const;

 private:
  std::vector<SecretLine> lines_;
};

}  // namespace agent
