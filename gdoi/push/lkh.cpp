// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/lkh.h"

#include "gdoi/wire/key_download.h"
#include "gdoi/wire/key_packet.h"

namespace gdoi {
namespace {

constexpr std::uint8_t version_1 = 1;

Result<CipherAlgorithm> cipher_of(std::uint8_t value) {
  switch (value) {
    case 1:
      return CipherAlgorithm::des_cbc;
    case 2:
      return CipherAlgorithm::triple_des_cbc;
    case 3:
      return CipherAlgorithm::aes_cbc;
  }
  return fail(Errc::unsupported, "LKH key type", value);
}

std::size_t key_size(CipherAlgorithm cipher, std::uint16_t key_bits) noexcept {
  if (cipher == CipherAlgorithm::des_cbc) return 8;
  return cipher == CipherAlgorithm::triple_des_cbc ? 24 : key_bits / 8u;
}

// An LKH key has no length of its own: it follows from its type. What is encrypted comes in whole
// blocks, which makes a difference for AES-192 only.
enum class Form : std::uint8_t { clear, encrypted };
std::size_t data_size(CipherAlgorithm cipher, std::uint16_t key_bits, Form form) noexcept {
  const std::size_t block = block_size(cipher), size = block + key_size(cipher, key_bits);
  return form == Form::clear ? size : (size + block - 1) / block * block;
}

// next_key follows RFC 6407 figure 12.
Result<LkhKey> next_key(Reader& in, std::uint16_t key_bits, Form form) {
  LkhKey out;
  std::uint8_t type = 0, reserved = 0;
  if (!(in.u16(out.id) && in.u8(type) && in.u8(reserved) && in.u32(out.created) &&
        in.u32(out.expires) && in.u32(out.handle)))
    return fail(Errc::truncated, "LKH key");
  const auto cipher = cipher_of(type);
  if (!cipher) return tl::unexpected<Error>{cipher.error()};
  out.cipher = *cipher;
  if (!valid_key_size(out.cipher, key_size(out.cipher, key_bits)))
    return fail(Errc::unsupported, "size of an LKH key", key_bits);
  View data;
  if (!in.take(data_size(out.cipher, key_bits, form), data))
    return fail(Errc::truncated, "LKH key", out.id);
  out.data = KeyMaterial::copy_of(data);
  return out;
}

Result<std::vector<LkhKey>> keys_of(Reader& in, std::uint16_t count, std::uint16_t key_bits,
                                    Form form) {
  if (count == 0 || count > max_lkh_keys)
    return fail(Errc::malformed, "number of keys in an LKH array", count);
  std::vector<LkhKey> out;
  for (std::uint16_t i = 0; i < count; ++i) {
    auto key = next_key(in, key_bits, form);
    if (!key) return tl::unexpected<Error>{key.error()};
    out.push_back(std::move(*key));
  }
  if (!in.empty()) return fail(Errc::malformed, "octets after the last LKH key");
  return out;
}

// read_head reads what begins figures 11 and 13 alike.
Result<std::uint16_t> read_head(Reader& in) {
  std::uint8_t version = 0, reserved = 0;
  std::uint16_t count = 0;
  if (!(in.u8(version) && in.u16(count) && in.u8(reserved)))
    return fail(Errc::truncated, "LKH array");
  // RFC 6407 section 5.6.3.1: "Version of the LKH data format. Must be one."
  if (version != version_1) return fail(Errc::unsupported, "LKH version", version);
  return count;
}

Result<void> add(const Attribute& attribute, std::uint16_t key_bits, LkhPacket& out) {
  enum AttributeType : std::uint16_t {
    lkh_download_array = 1,
    lkh_update_array = 2,
    sig_algorithm_key = 3
  };
  switch (attribute.type) {
    case lkh_download_array: {
      // "there MUST be only one present"
      if (out.download) return fail(Errc::malformed, "LKH_DOWNLOAD_ARRAY twice");
      auto array = parse_lkh_download(attribute.value, key_bits);
      if (!array) return tl::unexpected<Error>{array.error()};
      out.download = std::move(*array);
      return {};
    }
    case lkh_update_array: {
      auto array = parse_lkh_update(attribute.value, key_bits);
      if (!array) return tl::unexpected<Error>{array.error()};
      out.updates.push_back(std::move(*array));
      return {};
    }
    case sig_algorithm_key:
      if (!out.signature_key.empty()) return fail(Errc::malformed, "SIG_ALGORITHM_KEY twice");
      out.signature_key.assign(attribute.value.begin(), attribute.value.end());
      return {};
  }
  count_up(out.ignored_attributes);
  return {};
}

Result<LkhPacket> read_packet(const KeyPacket& packet, std::uint16_t key_bits) {
  LkhPacket out;
  Reader spi{packet.spi};
  if (!(spi.cookie(out.spi.initiator) && spi.cookie(out.spi.responder) && spi.empty()))
    return fail(Errc::malformed, "LKH packet SPI size",
                static_cast<std::uint32_t>(packet.spi.size()));
  for (const Attribute& attribute : packet.attributes)
    if (const auto added = add(attribute, key_bits, out); !added)
      return tl::unexpected<Error>{added.error()};
  if (!out.download && out.updates.empty())
    return fail(Errc::malformed, "LKH packet without an array");
  return out;
}

}  // namespace

Result<LkhDownload> parse_lkh_download(View array, std::uint16_t key_bits) {
  Reader in{array};
  const auto count = read_head(in);
  if (!count) return tl::unexpected<Error>{count.error()};
  auto keys = keys_of(in, *count, key_bits, Form::clear);
  if (!keys) return tl::unexpected<Error>{keys.error()};
  return LkhDownload{std::move(*keys)};
}

Result<LkhUpdate> parse_lkh_update(View array, std::uint16_t key_bits) {
  Reader in{array};
  const auto count = read_head(in);
  if (!count) return tl::unexpected<Error>{count.error()};
  LkhUpdate out;
  std::uint16_t reserved = 0;
  if (!(in.u16(out.id) && in.u16(reserved) && in.u32(out.handle)))
    return fail(Errc::truncated, "LKH array");
  auto keys = keys_of(in, *count, key_bits, Form::encrypted);
  if (!keys) return tl::unexpected<Error>{keys.error()};
  out.keys = std::move(*keys);
  return out;
}

Result<std::optional<LkhPacket>> find_lkh(View key_download, std::uint16_t key_bits) {
  Reader in{key_download};
  std::uint16_t count = 0, reserved = 0;
  if (!(in.u16(count) && in.u16(reserved))) return fail(Errc::truncated, "KD");
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto key_packet = next_key_packet(in);
    if (!key_packet) return tl::unexpected<Error>{key_packet.error()};
    if (key_packet->type != KeyPacketType::lkh) continue;
    auto packet = read_packet(*key_packet, key_bits);
    if (!packet) return tl::unexpected<Error>{packet.error()};
    return std::optional{std::move(*packet)};
  }
  return std::optional<LkhPacket>{};
}

View base_key_of(const LkhDownload& download) noexcept {
  assert(!download.keys.empty());
  const LkhKey& leaf = download.keys.front();
  return leaf.data.view().subspan(block_size(leaf.cipher));
}

}  // namespace gdoi
