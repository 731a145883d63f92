// SPDX-License-Identifier: GPL-2.0-or-later
// Policies as a key server might send them, for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/address.h"
#include "agent/group/ports.h"
#include "gdoi/policy/policy.h"

namespace support {

using gdoi::seconds;

inline gdoi::Address ip(std::string_view text) { return agent::parse_ipv4(text).value(); }

inline gdoi::AddressRange range(std::string_view first, std::string_view last) {
  return {ip(first), ip(last)};
}
inline gdoi::AddressRange any() { return range("0.0.0.0", "255.255.255.255"); }

inline gdoi::Endpoint key_server(std::string_view address = "10.0.0.5") {
  return {ip(address), 848};
}

inline gdoi::TrafficSelector selector(gdoi::AddressRange source, gdoi::AddressRange destination) {
  return {0, {source, 0}, {destination, 0}};
}

// site(N) is 10.N.0.0/24, as in the lab.
inline gdoi::AddressRange site(int n) {
  const auto net = "10." + std::to_string(n) + ".0.";
  return range(net + "0", net + "255");
}

inline gdoi::AccessEntry permit(gdoi::TrafficSelector what, std::uint32_t spi) {
  return {gdoi::AccessEntry::Action::permit, what, gdoi::Spi{spi}};
}
inline gdoi::AccessEntry deny(gdoi::TrafficSelector what) {
  return {gdoi::AccessEntry::Action::deny, what, gdoi::Spi{0}};
}

inline gdoi::KeyMaterial key(std::size_t size, unsigned fill) {
  gdoi::KeyMaterial out{size};
  std::fill(out.writable().begin(), out.writable().end(), static_cast<std::byte>(fill));
  return out;
}

// tek is AES-128-CBC with HMAC-SHA-256, keys made of the SPI's low octet.
inline gdoi::Tek tek(std::uint32_t spi, seconds lifetime = seconds{3600}) {
  gdoi::Tek out;
  out.spi = gdoi::Spi{spi};
  out.policy.transform = gdoi::EspTransformId::aes_cbc;
  out.policy.key_bits = 128;
  out.policy.integrity = gdoi::IntegrityId::hmac_sha256_128;
  out.policy.lifetime = lifetime;
  out.cipher_key = key(16, spi & 0xff);
  out.integrity_key = key(32, spi & 0xff);
  return out;
}

inline gdoi::Tek gcm_tek(std::uint32_t spi) {
  auto out = tek(spi);
  out.policy.transform = gdoi::EspTransformId::aes_gcm_16;
  out.policy.integrity = gdoi::IntegrityId::none;
  out.cipher_key = key(20, spi & 0xff);
  out.integrity_key = {};
  return out;
}

// lab_policy is the list of the lab, both lines under one SPI.
inline gdoi::GroupPolicy lab_policy(std::uint32_t spi = 0xa3d6592e,
                                    seconds lifetime = seconds{3600}) {
  gdoi::GroupPolicy out;
  out.entries = {permit(selector(site(1), site(3)), spi), permit(selector(site(3), site(1)), spi)};
  out.teks.push_back(tek(spi, lifetime));
  return out;
}

inline gdoi::Kek kek(unsigned fill = 0x5d, seconds lifetime = seconds{86400}) {
  gdoi::Kek out;
  out.policy.spi.initiator.bytes.fill(static_cast<std::byte>(fill));
  out.policy.spi.responder.bytes.fill(static_cast<std::byte>(fill + 1));
  out.policy.source.addresses = {ip("10.0.0.5"), ip("10.0.0.5")};
  out.policy.destination.addresses = {ip("172.16.1.2"), ip("172.16.1.2")};
  out.policy.cipher = gdoi::CipherAlgorithm::triple_des_cbc;
  out.policy.key_bits = 192;
  out.policy.lifetime = lifetime;
  out.policy.signature_hash = gdoi::HashAlgorithm::sha1;
  out.policy.signature = gdoi::SignatureAlgorithm::rsa;
  out.policy.signature_key_bits = 2352;
  out.key = key(24, 1);
  out.iv = key(8, 2);
  return out;
}

// What a TekUse said, without pointers.
struct Use {
  std::uint32_t spi;
  seconds remaining;
  bool receive, send;
  friend bool operator==(const Use&, const Use&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const Use& use) {
  return out << std::hex << use.spi << std::dec << ' ' << use.remaining.count() << " s"
             << (use.receive ? " receive" : "") << (use.send ? " send" : "");
}

// RecordingPlane is a data plane that remembers what it was asked for, and refuses on demand.
class RecordingPlane final : public agent::DataPlane {
 public:
  struct Asked {
    agent::Installation::Mode mode{};
    std::vector<gdoi::AccessEntry> entries;
    std::vector<Use> teks;
    std::vector<gdoi::Spi> receive_only;
    std::vector<std::pair<std::uint32_t, bool>> kept;  // SPI, outbound
    bool remove_superseded = false;
  };

  agent::Result<agent::Applied> apply(const agent::Installation& installation) override {
    if (!refusal.empty()) {
      ++refused;
      return agent::fail(refusal);
    }
    Asked now;
    now.mode = installation.mode;
    now.remove_superseded = installation.remove_superseded;
    now.receive_only.assign(installation.receive_only.begin(), installation.receive_only.end());
    for (const auto& tek : installation.kept) now.kept.emplace_back(tek.spi.value, tek.outbound);
    now.entries.assign(installation.entries.begin(), installation.entries.end());
    for (const auto& use : installation.teks)
      now.teks.push_back({use.tek->spi.value, use.remaining, use.receive, use.send});
    applied.push_back(std::move(now));
    agent::Applied out{installation.mode, {}};
    for (const auto& use : installation.teks) {
      out.teks.push_back({use.tek->spi, use.receive, use.send && !not_sent, replay_window, {}});
      if (not_sent || !use.send)
        out.teks.back().not_sent = not_sent.value_or(agent::NotSent::not_yet);
    }
    return out;
  }
  agent::Result<void> clear() override {
    cleared = true;
    return {};
  }
  agent::Result<std::vector<agent::TekCounters>> counters() override {
    ++counted;
    return counts;
  }

  agent::Result<std::vector<agent::UnknownSpi>> unknown_spis() override {
    if (!unreadable.empty()) return agent::fail(unreadable);
    return unknown;
  }
  agent::Result<agent::ExistingState> survey() override { return found; }
  agent::Result<std::vector<std::string>> verify() override {
    if (!unreadable.empty()) return agent::fail(unreadable);
    return std::exchange(differences, {});
  }

  std::vector<Asked> applied;
  std::vector<agent::TekCounters> counts;
  int counted = 0;                         // times counters() was asked
  std::uint32_t replay_window = 0;         // of all states
  std::optional<agent::NotSent> not_sent;  // nothing is sent on, for that reason
  agent::ExistingState found;
  std::vector<std::string> differences;
  std::vector<agent::UnknownSpi> unknown;
  std::string unreadable;  // when not empty, unknown_spis and verify fail with it
  std::string refusal;     // when not empty, apply fails with it
  int refused = 0;
  bool cleared = false;
};

}  // namespace support
