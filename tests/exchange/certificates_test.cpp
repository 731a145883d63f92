// SPDX-License-Identifier: GPL-2.0-or-later
// Registration with certificates: what is believed, what is refused, and what is said about it.
#include "tests/exchange/certificate_lab.h"

namespace certificates_test {

using namespace exchange;
using ks::be;
using ks::Octets;
using pki::One;

namespace {

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

TEST_CASE("credentials that a member is given count from the next registration on") {
  CertificateLab all;
  Lab lab{all.script, all.member()};
  auto renewed = [&](const std::string& crl) {
    all.anchors_are(all.root.pem());
    REQUIRE(all.anchors.add_crls(octets_of(crl)));
    all.anchors.demand(gdoi::Revocation::if_present);
    return all.member().phase1.certificates->credentials;
  };
  // In the middle of phase 1 they change nothing.
  lab.network.run(25ms);
  lab.network.member().set_credentials(renewed(all.root.crl({all.below})));
  CHECK_FALSE(lab.policy().entries.empty());
  CHECK(lab.network.failures.empty());
  lab.network.reregister();
  lab.network.run(300s, [&] { return !lab.network.failures.empty(); });
  REQUIRE_FALSE(lab.network.failures.empty());
  CHECK(told(lab.network.failures.front().report.why) ==
        "untrusted: certificate of the key server's CA is revoked");
  lab.network.member().set_credentials(renewed(all.root.crl({})));
  lab.network.run(600s, [&] { return lab.network.policies.size() == 2; });
  CHECK(lab.network.policies.size() == 2);
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

}  // namespace certificates_test
