// SPDX-License-Identifier: GPL-2.0-or-later
// Certificates, names, keys, and whose certificates are believed.

#include "gdoi/phase1/credentials.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/pki.h"

namespace trust_test {

using namespace gdoi;
using support::failure;
using support::pki::authority;
using support::pki::day;
using support::pki::ec_key;
using support::pki::end_entity;
using support::pki::need;
using support::pki::now;
using support::pki::One;
using support::pki::Profile;
using support::pki::rsa_key;

namespace {

View octets_of(const std::string& text) { return std::as_bytes(std::span{text}); }

gdoi::Certificate parsed(const One& one) {
  auto out = gdoi::Certificate::parse(one.der());
  REQUIRE(failure(out) == "");
  return std::move(*out);
}

// A root, a CA below it, and a key server's certificate of that.
struct Hierarchy {
  One root = One::root("root", ec_key());
  One below = root.issue("below", ec_key(), authority());
  One server = below.issue("ks", ec_key(), end_entity());

  [[nodiscard]] TrustAnchors anchors(const std::string& crls = {},
                                     Revocation revocation = Revocation::none) const {
    return anchors_of(root, crls, revocation);
  }
  static TrustAnchors anchors_of(const One& anchor, const std::string& crls,
                                 Revocation revocation) {
    TrustAnchors out;
    auto certificates = gdoi::Certificate::parse_pem(octets_of(anchor.pem()));
    REQUIRE(failure(certificates) == "");
    REQUIRE(failure(out.add_authorities(std::move(*certificates))) == "");
    if (!crls.empty()) REQUIRE(failure(out.add_crls(octets_of(crls))) == "");
    out.demand(revocation);
    return out;
  }
};

// What is said about `subject` when `others` come with it; empty when it is trusted.
std::string judged(const TrustAnchors& anchors, const One& subject, const std::vector<One>& others,
                   WallTime when = now) {
  std::vector<gdoi::Certificate> path;
  for (const auto& other : others) path.push_back(parsed(other));
  const auto outcome = anchors.verify(parsed(subject), path, when);
  if (!outcome) CHECK(outcome.error().code == Errc::untrusted);
  return outcome ? "" : std::string{outcome.error().where};
}

Profile usage(const char* key, const char* extended) {
  Profile out = end_entity();
  out.key_usage = key;
  out.extended_key_usage = extended;
  return out;
}

}  // namespace

TEST_CASE("a path over an intermediate CA is found in whatever order it comes") {
  const Hierarchy all;
  CHECK(judged(all.anchors(), all.server, {all.server, all.below}) == "");
  CHECK(judged(all.anchors(), all.server, {all.below, all.root, all.server}) == "");
}

TEST_CASE("an intermediate CA can be the anchor itself") {
  const Hierarchy all;
  const auto anchors = Hierarchy::anchors_of(all.below, all.below.crl({}), Revocation::required);
  CHECK(judged(anchors, all.server, {}) == "");
}

TEST_CASE("a certificate counts only within its time, to the second") {
  const Hierarchy all;
  const Profile times = end_entity();
  const std::vector<One> path{all.below};
  CHECK(judged(all.anchors(), all.server, path, times.from) == "");
  CHECK(judged(all.anchors(), all.server, path, times.from - seconds{1}) ==
        "key server's certificate is not valid yet");
  CHECK(judged(all.anchors(), all.server, path, times.to - seconds{1}) == "");
  CHECK(judged(all.anchors(), all.server, path, times.to + seconds{1}) ==
        "key server's certificate has expired");
}

TEST_CASE("an expired CA makes what it issued worthless") {
  const One root = One::root("root", ec_key());
  Profile short_lived = authority();
  short_lived.to = now - std::chrono::hours{1};
  const One below = root.issue("below", ec_key(), short_lived);
  const One server = below.issue("ks", ec_key(), end_entity());
  CHECK(judged(Hierarchy::anchors_of(root, {}, Revocation::none), server, {below}) ==
        "certificate of the key server's CA has expired");
}

TEST_CASE("a certificate of another CA is refused, also when that has the same name") {
  const Hierarchy all, other;
  CHECK(judged(all.anchors(), other.server, {}) ==
        "key server's certificate is not of a CA that we trust");
  CHECK(judged(all.anchors(), other.server, {other.below, other.root}) != "");
  CHECK(judged(all.anchors(), all.server, {}) ==
        "key server's certificate is not of a CA that we trust");
  const One self = One::root("ks", ec_key(), end_entity());
  CHECK(judged(all.anchors(), self, {}) == "key server's certificate is not of a CA that we trust");
}

TEST_CASE("a certificate issued by one that is no CA's is refused") {
  const Hierarchy all;
  const One forged = all.server.issue("ks2", ec_key(), end_entity());
  CHECK(judged(all.anchors(), forged, {all.server, all.below}) ==
        "key server's certificate was issued by one that is no CA's");
}

TEST_CASE("key usages must allow signatures, extended ones IKE") {
  const Hierarchy all;
  const auto said = [&](const char* key, const char* extended) {
    return judged(all.anchors(), all.below.issue("ks", ec_key(), usage(key, extended)),
                  {all.below});
  };
  const std::string refused =
      "key usage of the key server's certificate does not permit signatures";
  CHECK(said(nullptr, nullptr) == "");
  CHECK(said("critical,digitalSignature,keyEncipherment", nullptr) == "");
  CHECK(said("nonRepudiation", nullptr) == "");
  CHECK(said("critical,keyEncipherment", nullptr) == refused);
  CHECK(said("keyAgreement", nullptr) == refused);
  CHECK(said(nullptr, "1.3.6.1.5.5.7.3.17") == "");
  CHECK(said(nullptr, "serverAuth,1.3.6.1.5.5.7.3.17") == "");
  CHECK(said(nullptr, "anyExtendedKeyUsage") == "");
  CHECK(said(nullptr, "serverAuth,clientAuth") == refused);
}

TEST_CASE("extended key usages of an intermediate CA bound what it may issue") {
  const Hierarchy all;
  const auto said = [&](const char* extended) {
    Profile bound = authority();
    bound.extended_key_usage = extended;
    const One below = all.root.issue("bound", ec_key(), bound);
    return judged(all.anchors(), below.issue("ks", ec_key(), end_entity()), {below});
  };
  CHECK(said("1.3.6.1.5.5.7.3.17") == "");
  CHECK(said("anyExtendedKeyUsage") == "");
  CHECK(said("serverAuth") ==
        "extended key usage of an intermediate certificate does not permit IKE");
}

TEST_CASE("a CA whose key can be forged is no CA, wherever it stands") {
  const std::string refused = "a CA above the key server's certificate has a weak key";
  const Hierarchy all;
  const One weak = all.root.issue("weak", rsa_key(512), authority());
  CHECK(judged(all.anchors(), weak.issue("ks", ec_key(), end_entity()), {weak}) == refused);
  const One root = One::root("root", rsa_key(512));
  CHECK(judged(Hierarchy::anchors_of(root, {}, Revocation::none),
               root.issue("ks", ec_key(), end_entity()), {}) == refused);
  const One enough = all.root.issue("enough", rsa_key(1024), authority());
  CHECK(judged(all.anchors(), enough.issue("ks", ec_key(), end_entity()), {enough}) == "");
}

TEST_CASE("a critical extension that nobody knows is refused") {
  const Hierarchy all;
  Profile strange = end_entity();
  strange.strange = true;
  CHECK(judged(all.anchors(), all.below.issue("ks", ec_key(), strange), {all.below}) ==
        "key server's certificate has a critical extension that we do not know");
}

TEST_CASE("a signature with MD5 proves nothing") {
  const One root = One::root("root", rsa_key(2048));
  Profile weak = end_entity();
  weak.digest = EVP_md5();
  const One server = root.issue("ks", ec_key(), weak);
  CHECK(judged(Hierarchy::anchors_of(root, {}, Revocation::none), server, {}) ==
        "key server's certificate path is signed with MD5");
}

TEST_CASE("a revoked certificate is refused, one beside it is not") {
  const Hierarchy all;
  const One other = all.below.issue("ks2", ec_key(), end_entity());
  const auto anchors = all.anchors(all.root.crl({}) + all.below.crl({other}), Revocation::required);
  CHECK(judged(anchors, all.server, {all.below}) == "");
  CHECK(judged(anchors, other, {all.below}) == "key server's certificate is revoked");
  const auto lenient = all.anchors(all.below.crl({other}), Revocation::if_present);
  CHECK(judged(lenient, other, {all.below}) == "key server's certificate is revoked");
}

TEST_CASE("a revoked CA makes what it issued worthless") {
  const Hierarchy all;
  const auto anchors =
      all.anchors(all.root.crl({all.below}) + all.below.crl({}), Revocation::required);
  CHECK(judged(anchors, all.server, {all.below}) ==
        "certificate of the key server's CA is revoked");
}

TEST_CASE("a CRL must be there when it is required, for each certificate") {
  const Hierarchy all;
  CHECK(judged(all.anchors(all.root.crl({}), Revocation::required), all.server, {all.below}) ==
        "no CRL of the CA of the key server's certificate");
  CHECK(judged(all.anchors(all.below.crl({}), Revocation::required), all.server, {all.below}) ==
        "no CRL of the CA of an intermediate certificate");
  CHECK(judged(all.anchors(all.root.crl({}), Revocation::if_present), all.server, {all.below}) ==
        "");
  CHECK(judged(all.anchors({}, Revocation::none), all.server, {all.below}) == "");
}

TEST_CASE("a CRL counts only within its time") {
  const Hierarchy all;
  for (const auto revocation : {Revocation::required, Revocation::if_present}) {
    const auto old = all.root.crl({}) + all.below.crl({}, now - 30 * day, now - day);
    CHECK(judged(all.anchors(old, revocation), all.server, {all.below}) ==
          "the CRL of the key server's CA has expired");
    const auto early = all.root.crl({}) + all.below.crl({}, now + day, now + 30 * day);
    CHECK(judged(all.anchors(early, revocation), all.server, {all.below}) ==
          "the CRL of the key server's CA is not valid yet");
  }
}

TEST_CASE("a CRL that somebody else signed is no CRL") {
  const Hierarchy all;
  const One impostor = One::root("below", ec_key());
  CHECK(judged(all.anchors(all.root.crl({}) + impostor.crl({}), Revocation::required), all.server,
               {all.below}) != "");
}

TEST_CASE("only a CA's certificate can be an anchor") {
  const Hierarchy all;
  TrustAnchors anchors;
  auto certificates = gdoi::Certificate::parse_pem(octets_of(all.server.pem()));
  REQUIRE(certificates);
  CHECK(failure(anchors.add_authorities(std::move(*certificates))) ==
        "unsupported: certificate that is no CA's");
}

TEST_CASE("files that are none of what they should be are refused") {
  CHECK_FALSE(gdoi::Certificate::parse_pem(octets_of("")));
  CHECK_FALSE(gdoi::Certificate::parse_pem(octets_of("hello")));
  const Hierarchy all;
  std::string broken = all.server.pem();
  broken[80] = '!';
  CHECK_FALSE(gdoi::Certificate::parse_pem(octets_of(broken)));
  TrustAnchors anchors;
  CHECK_FALSE(anchors.add_crls(octets_of("")));
  CHECK_FALSE(anchors.add_crls(octets_of(all.server.pem())));
  auto der = all.server.der();
  CHECK(gdoi::Certificate::parse(der));
  der.push_back(std::byte{0});
  CHECK_FALSE(gdoi::Certificate::parse(der));
  der.resize(der.size() - 2);
  CHECK_FALSE(gdoi::Certificate::parse(der));
  CHECK_FALSE(gdoi::Certificate::parse(Bytes(gdoi::Certificate::max_size + 1)));
  // Nothing at all, as an empty file of secrets is.
  CHECK_FALSE(gdoi::Certificate::parse_pem(View{}));
  CHECK_FALSE(anchors.add_crls(View{}));
  CHECK_FALSE(SigningKey::parse(View{}, nullptr));
}

TEST_CASE("a certificate vouches for its subject and its subjectAltNames, for nothing else") {
  const Hierarchy all;
  const auto certificate = parsed(all.server);
  const auto id = [](IdType type, const std::string& text) {
    const auto octets = octets_of(text);
    return Identification{type, 17, 848, {octets.begin(), octets.end()}};
  };
  CHECK(certifies(certificate, id(IdType::fqdn, "ks.example")));
  CHECK(certifies(certificate, id(IdType::fqdn, "KS.Example")));
  CHECK_FALSE(certifies(certificate, id(IdType::fqdn, "ks.example.org")));
  CHECK_FALSE(certifies(certificate, id(IdType::fqdn, "ks")));
  CHECK(certifies(certificate, id(IdType::user_fqdn, "ks@EXAMPLE")));
  CHECK_FALSE(certifies(certificate, id(IdType::user_fqdn, "KS@example")));
  CHECK_FALSE(certifies(certificate, id(IdType::user_fqdn, "ks.example")));
  CHECK(certifies(certificate, id(IdType::ipv4_addr, {"\x0a\x00\x00\x05", 4})));
  CHECK_FALSE(certifies(certificate, id(IdType::ipv4_addr, {"\x0a\x00\x00\x06", 4})));
  CHECK(certifies(certificate, identification_of_name(certificate.subject())));
  CHECK_FALSE(certifies(certificate, identification_of_name(certificate.issuer())));
  CHECK_FALSE(certifies(certificate, id(IdType::key_id, "ks.example")));
}

TEST_CASE("a distinguished name is read as it is written") {
  const Hierarchy all;
  const auto subject = parsed(all.server).subject();
  for (const auto* text :
       {"O=Lab, CN=ks", "o=Lab,cn=ks", " O = lab , CN = KS ", "O=Lab,commonName=ks"}) {
    INFO(text);
    const auto name = name_from_text(text);
    REQUIRE(failure(name) == "");
    CHECK(same_name(*name, subject));
  }
  CHECK_FALSE(same_name(*name_from_text("CN=ks, O=Lab"), subject));
  CHECK(same_name(reversed_name(*name_from_text("CN=ks, O=Lab")), subject));
  CHECK_FALSE(same_name(*name_from_text("CN=ks"), subject));
  CHECK(text_of_name(subject) == "O=Lab, CN=ks");
  CHECK(text_of_name(*name_from_text("O=A\\, B, CN=x+serialNumber=7")) ==
        "O=A\\, B, CN=x + serialNumber=7");
  CHECK(text_of_name(octets_of("nonsense")).empty());
}

TEST_CASE("text that is no distinguished name is refused") {
  for (const auto* text : {"", "ks", "CN", "CN=ks,", "CN=ks, nonsense", "XYZ=1", "C=Germany"}) {
    INFO(text);
    CHECK_FALSE(name_from_text(text));
  }
  CHECK_FALSE(name_from_text(std::string(1025, 'x')));
}

TEST_CASE("a private key signs what its certificate verifies") {
  const Hierarchy all;
  const Bytes hashed(32, std::byte{0x5a});
  for (const auto& key :
       {rsa_key(), rsa_key(2048), ec_key("P-256"), ec_key("P-384"), ec_key("P-521")}) {
    const One one = all.below.issue("gm", key, end_entity());
    const auto signing = SigningKey::parse(octets_of(one.key_pem()), nullptr);
    REQUIRE(failure(signing) == "");
    const auto verifying = parsed(one).key();
    REQUIRE(failure(verifying) == "");
    CHECK(signing->kind() == verifying->kind());
    CHECK(signing->fits(X509_get0_pubkey(one.certificate.get())));
    CHECK_FALSE(signing->fits(X509_get0_pubkey(all.server.certificate.get())));
    const auto signature = signing->sign(hashed);
    REQUIRE(failure(signature) == "");
    CHECK(signature->size() == verifying->signature_size());
    const auto encoding = verifying->verify(HashAlgorithm::sha256, hashed, *signature);
    REQUIRE(failure(encoding) == "");
    CHECK(*encoding != SignatureEncoding::digest_info);
  }
}

TEST_CASE("an encrypted private key needs its passphrase") {
  const Hierarchy all;
  const std::string pem = all.server.key_pem("open sesame");
  const auto right = KeyMaterial::copy_of(octets_of("open sesame"));
  const auto wrong = KeyMaterial::copy_of(octets_of("open barley"));
  CHECK(SigningKey::parse(octets_of(pem), &right));
  CHECK(SigningKey::parse(octets_of(pem), nullptr).error().code == Errc::unsupported);
  CHECK(SigningKey::parse(octets_of(pem), &wrong).error().code == Errc::not_authentic);
  CHECK(SigningKey::parse(octets_of(all.server.pem()), nullptr).error().code == Errc::malformed);
}

TEST_CASE("keys that nobody could use in phase 1 are refused") {
  const Hierarchy all;
  for (const auto& key : {ec_key("P-224"), rsa_key(512)}) {
    const One one = all.below.issue("gm", key, end_entity());
    CHECK_FALSE(SigningKey::parse(octets_of(one.key_pem()), nullptr));
  }
}

TEST_CASE("our key, certificate and chain must fit together") {
  const Hierarchy all;
  const auto made = [&](const One& key_of, const std::vector<One>& chain) {
    std::vector<gdoi::Certificate> certificates;
    for (const auto& one : chain) certificates.push_back(parsed(one));
    auto key = SigningKey::parse(octets_of(key_of.key_pem()), nullptr);
    return failure(
        CertificateCredentials::make(std::move(*key), std::move(certificates), all.anchors()));
  };
  CHECK(made(all.server, {all.server, all.below}) == "");
  CHECK(made(all.below, {all.server, all.below}) ==
        "unsupported: the private key is not that of the first certificate");
  CHECK(made(all.server, {}) == "malformed: no certificate of ours");
  const One cipher = all.below.issue("gm", ec_key(), usage("critical,keyAgreement", nullptr));
  CHECK(made(cipher, {cipher}) ==
        "unsupported: the key usage of our certificate does not permit signatures");
  CHECK(made(all.server, std::vector<One>(9, all.server)) ==
        "unsupported: more than 8 certificates in our chain");
}

TEST_CASE("a certificate tells its time") {
  const Hierarchy all;
  const auto validity = parsed(all.server).validity();
  REQUIRE(validity);
  CHECK(validity->from == now - day);
  CHECK(validity->to == now + 365 * day);
}

}  // namespace trust_test
