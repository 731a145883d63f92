// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/push/push_builder.h"

#include <map>
#include <stdexcept>

#include "tests/support/failure.h"

namespace push_test {
namespace {

std::size_t padded(const ServerKek& kek, const Push& push, std::size_t size) {
  const std::size_t block = kek.block();
  return (size + block - 1) / block * block + push.extra_blocks * block;
}

}  // namespace

Bytes header(const ServerKek& kek, const Push& push, unsigned first, unsigned flags,
             std::size_t length) {
  return Octets{}
      .put(kek.spi)
      .u8(first)
      .u8(push.version)
      .u8(push.exchange)
      .u8(flags)
      .u32(push.message_id)
      .u32(static_cast<std::uint32_t>(length))
      .bytes();
}

Bytes signed_octets(const ServerKek& kek, const Push& push, std::size_t signature_size) {
  const Bytes payloads = chain(push.parts, type_sig);
  const std::size_t all = payloads.size() + 4 + signature_size;
  const bool with_padding = push.header_variant == 1 || push.header_variant == 3;
  const unsigned flags = push.header_variant < 2 ? push.flags : push.flags & ~1U;
  const std::size_t length = 28 + (with_padding ? padded(kek, push, all) : all);
  return support::joined({support::text_octets("rekey"),
                          header(kek, push, push.parts.front().type, flags, length), payloads});
}

Bytes plaintext(const ServerKek& kek, const Push& push) {
  if (push.sent_parts) return chain(*push.sent_parts);
  auto parts = push.parts;
  if (push.signature) {
    parts.push_back({type_sig, *push.signature});
    return chain(parts);
  }
  const bool rsa = EVP_PKEY_get_base_id(kek.signer->handle()) == EVP_PKEY_RSA;
  const auto octets = static_cast<std::size_t>((EVP_PKEY_get_bits(kek.signer->handle()) + 7) / 8);
  const Bytes covered = signed_octets(kek, push, rsa ? octets : 2 * octets);
  parts.push_back({type_sig, push.digest_info ? kek.signer->sign(kek.hash, covered)
                                              : kek.signer->sign_bare(kek.hash, covered)});
  return chain(parts);
}

Bytes packed(const ServerKek& kek, const Push& push, View plain, unsigned first) {
  Bytes whole{plain.begin(), plain.end()};
  whole.resize(padded(kek, push, plain.size()), push.padding);
  const Bytes wire = encrypt_cbc(kek.cipher, kek.key, kek.iv, whole);
  return support::joined({header(kek, push, first, push.flags, 28 + wire.size()), wire});
}

Bytes datagram(const ServerKek& kek, const Push& push) {
  const auto& parts = push.sent_parts ? *push.sent_parts : push.parts;
  return packed(kek, push, plaintext(kek, push), parts.front().type);
}

Push tek_push(std::uint32_t sequence, std::uint32_t spi) {
  return {{seq(sequence), sa({sat({spi, 1, 3}), sat({spi, 3, 1})}), kd({tek_packet(spi)})}};
}

Push kek_push(std::uint32_t sequence, std::uint32_t spi, const ServerKek& next, Sak policy) {
  policy.spi = next.spi;
  return {{seq(sequence), sa({sak(policy), sat({spi, 1, 3}), sat({spi, 3, 1})}),
           kd({kek_packet(next), tek_packet(spi)})}};
}

Bytes kek_packet(const ServerKek& kek, bool with_public_key) {
  const Bytes keys = variable(1, kek.iv_and_key());
  if (!with_public_key) return key_packet(2, kek.spi, {keys});
  return key_packet(2, kek.spi, {keys, variable(2, kek.signer->subject_public_key_info())});
}

gdoi::RekeySpi spi_of(const ServerKek& kek) {
  gdoi::RekeySpi out;
  std::copy_n(kek.spi.begin(), 8, out.initiator.bytes.begin());
  std::copy_n(kek.spi.begin() + 8, 8, out.responder.bytes.begin());
  return out;
}

gdoi::Kek downloaded(const ServerKek& kek, std::uint32_t last_sequence) {
  gdoi::Kek out;
  out.policy.spi = spi_of(kek);
  out.policy.cipher = kek.cipher == "DES-EDE3-CBC" ? gdoi::CipherAlgorithm::triple_des_cbc
                                                   : gdoi::CipherAlgorithm::aes_cbc;
  out.policy.key_bits = static_cast<std::uint16_t>(8 * kek.key.size());
  out.policy.lifetime = std::chrono::hours{1};
  const std::map<std::string, gdoi::HashAlgorithm> hashes{{"MD5", gdoi::HashAlgorithm::md5},
                                                          {"SHA1", gdoi::HashAlgorithm::sha1},
                                                          {"SHA256", gdoi::HashAlgorithm::sha256},
                                                          {"SHA384", gdoi::HashAlgorithm::sha384},
                                                          {"SHA512", gdoi::HashAlgorithm::sha512}};
  out.policy.signature_hash = hashes.at(kek.hash);
  const std::map<int, gdoi::SignatureAlgorithm> curves{{256, gdoi::SignatureAlgorithm::ecdsa256},
                                                       {384, gdoi::SignatureAlgorithm::ecdsa384},
                                                       {521, gdoi::SignatureAlgorithm::ecdsa521}};
  out.policy.signature = EVP_PKEY_get_base_id(kek.signer->handle()) == EVP_PKEY_RSA
                             ? gdoi::SignatureAlgorithm::rsa
                             : curves.at(EVP_PKEY_get_bits(kek.signer->handle()));
  out.key = gdoi::KeyMaterial::copy_of(kek.key);
  out.iv = gdoi::KeyMaterial::copy_of(kek.iv);
  out.signature_key = kek.signer->subject_public_key_info();
  out.last_sequence = {last_sequence};
  return out;
}

std::string state(const gdoi::RekeySaTable& sas) {
  std::string out;
  for (const auto& sa : sas.status()) {
    static constexpr std::array roles{"previous", "current", "next"};
    out += std::string{roles[static_cast<std::size_t>(sa.role)]} + " " +
           static_cast<char>(sa.policy.spi.initiator.bytes[0]) + " " +
           std::to_string(sa.last_sequence.value) + " until " +
           std::to_string(
               std::chrono::duration_cast<std::chrono::seconds>(sa.expires - noon).count()) +
           "; ";
  }
  return out;
}

gdoi::Result<gdoi::PushOutcome> receive(gdoi::RekeySaTable& sas, View datagram, gdoi::Instant now) {
  const auto message = gdoi::parse_message(datagram);
  if (!message) return tl::unexpected<gdoi::Error>{message.error()};
  return sas.receive(*message, now);
}

gdoi::Rekey accepted(gdoi::Result<gdoi::PushOutcome> outcome) {
  if (!outcome) throw std::runtime_error{"not accepted: " + support::failure(outcome)};
  if (auto* const rekey = std::get_if<gdoi::Rekey>(&*outcome)) return std::move(*rekey);
  const std::string why = refused(outcome);
  throw std::runtime_error{why.empty() ? "not accepted: taken for a copy" : "refused: " + why};
}

std::string refused(const gdoi::Result<gdoi::PushOutcome>& outcome) {
  if (!outcome) return {};
  const auto* const push = std::get_if<gdoi::RefusedPush>(&*outcome);
  if (push == nullptr) return {};
  return support::failure(gdoi::Result<void>{tl::unexpected<gdoi::Error>{push->why}});
}

}  // namespace push_test
