// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/push/pushes.h"

#include <map>
#include <stdexcept>

#include "tests/support/failure.h"

namespace push_test {
Push tek_push(std::uint32_t sequence, std::uint32_t spi) {
  return {{seq(sequence), sa({sat({spi, 1, 3}), sat({spi, 3, 1})}), kd({tek_packet(spi)})}};
}

Push kek_push(std::uint32_t sequence, std::uint32_t spi, const ks::Kek& next, Sak policy) {
  policy.spi = next.spi;
  return {{seq(sequence), sa({sak(policy), sat({spi, 1, 3}), sat({spi, 3, 1})}),
           kd({kek_packet(next), tek_packet(spi)})}};
}

gdoi::RekeySpi spi_of(const ks::Kek& kek) {
  gdoi::RekeySpi out;
  std::copy_n(kek.spi.begin(), 8, out.initiator.bytes.begin());
  std::copy_n(kek.spi.begin() + 8, 8, out.responder.bytes.begin());
  return out;
}

gdoi::Kek downloaded(const ks::Kek& kek, std::uint32_t last_sequence) {
  gdoi::Kek out;
  out.policy.spi = spi_of(kek);
  out.policy.cipher = kek.encryption == ks::triple_des_cbc ? gdoi::CipherAlgorithm::triple_des_cbc
                                                           : gdoi::CipherAlgorithm::aes_cbc;
  out.policy.key_bits = static_cast<std::uint16_t>(8 * kek.key.size());
  out.policy.lifetime = std::chrono::hours{1};
  const std::map<unsigned, gdoi::HashAlgorithm> hashes{{ks::md5, gdoi::HashAlgorithm::md5},
                                                       {ks::sha1, gdoi::HashAlgorithm::sha1},
                                                       {ks::sha256, gdoi::HashAlgorithm::sha256},
                                                       {ks::sha384, gdoi::HashAlgorithm::sha384},
                                                       {ks::sha512, gdoi::HashAlgorithm::sha512}};
  out.policy.signature_hash = hashes.at(kek.hash);
  const std::map<unsigned, gdoi::SignatureAlgorithm> curves{
      {256, gdoi::SignatureAlgorithm::ecdsa256},
      {384, gdoi::SignatureAlgorithm::ecdsa384},
      {521, gdoi::SignatureAlgorithm::ecdsa521}};
  out.policy.signature =
      kek.signer->is_rsa() ? gdoi::SignatureAlgorithm::rsa : curves.at(kek.signer->bits());
  out.key = gdoi::KeyMaterial::copy_of(kek.key);
  out.iv = gdoi::KeyMaterial::copy_of(kek.iv);
  out.signature_key = kek.signer->public_key();
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
  return sas.receive(*message, gdoi::PushSender::key_server, now);
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
