// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/signature.h"

#include <openssl/bn.h>

#include <array>

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/ks/crypto.h"
#include "tests/support/ks/signature.h"
#include "tests/support/vector_file.h"

namespace signature_test {

using namespace gdoi;
using ks::Signer;
using support::failure;

namespace {

const Bytes text = support::text_octets("rekey and the rest");

struct Named {
  HashAlgorithm hash;
  unsigned number;  // Hash Algorithm of RFC 2409
};
const std::array hashes{Named{HashAlgorithm::md5, ks::md5}, Named{HashAlgorithm::sha1, ks::sha1},
                        Named{HashAlgorithm::sha256, ks::sha256},
                        Named{HashAlgorithm::sha384, ks::sha384},
                        Named{HashAlgorithm::sha512, ks::sha512}};

VerificationKey key_of(const Signer& signer) {
  auto key = VerificationKey::parse(signer.public_key());
  REQUIRE(key);
  return std::move(*key);
}

// as_der wraps big-endian numbers into an RSAPublicKey.
Bytes rsa_der(View modulus, View exponent) {
  const auto tlv = [](unsigned tag, View value) {
    Bytes out{static_cast<std::byte>(tag)};
    if (value.size() >= 256) {
      out.push_back(std::byte{0x82});
      out.push_back(static_cast<std::byte>(value.size() >> 8));
    } else if (value.size() >= 128) {
      out.push_back(std::byte{0x81});
    }
    out.push_back(static_cast<std::byte>(value.size() & 0xff));
    out.insert(out.end(), value.begin(), value.end());
    return out;
  };
  const Bytes zero{std::byte{0}};
  return tlv(0x30, support::joined({tlv(2, support::joined({zero, modulus})), tlv(2, exponent)}));
}

// number has `bits` bits: the highest one, and the lowest when `odd`.
Bytes number(std::size_t bits, bool odd) {
  Bytes out((bits + 7) / 8, std::byte{0x55});
  const unsigned top = 1U << ((bits - 1) % 8);
  out.front() = static_cast<std::byte>(top | (0x55U & (top - 1)));
  out.back() = odd ? std::byte{0x55} : std::byte{0x54};
  return out;
}

// encoded is EM with `tail` behind the padding.
Bytes encoded(std::size_t size, View tail, unsigned block_type = 1) {
  Bytes out(size - tail.size(), std::byte{0xff});
  out.front() = out.back() = std::byte{0};
  out[1] = static_cast<std::byte>(block_type);
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

}  // namespace

TEST_CASE("RSA signatures verify with each hash, and tell how they were encoded") {
  const unsigned bits = GENERATE(1024U, 2048U, 4096U);
  const Signer& signer = Signer::rsa(bits);
  const auto key = key_of(signer);
  CHECK(key.kind() == VerificationKey::Kind::rsa);
  CHECK(key.signature_size() == bits / 8);
  for (const Named& hash : hashes) {
    INFO(bits << " " << hash.number);
    const Bytes hashed = ks::hash(hash.number, text);
    CHECK(key.verify(hash.hash, hashed, signer.sign(hash.number, text)) ==
          SignatureEncoding::digest_info);
    CHECK(key.verify(hash.hash, hashed, signer.sign(hash.number, text, false)) ==
          SignatureEncoding::raw_hash);
  }
}

TEST_CASE("RSA keys of odd sizes verify") {
  const unsigned bits = GENERATE(1025U, 1031U);
  const Signer& signer = Signer::rsa(bits);
  const auto key = key_of(signer);
  CHECK(key.signature_size() == (bits + 7) / 8);
  const Bytes hashed = ks::hash(ks::sha512, text);
  CHECK(key.verify(HashAlgorithm::sha512, hashed, signer.sign(ks::sha512, text)));
  CHECK(key.verify(HashAlgorithm::sha512, hashed, signer.sign(ks::sha512, text, false)));
}

TEST_CASE("RSA keys of 8192 bits verify") {
  const auto file = support::own_vectors("tests/unit/push/vectors/rsa8192.vec");
  const auto key = VerificationKey::parse(file.top().octets("public_key"));
  REQUIRE(key);
  CHECK(key->signature_size() == 1024);
  const Bytes hashed = ks::hash(ks::sha512, text);
  Bytes signature = file.top().octets("with_digest_info");
  CHECK(key->verify(HashAlgorithm::sha512, hashed, signature) == SignatureEncoding::digest_info);
  CHECK(key->verify(HashAlgorithm::sha512, hashed, file.top().octets("bare_hash")) ==
        SignatureEncoding::raw_hash);
  signature.back() ^= std::byte{1};
  CHECK_FALSE(key->verify(HashAlgorithm::sha512, hashed, signature));
}

TEST_CASE("a signature under one hash does not pass for another") {
  const Signer& signer = Signer::rsa(2048);
  const auto key = key_of(signer);
  for (const Named& made : hashes)
    for (const Named& claimed : hashes) {
      if (made.number == claimed.number) continue;
      INFO(made.number << " as " << claimed.number);
      const Bytes hashed = ks::hash(claimed.number, text);
      CHECK(failure(key.verify(claimed.hash, hashed, signer.sign(made.number, text))) ==
            "not authentic: signature");
      CHECK_FALSE(key.verify(claimed.hash, hashed, signer.sign(made.number, text, false)));
    }
}

TEST_CASE("a signature of another text, or by another key, does not verify") {
  const Signer& signer = Signer::rsa(2048);
  const Signer other = Signer::fresh_rsa(2048);
  const auto key = key_of(signer);
  const Bytes hashed = ks::hash(ks::sha256, text);
  CHECK_FALSE(key.verify(HashAlgorithm::sha256, hashed,
                         signer.sign(ks::sha256, support::text_octets("x"))));
  CHECK_FALSE(key.verify(HashAlgorithm::sha256, hashed, other.sign(ks::sha256, text)));
}

TEST_CASE("a signature one octet shorter or longer than its key's does not verify") {
  const Bytes hashed = ks::hash(ks::sha256, text);
  for (const Signer* signer : {&Signer::rsa(2048), &Signer::ecdsa("P-256")}) {
    const auto key = key_of(*signer);
    const Bytes right = signer->sign(ks::sha256, text);
    REQUIRE(key.verify(HashAlgorithm::sha256, hashed, right));
    const View shorter = View{right}.first(right.size() - 1);
    CHECK(failure(key.verify(HashAlgorithm::sha256, hashed, shorter)) ==
          "not authentic: signature of another length than its key's");
    // A zero in front is the same number, and still no signature.
    const Bytes longer = support::joined({Bytes{std::byte{0}}, right});
    CHECK_FALSE(key.verify(HashAlgorithm::sha256, hashed, longer));
    CHECK_FALSE(key.verify(HashAlgorithm::sha256, hashed, {}));
  }
}

TEST_CASE("no bit of a signature can be changed") {
  const Bytes hashed = ks::hash(ks::sha256, text);
  for (const Signer* signer : {&Signer::rsa(1024), &Signer::ecdsa("P-256")}) {
    const auto key = key_of(*signer);
    Bytes signature = signer->sign(ks::sha256, text);
    for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
      const auto mask = static_cast<std::byte>(1U << bit % 8);
      signature[bit / 8] ^= mask;
      CHECK_FALSE(key.verify(HashAlgorithm::sha256, hashed, signature));
      signature[bit / 8] ^= mask;
    }
    CHECK(key.verify(HashAlgorithm::sha256, hashed, signature));
  }
}

TEST_CASE("RSA encodings that only look right do not verify") {
  const Signer& signer = Signer::rsa(1024);
  const auto key = key_of(signer);
  const Bytes hashed = ks::hash(ks::sha1, text);
  const Bytes info = support::octets("3021300906052b0e03021a05000414");
  const Bytes right = support::joined({info, hashed});
  const auto verify = [&](const Bytes& message) {
    return key.verify(HashAlgorithm::sha1, hashed, signer.sign_encoded(message)).has_value();
  };
  REQUIRE(verify(encoded(128, right)));
  REQUIRE(verify(encoded(128, hashed)));

  // Short padding with garbage behind: what parsers of e = 3 keys fell for.
  Bytes garbage = encoded(64, right);
  garbage.resize(128, std::byte{0xaa});
  CHECK_FALSE(verify(garbage));
  garbage = encoded(64, hashed);
  garbage.resize(128, std::byte{0});
  CHECK_FALSE(verify(garbage));
  // Another block type, and none.
  CHECK_FALSE(verify(encoded(128, right, 2)));
  CHECK_FALSE(verify(encoded(128, right, 0)));
  // Padding that has an octet which is not FF, or no end.
  for (const std::size_t at : {std::size_t{2}, std::size_t{50}}) {
    Bytes padding = encoded(128, right);
    padding[at] = std::byte{0xfe};
    CHECK_FALSE(verify(padding));
  }
  Bytes endless = encoded(128, right);
  endless[128 - right.size() - 1] = std::byte{0xff};
  CHECK_FALSE(verify(endless));
  // The DigestInfo without its NULL, with a longer form of a length, of another hash.
  const Bytes no_null = support::octets("301f300706052b0e03021a0414");
  CHECK_FALSE(verify(encoded(128, support::joined({no_null, hashed}))));
  const Bytes long_form = support::octets("308121300906052b0e03021a05000414");
  CHECK_FALSE(verify(encoded(128, support::joined({long_form, hashed}))));
  const Bytes of_md5 = support::octets("3020300c06082a864886f70d020505000410");
  CHECK_FALSE(verify(encoded(128, support::joined({of_md5, View{hashed}.first(16)}))));
  // The hash with something before or behind it, or cut short.
  const Bytes octet{std::byte{0}};
  CHECK_FALSE(verify(encoded(128, support::joined({octet, hashed}))));
  CHECK_FALSE(verify(encoded(128, support::joined({hashed, octet}))));
  CHECK_FALSE(verify(encoded(128, View{hashed}.first(19))));
  CHECK_FALSE(verify(encoded(128, {})));
}

TEST_CASE("an RSA signature that is not less than the modulus does not verify") {
  const auto key = key_of(Signer::rsa(1024));
  const Bytes hashed = ks::hash(ks::sha256, text);
  CHECK(failure(key.verify(HashAlgorithm::sha256, hashed, Bytes(128, std::byte{0xff}))) ==
        "not authentic: signature out of range");
  CHECK_FALSE(key.verify(HashAlgorithm::sha256, hashed, Bytes(128)));
}

TEST_CASE("ECDSA signatures verify on each curve with each hash") {
  const std::string curve = GENERATE("P-256", "P-384", "P-521");
  const Signer& signer = Signer::ecdsa(curve);
  const auto key = key_of(signer);
  for (const Named& hash : hashes) {
    INFO(curve << " " << hash.number);
    const Bytes signature = signer.sign(hash.number, text);
    CHECK(signature.size() == key.signature_size());
    CHECK(key.verify(hash.hash, ks::hash(hash.number, text), signature) ==
          SignatureEncoding::r_and_s);
    CHECK_FALSE(key.verify(hash.hash, ks::hash(hash.number, support::text_octets("x")), signature));
  }
}

TEST_CASE("the ECDSA signatures of RFC 4754 verify") {
  struct Curve {
    std::string section, spki_head;
    VerificationKey::Kind kind;
    HashAlgorithm hash;
    unsigned hash_number;
  };
  const std::array curves{
      Curve{"ecdsa-256", "3059301306072a8648ce3d020106082a8648ce3d030107034200 04",
            VerificationKey::Kind::ecdsa_p256, HashAlgorithm::sha256, ks::sha256},
      Curve{"ecdsa-384", "3076301006072a8648ce3d020106052b81040022036200 04",
            VerificationKey::Kind::ecdsa_p384, HashAlgorithm::sha384, ks::sha384},
      Curve{"ecdsa-521", "30819b301006072a8648ce3d020106052b8104002303818600 04",
            VerificationKey::Kind::ecdsa_p521, HashAlgorithm::sha512, ks::sha512}};
  const auto sections =
      support::own_vectors("tests/unit/push/vectors/ecdsa-rfc4754.vec").sections();
  REQUIRE(sections.size() == curves.size());
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const auto& vector = sections[i];
    REQUIRE(vector.name() == curves[i].section);
    const auto key = VerificationKey::parse(support::joined(
        {support::octets(curves[i].spki_head), vector.octets("x"), vector.octets("y")}));
    REQUIRE(key);
    CHECK(key->kind() == curves[i].kind);
    // The RFC writes the hash as long as a number of the curve.
    const Bytes number = vector.octets("h"),
                hashed =
                    Bytes(number.end() - static_cast<std::ptrdiff_t>(digest_size(curves[i].hash)),
                          number.end());
    CHECK(hashed == ks::hash(curves[i].hash_number, support::text_octets("abc")));
    CHECK(key->verify(curves[i].hash, hashed,
                      support::joined({vector.octets("r"), vector.octets("s")})));
    CHECK_FALSE(key->verify(curves[i].hash, hashed,
                            support::joined({vector.octets("s"), vector.octets("r")})));
  }
}

