// SPDX-License-Identifier: GPL-2.0-or-later
// Main Mode message 6 under certificates: proofs that are none, and what they may cost.
#include "tests/exchange/certificate_lab.h"

namespace proofs_test {

using namespace exchange;
using ks::Octets;

namespace {

bool is_message_6(const gdoi::Bytes& datagram) {
  return datagram.size() > 28 && datagram[18] == std::byte{2} && datagram[19] == std::byte{1};
}

// bent is a message 6 of the same shape with another signature; the ways to bend it differ.
gdoi::Bytes bent(gdoi::Bytes message_6, unsigned way) {
  message_6.at(message_6.size() - 40) ^= static_cast<std::byte>(way);
  return message_6;
}

}  // namespace

TEST_CASE("a proof that is none leaves phase 1 waiting") {
  const std::string waiting =
      "not authentic: no valid answer to our authentication: does the key server accept our "
      "certificate?";
  CertificateLab wrong;
  const auto other = pki::ec_key();
  wrong.script.certificates->sign = [&](const Octets& hashed) {
    return sign_bare(other.get(), hashed);
  };
  CHECK(wrong.refusal() == waiting);
  CertificateLab bent;
  bent.script.certificates->sign = [key = bent.theirs.key](const Octets& hashed) {
    auto out = sign_bare(key.get(), hashed);
    out.back() ^= std::byte{1};
    return out;
  };
  CHECK(bent.refusal() == waiting);
  CertificateLab many;
  many.script.certificates->chain.resize(gdoi::max_certificates + 1, der_of(many.below));
  CHECK(many.refusal() == waiting);
}

TEST_CASE("a stranger's proof that comes first does not shut out the key server") {
  // The same exchange, with all that the stranger can make of it, then the honest answer.
  CertificateLab all;
  Lab lab{all.script, all.member()};
  gdoi::Bytes honest;
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_key_server || !is_message_6(datagram) || !honest.empty()) return true;
    honest = datagram;
    datagram.back() ^= std::byte{1};
    return true;
  };
  lab.network.run(500ms);
  REQUIRE_FALSE(honest.empty());
  CHECK_FALSE(lab.network.registered());
  lab.network.inject(endpoint("10.0.0.5"), honest);
  CHECK_FALSE(lab.policy().entries.empty());
}

TEST_CASE("a few proofs that prove nothing are judged, and none of them twice") {
  for (const unsigned forgeries : {7U, 8U}) {
    CertificateLab all;
    Lab lab{all.script, all.member()};
    gdoi::Bytes honest;
    lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
      if (way == Way::to_key_server || !is_message_6(datagram)) return true;
      honest = datagram;
      return false;
    };
    lab.network.run(500ms);
    REQUIRE_FALSE(honest.empty());
    lab.network.tap = {};
    for (int again = 0; again < 10; ++again)
      for (unsigned i = 1; i <= forgeries; ++i)
        lab.network.inject(endpoint("10.0.0.5"), bent(honest, i));
    REQUIRE(lab.network.drops.size() == 10 * forgeries);
    CHECK(told(lab.network.drops.back()) == "not authentic: SIG_R");
    lab.network.inject(endpoint("10.0.0.5"), honest);
    if (forgeries == 7) CHECK_FALSE(lab.policy().entries.empty());
    if (forgeries == 8)
      CHECK(told(lab.network.drops.back()) ==
            "unexpected: too many proofs in phase 1 that prove nothing");
  }
}

TEST_CASE("whoever forged message 4 uses up nothing that the key server may prove") {
  CertificateLab all, elsewhere;
  Lab lab{all.script, all.member()};
  ks::KeyServer forger{elsewhere.script};
  gdoi::Bytes honest, forged;
  const auto overhear = [&](const gdoi::Bytes& datagram) {
    for (auto& reply : forger.receive(datagram))
      if (is_message_6(reply))
        forged = reply;
      else
        lab.network.at(lab.network.now(), [&network = lab.network, reply] {
          network.inject(endpoint("10.0.0.5"), reply);
        });
  };
  overhear(lab.network.sent.front().datagram);
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_key_server) overhear(datagram);
    if (way == Way::to_key_server || !is_message_6(datagram)) return true;
    honest = datagram;
    return false;
  };
  lab.network.run(500ms);
  REQUIRE_FALSE(honest.empty());
  REQUIRE_FALSE(forged.empty());
  lab.network.drops.clear();
  lab.network.inject(endpoint("10.0.0.5"), forged);
  for (unsigned i = 1; i <= 10; ++i) lab.network.inject(endpoint("10.0.0.5"), bent(forged, i));
  REQUIRE(lab.network.drops.size() == 11);
  CHECK(lab.network.drops.front().code == gdoi::Errc::untrusted);
  CHECK(told(lab.network.drops.back()) ==
        "unexpected: too many proofs in phase 1 that prove nothing");
  lab.network.inject(endpoint("10.0.0.5"), honest);
  CHECK_FALSE(lab.policy().entries.empty());
}

}  // namespace proofs_test
