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

// SecretLine is one line of the secrets file: `<address>|<identity>|any  <secret>`. The identity is
// one of fqdn:, user: and key-id:, the secret a bare word, "quoted" (with \" and \\ inside) or
// 0xHEX.
struct SecretLine {
  std::optional<gdoi::Address> key_server;
  std::optional<gdoi::Identification> identity;  // neither: any
  gdoi::KeyMaterial secret;
  unsigned line = 0;
};

class SecretsFile {
 public:
  // load reads a secrets file (see read_secret_file). Errors name file and line, never a part of a
  // secret.
  [[nodiscard]] static Result<SecretsFile> load(const std::string& file);

  // parse does so for text; `file` is for the errors.
  [[nodiscard]] static Result<SecretsFile> parse(std::string_view text, const std::string& file);

  // find prefers the key server's own line to one for an identity that key servers are expected to
  // tell, and that to `any`; nullptr when there is none.
  [[nodiscard]] const SecretLine* find(
      const gdoi::Address& key_server,
      std::span<const gdoi::Identification> identities = {}) const noexcept;

 private:
  std::vector<SecretLine> lines_;
};

}  // namespace agent
