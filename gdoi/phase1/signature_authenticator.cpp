// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/signature_authenticator.h"

#include <cstdlib>

namespace gdoi {
namespace {

// RFC 2409 section 5.1, sixth message: HDR*, IDir, [ CERT, ] SIG_R. RFC 4945 section 3.3 has one
// CERT payload for each certificate and CRL.
constexpr std::array signature_rules{
    PayloadRule{PayloadType::identification, 1, 1},
    PayloadRule{PayloadType::certificate, 0, max_certificates},
    PayloadRule{PayloadType::signature, 1, 1},
    PayloadRule{PayloadType::certificate_request, 0, 16},
};

// RFC 2408 section 3.9: "X.509 Certificate - Signature"
constexpr std::byte x509_signature{4};

// certificates_in reads the CERT payloads of the one encoding that we know. RFC 4945 section 3.3.10
// lets us discard what cannot be read.
Result<std::vector<Certificate>> certificates_in(const Chain& message) {
  std::vector<Certificate> out;
  for (const auto& payload : message.payloads) {
    if (payload.type != PayloadType::certificate || payload.body.empty() ||
        payload.body.front() != x509_signature)
      continue;
    if (auto certificate = Certificate::parse(payload.body.subspan(1)))
      out.push_back(std::move(*certificate));
  }
  if (out.empty()) return fail(Errc::untrusted, "key server sent no X.509 certificate");
  return out;
}

}  // namespace

std::uint16_t SignatureAuthenticator::method() const noexcept {
  switch (credentials_->key.kind()) {
    case VerificationKey::Kind::rsa:
      return authentication_rsa_signatures;
    case VerificationKey::Kind::ecdsa_p256:
      return authentication_ecdsa_256;
    case VerificationKey::Kind::ecdsa_p384:
      return authentication_ecdsa_384;
    case VerificationKey::Kind::ecdsa_p521:
      return authentication_ecdsa_521;
  }
  std::abort();
}

KeyMaterial SignatureAuthenticator::skeyid(const KeyExchange& exchange) const {
  return skeyid_of_signatures(exchange);
}

// RFC 2409 section 5.1: where "the signature algorithm is tied to a particular hash algorithm",
// HASH_I and HASH_R are made "using the HMAC version of the hash algorithm associated with the
// signature method". RFC 4754 section 4 ties one to each curve.
HashAlgorithm SignatureAuthenticator::hash(const KeyExchange& exchange) const noexcept {
  switch (credentials_->key.kind()) {
    case VerificationKey::Kind::rsa:
      return exchange.suite.hash;
    case VerificationKey::Kind::ecdsa_p256:
      return HashAlgorithm::sha256;
    case VerificationKey::Kind::ecdsa_p384:
      return HashAlgorithm::sha384;
    case VerificationKey::Kind::ecdsa_p521:
      return HashAlgorithm::sha512;
  }
  std::abort();
}

void SignatureAuthenticator::put_requests(Writer& out) const {
  for (const auto& name : credentials_->anchors.names())
    out.payload(PayloadType::certificate_request, [&](Writer& body) {
      body.u8(std::to_integer<std::uint8_t>(x509_signature)).bytes(name);
    });
}

// RFC 4945 section 3.2.7: our certificate goes to who names one of its CAs, or none at all.
bool SignatureAuthenticator::is_asked(const KeyExchange& exchange) const {
  return std::any_of(
      exchange.requests.begin(), exchange.requests.end(), [this](const Bytes& request) {
        if (request.empty() || request.front() != x509_signature) return false;
        const View name = View{request}.subspan(1);
        return name.empty() ||
               std::any_of(credentials_->chain.begin(), credentials_->chain.end(),
                           [&](const Certificate& one) { return same_name(one.issuer(), name); });
      });
}

Result<void> SignatureAuthenticator::put_proof(Writer& out, const KeyExchange& exchange,
                                               View hash_i) const {
  if (policy_.send == SendCertificate::always || is_asked(exchange))
    for (const auto& certificate : credentials_->chain) {
      // An anchor that the key server did not have before would mean nothing to it.
      if (&certificate != &credentials_->own() && certificate.is_self_issued()) continue;
      out.payload(PayloadType::certificate, [&](Writer& body) {
        body.u8(std::to_integer<std::uint8_t>(x509_signature)).bytes(certificate.der());
      });
    }
  const auto signature = credentials_->key.sign(hash_i);
  if (!signature) return tl::unexpected<Error>{signature.error()};
  out.payload(PayloadType::signature, *signature);
  return {};
}

std::span<const PayloadRule> SignatureAuthenticator::proof_shape() const noexcept {
  return signature_rules;
}

Result<void> SignatureAuthenticator::verify(const Chain& message, const KeyExchange& exchange,
                                            View hash_r) const {
  auto certificates = certificates_in(message);
  if (!certificates) return tl::unexpected<Error>{certificates.error()};

  // RFC 4945 section 3.3.10.3: nothing is to be made of their order. The key server's own is the
  // one under which its signature verifies.
  const View signature = message.find(PayloadType::signature)->body;
  bool right_kind = false;
  for (const auto& certificate : *certificates) {
    const auto key = certificate.key();
    if (!key || key->kind() != credentials_->key.kind()) continue;
    right_kind = true;
    if (!key->verify(hash(exchange), hash_r, signature)) continue;
    if (const auto path = credentials_->anchors.verify(certificate, *certificates, clock_->now());
        !path)
      return path;
    return judge(certificate, message);
  }
  if (!right_kind)
    return fail(Errc::untrusted, "key server's certificate has a key of another kind than ours");
  return fail(Errc::not_authentic, "SIG_R");
}

// judge asks whether a good certificate is that of a key server, and of this one.
Result<void> SignatureAuthenticator::judge(const Certificate& certificate,
                                           const Chain& message) const {
  const auto identity = parse_identification(message.find(PayloadType::identification)->body);
  if (!identity) return tl::unexpected<Error>{identity.error()};
  if (!policy_.ignore_told_identity && !certifies(certificate, *identity))
    return fail(Errc::untrusted, "the identity that the key server sends is not in its certificate",
                static_cast<std::uint32_t>(identity->type));
  const auto& known = policy_.key_servers;
  const bool authorised = std::any_of(known.begin(), known.end(), [&](const Identification& one) {
    // Some write the country of a DN first, others last.
    return certifies(certificate, one) ||
           (one.type == IdType::der_asn1_dn &&
            same_name(certificate.subject(), reversed_name(one.data)));
  });
  if (!authorised)
    return fail(Errc::untrusted, "key server's certificate has no identity of a known key server");
  return {};
}

std::string_view SignatureAuthenticator::failure_hint() const noexcept {
  return "no valid answer to our authentication: does the key server accept our certificate?";
}

}  // namespace gdoi
