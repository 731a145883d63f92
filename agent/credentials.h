// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/result.h"
#include "gdoi/ids.h"
#include "gdoi/secret.h"

namespace agent {

// Credential is one line of the secrets file: `<address>|any  <secret>`, where the secret is a bare
// word, "quoted" (with \" and \\ inside) or 0xHEX.
struct Credential {
  std::optional<gdoi::Address> key_server;  // nothing: any
  gdoi::KeyMaterial secret;
  unsigned line = 0;
};

class Credentials {
 public:
  // load reads a secrets file. It must be a regular file, owned by root or by us, without any
  // permission for group and others. Symbolic links are followed, since it is the file reached that
  // is checked, after it is open. Errors name file and line, never a part of a secret.
  [[nodiscard]] static Result<Credentials> load(const std::string& file);

  // parse does so for text; `file` is for the errors.
  [[nodiscard]] static Result<Credentials> parse(std::string_view text, const std::string& file);

  // find prefers the key server's own line to `any`; nullptr when there is neither.
  [[nodiscard]] const Credential* find(const gdoi::Address& key_server) const noexcept;

 private:
  std::vector<Credential> lines_;
};

}  // namespace agent
