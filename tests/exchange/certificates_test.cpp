// SPDX-License-Identifier: GPL-2.0-or-later
// Registration with certificates: what is believed, what is refused, and what is said about it.
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "gdoi/phase1/credentials.h"
#include "tests/exchange/lab.h"
#include "tests/support/pki.h"

namespace certificates_test {

using namespace exchange;
namespace pki = support::pki;
using ks::be;
using ks::Octets;
using pki::One;

namespace {

struct StoppedClock final : gdoi::WallClock {
  [[nodiscard]] gdoi::WallTime now() const override { return pki::now; }
};

gdoi::View octets_of(const std::string& text) { return std::as_bytes(std::span{text}); }

// sign_bare signs a hash as it is: RSA with the padding around it, ECDSA as r | s.
Octets sign_bare(EVP_PKEY* key, const Octets& hashed, const EVP_MD* digest_info = nullptr) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
      EVP_PKEY_CTX_new(key, nullptr), &EVP_PKEY_CTX_free};
  pki::need(context && EVP_PKEY_sign_init(context.get()) == 1);
  if (digest_info != nullptr)
    pki::need(EVP_PKEY_CTX_set_signature_md(context.get(), digest_info) == 1);
  Octets out(1024);
  std::size_t size = out.size();
  pki::need(EVP_PKEY_sign(context.get(), ks::into(out), &size, ks::in(hashed), hashed.size()) == 1);
  out.resize(size);
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return out;
  const unsigned char* at = ks::in(out);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature{
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(out.size())), &ECDSA_SIG_free};
  const int field = (EVP_PKEY_get_bits(key) + 7) / 8;
  Octets r_and_s(static_cast<std::size_t>(2 * field));
  pki::need(signature != nullptr);
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), ks::into(r_and_s), field);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), ks::into(r_and_s) + field, field);
  return r_and_s;
}

// verifies judges a member's signature by OpenSSL alone.
bool verifies(const Octets& certificate, const Octets& hashed, const Octets& signature) {
  if (certificate.empty()) return false;
  const unsigned char* at = ks::in(certificate) + 1;
  const pki::Certificate parsed{d2i_X509(nullptr, &at, static_cast<long>(certificate.size() - 1)),
                                &X509_free};
  if (!parsed) return false;
  EVP_PKEY* const key = X509_get0_pubkey(parsed.get());
  Octets der = signature;
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

Octets der_of(const One& one) { return one.der(); }

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
    said.identity = be(1, 1) + be(0, 3) + be(0x0a000005, 4);
    said.sign = [key](const Octets& hashed) { return sign_bare(key.get(), hashed); };
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

  One root = One::root("root", pki::ec_key());
  One below = root.issue("below", pki::ec_key(), pki::authority());
  One ours, theirs;
  ks::Script script;
  gdoi::TrustAnchors anchors;
  std::vector<gdoi::Identification> expected;
  gdoi::SendCertificate send = gdoi::SendCertificate::always;
  bool ignore_told_identity = false;
};

gdoi::Identification named(gdoi::IdType type, const std::string& text) {
  const auto octets = octets_of(text);
  return {type, 0, 0, {octets.begin(), octets.end()}};
}

const std::string stranger =
    "untrusted: key server's certificate has no identity of a known key server";
const std::string foreign = "untrusted: key server's certificate is not of a CA that we trust";

}  // namespace

TEST_CASE("a member registers with signatures of each kind, in both modes") {
  const std::vector<std::pair<pki::Key, unsigned>> kinds{{pki::rsa_key(), 3},
                                                         {pki::rsa_key(2048), 3},
                                                         {pki::ec_key("P-256"), 9},
                                                         {pki::ec_key("P-384"), 10},
                                                         {pki::ec_key("P-521"), 11}};
  for (const auto& [key, method] : kinds)
    for (const auto mode : {gdoi::Phase1Mode::main, gdoi::Phase1Mode::aggressive}) {
      INFO("method " << method);
      CertificateLab all{key, method};
      Lab lab{all.script, all.member(mode)};
      CHECK_FALSE(lab.policy().entries.empty());
      // Ours and the intermediate one went along, the anchor did not.
      CHECK(lab.key_server.seen().certificates ==
            std::vector<Octets>{be(4, 1) + der_of(all.ours), be(4, 1) + der_of(all.below)});
      // We say what our certificate says, and ask for one of our CA.
      unsigned char* name = nullptr;
      const int size = i2d_X509_NAME(X509_get_subject_name(all.ours.certificate.get()), &name);
      CHECK(lab.key_server.seen().identities.front() ==
            be(9, 1) + be(0, 3) + ks::octets_from(name, size));
      OPENSSL_free(name);
      REQUIRE(lab.key_server.seen().requests.size() == 1);
      CHECK(lab.key_server.seen().requests.front().front() == std::byte{4});
    }
}

TEST_CASE("an RSA signature around a DigestInfo is accepted, too") {
  const auto key = pki::rsa_key();
  CertificateLab all{key, 3};
  all.script.certificates->sign = [&](const Octets& hashed) {
    return sign_bare(key.get(), hashed, EVP_sha256());
  };
  Lab lab{all.script, all.member()};
  CHECK_FALSE(lab.policy().entries.empty());
}

TEST_CASE("certificates come in any order, beside others that nobody needs") {
  CertificateLab all;
  const One other = One::root("other", pki::ec_key());
  all.script.certificates->chain = {der_of(other), der_of(all.below), der_of(all.theirs)};
  Lab lab{all.script, all.member()};
  CHECK_FALSE(lab.policy().entries.empty());
}

