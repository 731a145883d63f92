// SPDX-License-Identifier: GPL-2.0-or-later
// One member and one key server: what most tests of this folder begin with.
#pragma once

#include <cstdint>

#include "tests/exchange/network.h"
#include "tests/support/catch.h"

namespace exchange {

using ks::operator+;

// The one SPI of ks::lab_group().
inline constexpr std::uint32_t lab_spi = 0xdda601aa;

// Lab starts a member against a key server that follows `script`.
struct Lab {
  explicit Lab(ks::Script script = {}, gdoi::MemberConfig config = member_config({"10.0.0.5"}))
      : network{std::move(config)}, key_server{network.attach("10.0.0.5", std::move(script))} {
    network.start();
  }

  // policy is what the first registration brought, which must have been a good one.
  const gdoi::GroupPolicy& policy();
  // first_failure lets time pass until the first attempt failed, with nothing left of it.
  gdoi::RegistrationFailed first_failure();
  // check_policy_refused: the key server's authentic words are refused at once, and it is told.
  void check_policy_refused(const std::string& why);

  Network network;
  ks::KeyServer& key_server;
};

// told writes an error as "malformed: SEQ".
[[nodiscard]] std::string told(const gdoi::Error& error);

// Scripts with one thing bent: the group, or the payloads of a step before they are hashed.
[[nodiscard]] ks::Script with_group(ks::Group group);
[[nodiscard]] ks::Script with_group(const std::function<void(ks::Group&)>& bend);
[[nodiscard]] ks::Script with_edit(ks::Step at, const std::function<void(ks::Payloads&)>& bend);

[[nodiscard]] ks::Octets& body(ks::Payloads& payloads, unsigned type);
void erase(ks::Payloads& payloads, unsigned type);

// Payload types.
inline constexpr unsigned sa = ks::sa_payload, ke = ks::ke_payload, id = ks::id_payload,
                          nonce = ks::nonce_payload, kd = ks::kd_payload, seq = ks::seq_payload;

}  // namespace exchange