TEST_CASE("ECDSA numbers that are 0 or not below the group's order do not verify") {
  const auto key = key_of(Signer::ecdsa("P-256"));
  const Bytes hashed = ks::hash(ks::sha256, text);
  for (const unsigned octet : {0x00U, 0xffU})
    CHECK(failure(key.verify(HashAlgorithm::sha256, hashed,
                             Bytes(64, static_cast<std::byte>(octet)))) ==
          "not authentic: signature");
}

TEST_CASE("a bare RSAPublicKey is read as its SubjectPublicKeyInfo") {
  const Signer& signer = Signer::rsa(2048);
  const auto key = VerificationKey::parse(signer.public_key(true));
  REQUIRE(key);
  CHECK(key->verify(HashAlgorithm::sha256, ks::hash(ks::sha256, text),
                    signer.sign(ks::sha256, text)));
}

TEST_CASE("a public key cut short anywhere, or with an octet more, is malformed") {
  for (const Bytes& der : {Signer::rsa(1024).public_key(), Signer::rsa(1024).public_key(true),
                           Signer::ecdsa("P-384").public_key()}) {
    REQUIRE(VerificationKey::parse(der));
    for (std::size_t size = 0; size < der.size(); ++size)
      CHECK(failure(VerificationKey::parse(View{der}.first(size))) ==
            "malformed: signature key that is no public key");
    CHECK_FALSE(VerificationKey::parse(support::joined({der, Bytes(1)})));
  }
}

