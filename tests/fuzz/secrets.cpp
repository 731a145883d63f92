// SPDX-License-Identifier: GPL-2.0-or-later
// A secrets file: an error names file and line and no part of a secret, and whoever is looked for
// finds a secret that is not empty.
#include "agent/config/secrets_file.h"
#include "tests/fuzz/target.h"

bool fuzz(gdoi::View input) {
  const std::string text{reinterpret_cast<const char*>(input.data()), input.size()};
  const auto file = agent::SecretsFile::parse(text, "FILE");
  if (!file) {
    assert(file.error().what.rfind("FILE", 0) == 0);
    return false;
  }
  assert(file->same_as(*file));
  const gdoi::Address address{gdoi::Address::Family::ipv4, {std::byte{10}}};
  const auto* const found = file->find(address, {}, "ks.example");
  assert(found == nullptr || !found->secret.view().empty());
  return found != nullptr;
}
