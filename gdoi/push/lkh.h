// SPDX-License-Identifier: GPL-2.0-or-later
// The key packet of the Logical Key Hierarchy (RFC 6407 section 5.6.3). It is read so that a rekey
// which needs it can be refused by name; the key tree itself is not kept.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gdoi/base/ids.h"
#include "gdoi/base/result.h"
#include "gdoi/base/secret.h"
#include "gdoi/crypto/cipher.h"

namespace gdoi {

struct LkhKey {
  std::uint16_t id = 0;  // of the node in the tree
  CipherAlgorithm cipher{};
  std::uint32_t created = 0, expires = 0;  // seconds since 1970; 0: no bound
  std::uint32_t handle = 0;                // tells a node's keys apart
  KeyMaterial data;  // IV, then key; encrypted under the key before it when in an update
};

// LkhDownload is the path of one member: the leaf that it alone shares with the key server first,
// the group's KEK last.
struct LkhDownload {
  std::vector<LkhKey> keys;
};

// LkhUpdate replaces a path from the node `id` upwards. Its first key is encrypted under the key
// that `id` and `handle` name, each other one under the key before it.
struct LkhUpdate {
  std::uint16_t id = 0;
  std::uint32_t handle = 0;
  std::vector<LkhKey> keys;
};

struct LkhPacket {
  RekeySpi spi;
  std::optional<LkhDownload> download;
  std::vector<LkhUpdate> updates;
  Bytes signature_key;
  std::uint16_t ignored_attributes = 0;
};

// An array may hold this many keys: a path in a tree of more members than there are addresses.
inline constexpr std::size_t max_lkh_keys = 64;

// find_lkh reads the LKH packet in the body of a KD; nullopt: there is none. `key_bits` is the
// SAK's KEK_KEY_LENGTH, which says how long AES keys are.
[[nodiscard]] Result<std::optional<LkhPacket>> find_lkh(View key_download, std::uint16_t key_bits);

[[nodiscard]] Result<LkhDownload> parse_lkh_download(View array, std::uint16_t key_bits);
[[nodiscard]] Result<LkhUpdate> parse_lkh_update(View array, std::uint16_t key_bits);

// base_key_of is the base_key of an acknowledgement that the key tree protects (RFC 8263 section
// 2.2): the leaf's key without its IV. It is borrowed from `download`.
[[nodiscard]] View base_key_of(const LkhDownload& download) noexcept;

}  // namespace gdoi
