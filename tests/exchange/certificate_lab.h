// SPDX-License-Identifier: GPL-2.0-or-later
// A member and a key server that authenticate by certificates.
#pragma once

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "gdoi/phase1/credentials.h"
#include "tests/exchange/lab.h"
#include "tests/support/pki.h"

namespace exchange {

namespace pki = support::pki;

struct StoppedClock final : gdoi::WallClock {
  [[nodiscard]] gdoi::WallTime now() const override { return pki::now; }
};

inline gdoi::View octets_of(const std::string& text) { return std::as_bytes(std::span{text}); }

// sign_bare signs a hash as it is: RSA with the padding around it, ECDSA as r | s.
inline ks::Octets sign_bare(EVP_PKEY* key, const ks::Octets& hashed,
                            const EVP_MD* digest_info = nullptr) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
      EVP_PKEY_CTX_new(key, nullptr), &EVP_PKEY_CTX_free};
  pki::need(context && EVP_PKEY_sign_init(context.get()) == 1);
  if (digest_info != nullptr)
    pki::need(EVP_PKEY_CTX_set_signature_md(context.get(), digest_info) == 1);
  ks::Octets out(1024);
  std::size_t size = out.size();
  pki::need(EVP_PKEY_sign(context.get(), ks::into(out), &size, ks::in(hashed), hashed.size()) == 1);
  out.resize(size);
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return out;
  const unsigned char* at = ks::in(out);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature{
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(out.size())), &ECDSA_SIG_free};
  const int field = (EVP_PKEY_get_bits(key) + 7) / 8;
  ks::Octets r_and_s(static_cast<std::size_t>(2 * field));
  pki::need(signature != nullptr);
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), ks::into(r_and_s), field);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), ks::into(r_and_s) + field, field);
  return r_and_s;
}

// verifies judges a member's signature by OpenSSL alone.
inline bool verifies(const ks::Octets& certificate, const ks::Octets& hashed,
                     const ks::Octets& signature) {
  if (certificate.empty()) return false;
  const unsigned char* at = ks::in(certificate) + 1;
  const pki::Certificate parsed{d2i_X509(nullptr, &at, static_cast<long>(certificate.size() - 1)),
                                &X509_free};
  if (!parsed) return false;
  EVP_PKEY* const key = X509_get0_pubkey(parsed.get());
  ks::Octets der = signature;
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
    const auto half = static_cast<int>(signature.size() / 2);
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> both{ECDSA_SIG_new(),
                                                                     &ECDSA_SIG_free};
    ECDSA_SIG_set0(both.get(), BN_bin2bn(ks::in(signature), half, nullptr),
                   BN_bin2bn(ks::in(signature) + half, half, nullptr));
    unsigned char* encoded = nullptr;
    const int size = i2d_ECDSA_SIG(both.get(), &encoded);
    der = ks::octets_from(encoded, size);
    OPENSSL_free(encoded);
  }
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
      EVP_PKEY_CTX_new(key, nullptr), &EVP_PKEY_CTX_free};
  return EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_verify(context.get(), ks::in(der), der.size(), ks::in(hashed), hashed.size()) ==
             1;
}

inline ks::Octets der_of(const pki::One& one) { return one.der(); }

// CertificateLab is a CA with a key server and a member under it; a test bends what it likes and
// then registers.
struct CertificateLab {
  explicit CertificateLab(pki::Key key = pki::ec_key(), unsigned method = 9)
      : ours{below.issue("gm", key, pki::end_entity("DNS:gm.example"))},
        theirs{below.issue("ks", key, pki::end_entity())} {
    script.certificates.emplace();
    auto& said = *script.certificates;
    said.method = method;
    said.chain = {der_of(theirs), der_of(below)};
    said.identity = ks::be(1, 1) + ks::be(0, 3) + ks::be(0x0a000005, 4);
    said.sign = [key](const ks::Octets& hashed) { return sign_bare(key.get(), hashed); };
    said.verify = verifies;
    anchors_are(root.pem());
  }

  void anchors_are(const std::string& pem) {
    anchors = gdoi::TrustAnchors{};
    auto authorities = gdoi::Certificate::parse_pem(octets_of(pem));
    REQUIRE(authorities);
    REQUIRE(anchors.add_authorities(std::move(*authorities)));
  }

  // member makes its configuration; anchors and CRLs are used up.
  gdoi::MemberConfig member(gdoi::Phase1Mode mode = gdoi::Phase1Mode::main) {
    auto config = member_config({"10.0.0.5"});
    config.phase1.mode = mode;
    config.phase1.key_server_identities = expected;
    auto chain = gdoi::Certificate::parse_pem(octets_of(ours.pem() + below.pem() + root.pem()));
    auto key = gdoi::SigningKey::parse(octets_of(ours.key_pem()), nullptr);
    REQUIRE(key);
    REQUIRE(chain);
    auto made =
        gdoi::CertificateCredentials::make(std::move(*key), std::move(*chain), std::move(anchors));
    REQUIRE(made);
    config.phase1.identity = gdoi::identification_of_name(made->own().subject());
    config.phase1.certificates = gdoi::CertificateConfig{
        std::make_shared<const gdoi::CertificateCredentials>(std::move(*made)), send,
        ignore_told_identity, std::make_shared<const StoppedClock>()};
    return config;
  }

  // refusal registers in vain; what is said about it.
  std::string refusal(gdoi::Phase1Mode mode = gdoi::Phase1Mode::main) {
    Lab lab{script, member(mode)};
    const auto report = lab.first_failure();
    CHECK(lab.network.established.empty());
    return told(report.why);
  }

  pki::One root = pki::One::root("root", pki::ec_key());
  pki::One below = root.issue("below", pki::ec_key(), pki::authority());
  pki::One ours, theirs;
  ks::Script script;
  gdoi::TrustAnchors anchors;
  std::vector<gdoi::Identification> expected;
  gdoi::SendCertificate send = gdoi::SendCertificate::always;
  bool ignore_told_identity = false;
};

}  // namespace exchange