TEST_CASE("our certificates wait to be asked for when told so") {
  const auto sent = [](const std::vector<Octets>& requests) {
    CertificateLab all;
    all.send = gdoi::SendCertificate::asked;
    all.script.certificates->requests = requests;
    all.script.certificates->verify = [](const auto&, const auto&, const auto&) { return true; };
    Lab lab{all.script, all.member()};
    (void)lab.policy();
    return lab.key_server.seen().certificates.size();
  };
  CHECK(sent({}) == 0);
  CHECK(sent({be(4, 1)}) == 2);
  CHECK(sent({be(7, 1)}) == 0);
  CHECK(sent({Octets{}}) == 0);
  CHECK(sent({be(4, 1) + be(0x3000, 2)}) == 0);
  CHECK(sent({be(4, 1) + ks::text("nonsense"), be(4, 1)}) == 2);
}

TEST_CASE("a key server of another CA is refused, and the report says so") {
  CertificateLab all;
  all.anchors_are(One::root("another root", pki::ec_key()).pem());
  CHECK(all.refusal() == foreign);
}

TEST_CASE("a key server whose certificate has expired is refused") {
  CertificateLab all;
  auto times = pki::end_entity();
  times.to = pki::now - pki::day;
  all.script.certificates->chain[0] = der_of(all.below.issue("ks", all.theirs.key, times));
  CHECK(all.refusal() == "untrusted: key server's certificate has expired");
}

TEST_CASE("a revoked key server is refused, and so is one whose CRL is missing or old") {
  const auto said = [](const std::function<std::string(const CertificateLab&)>& crls) {
    CertificateLab all;
    const std::string text = crls(all);
    REQUIRE(all.anchors.add_crls(octets_of(text)));
    all.anchors.demand(gdoi::Revocation::required);
    return all.refusal();
  };
  CHECK(said([](const auto& all) { return all.root.crl({}) + all.below.crl({all.theirs}); }) ==
        "untrusted: key server's certificate is revoked");
  CHECK(said([](const auto& all) { return all.root.crl({}); }) ==
        "untrusted: no CRL of the CA of the key server's certificate");
  CHECK(said([](const auto& all) {
          return all.root.crl({}) + all.below.crl({}, pki::now - 9 * pki::day, pki::now - pki::day);
        }) == "untrusted: the CRL of the key server's CA has expired");
}

TEST_CASE("a key server that may not sign is refused") {
  CertificateLab all;
  auto usage = pki::end_entity();
  usage.key_usage = "critical,keyAgreement";
  all.script.certificates->chain[0] = der_of(all.below.issue("ks", all.theirs.key, usage));
  CHECK(all.refusal() ==
        "untrusted: key usage of the key server's certificate does not permit signatures");
}

TEST_CASE("a good certificate that is no key server's is refused, a member's for one") {
  CertificateLab all;
  all.script.certificates->chain = {der_of(all.ours), der_of(all.below)};
  all.ignore_told_identity = true;
  CHECK(all.refusal() == stranger);
}

TEST_CASE("the identities that a key server may have are configured") {
  const auto with = [](gdoi::Identification one) {
    CertificateLab all;
    all.expected = {named(gdoi::IdType::fqdn, "other.example"), std::move(one)};
    Lab lab{all.script, all.member()};
    lab.network.run(60s, [&] { return lab.network.registered(); });
    return lab.network.registered();
  };
  CHECK(with(named(gdoi::IdType::fqdn, "ks.example")));
  CHECK(with(named(gdoi::IdType::user_fqdn, "ks@example")));
  CHECK(with(gdoi::identification_of_name(*gdoi::name_from_text("O=Lab, CN=ks"))));
  CHECK(with(gdoi::identification_of_name(*gdoi::name_from_text("CN=ks, O=Lab"))));
  CHECK_FALSE(with(gdoi::identification_of_name(*gdoi::name_from_text("CN=ks"))));
  CHECK_FALSE(with(named(gdoi::IdType::fqdn, "ks")));
}

TEST_CASE(
    "the identity that a key server tells must be in its certificate, unless that is waived") {
  const Octets elsewhere = be(2, 1) + be(0, 3) + ks::text("elsewhere.example");
  CertificateLab all;
  all.script.certificates->identity = elsewhere;
  CHECK(all.refusal() ==
        "untrusted: the identity that the key server sends is not in its certificate");
  CertificateLab waived;
  waived.script.certificates->identity = elsewhere;
  waived.ignore_told_identity = true;
  Lab lab{waived.script, waived.member()};
  CHECK_FALSE(lab.policy().entries.empty());
}

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

TEST_CASE("a key server without a certificate, or with another kind of key, is refused") {
  CertificateLab none;
  none.script.certificates->chain.clear();
  CHECK(none.refusal() == "untrusted: key server sent no X.509 certificate");
  CertificateLab nonsense;
  nonsense.script.certificates->chain = {ks::text("nonsense"), Octets{}};
  CHECK(nonsense.refusal() == "untrusted: key server sent no X.509 certificate");
  CertificateLab other;
  const One rsa = other.below.issue("ks", pki::rsa_key(), pki::end_entity());
  other.script.certificates->chain = {der_of(rsa)};
  CHECK(other.refusal() ==
        "untrusted: key server's certificate has a key of another kind than ours");
}

TEST_CASE("a stranger's proof that comes first does not shut out the key server") {
  // The same exchange, with all that the stranger can make of it, then the honest answer.
  CertificateLab all;
  Lab lab{all.script, all.member()};
  gdoi::Bytes honest;
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    const bool message_6 = way == Way::to_member && datagram.size() > 28 &&
                           datagram[18] == std::byte{2} && datagram[19] == std::byte{1};
    if (!message_6 || !honest.empty()) return true;
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

}  // namespace certificates_test