TEST_CASE("RSA keys outside of 1024 to 8192 bits are unsupported") {
  const Bytes exponent = support::octets("010001");
  for (const std::size_t bits : {1024U, 8192U})
    CHECK(VerificationKey::parse(rsa_der(number(bits, true), exponent)));
  for (const std::size_t bits : {512U, 1023U, 8193U, 16384U}) {
    const auto key = VerificationKey::parse(rsa_der(number(bits, true), exponent));
    CHECK(failure(key) == "unsupported: RSA signature key size");
    CHECK(support::detail(key) == bits);
  }
}

TEST_CASE("RSA keys whose numbers protect nothing are unsupported") {
  const std::string why = "unsupported: RSA signature key with an unusable modulus or exponent";
  CHECK(VerificationKey::parse(rsa_der(number(1024, true), support::octets("03"))));
  CHECK(failure(VerificationKey::parse(rsa_der(number(1024, true), support::octets("01")))) == why);
  CHECK(failure(VerificationKey::parse(rsa_der(number(1024, true), support::octets("04")))) == why);
  CHECK(failure(VerificationKey::parse(rsa_der(number(1024, true), support::octets("00")))) == why);
  CHECK(failure(VerificationKey::parse(rsa_der(number(1024, false), support::octets("03")))) ==
        why);
  // An exponent of 64 bits, and one of 65.
  CHECK(VerificationKey::parse(rsa_der(number(1024, true), support::octets("00ffffffffffffffff"))));
  CHECK(failure(VerificationKey::parse(
            rsa_der(number(1024, true), support::octets("010000000000000001")))) == why);
}

TEST_CASE("keys of other kinds and curves are unsupported") {
  CHECK(failure(VerificationKey::parse(Signer::dsa().public_key())) ==
        "unsupported: signature key that is neither RSA nor ECDSA");
  CHECK(failure(VerificationKey::parse(Signer::ecdsa("brainpoolP256r1").public_key())) ==
        "unsupported: curve of an ECDSA signature key");
  CHECK(failure(VerificationKey::parse(Signer::ecdsa("secp256k1").public_key())) ==
        "unsupported: curve of an ECDSA signature key");
}

TEST_CASE("an ECDSA key off its curve, or at infinity, is refused") {
  Bytes der = Signer::ecdsa("P-256").public_key();
  der.back() ^= std::byte{1};
  CHECK_FALSE(VerificationKey::parse(der));
  const Bytes infinity = support::octets("3019301306072a8648ce3d020106082a8648ce3d030107030200 00");
  CHECK_FALSE(VerificationKey::parse(infinity));
}

TEST_CASE("the encodings have names of their own") {
  CHECK(name_of(SignatureEncoding::digest_info) != name_of(SignatureEncoding::raw_hash));
  CHECK(name_of(SignatureEncoding::r_and_s) == "ECDSA");
}

}  // namespace signature_test
