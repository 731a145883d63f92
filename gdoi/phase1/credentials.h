// SPDX-License-Identifier: GPL-2.0-or-later
// What authentication with certificates needs: our key and certificate, and whom we trust.
#pragma once

#include "gdoi/crypto/distinguished_name.h"
#include "gdoi/crypto/signing_key.h"
#include "gdoi/crypto/trust.h"
#include "gdoi/wire/identification.h"

namespace gdoi {

// CertificateCredentials do not change once made; several members may share them.
struct CertificateCredentials {
  SigningKey key;
  std::vector<Certificate> chain;  // ours, then intermediate ones that the key server may lack
  TrustAnchors anchors;

  // make fails when the key and the first certificate do not fit together, when that certificate
  // may not sign, or when the chain is longer than we would take ourselves.
  [[nodiscard]] static Result<CertificateCredentials> make(SigningKey key,
                                                           std::vector<Certificate> chain,
                                                           TrustAnchors anchors);

  // with is the same key and chain, with other anchors.
  [[nodiscard]] CertificateCredentials with(TrustAnchors other) const;

  [[nodiscard]] const Certificate& own() const noexcept { return chain.front(); }
};

// A message carries this many CERT payloads at most, sent or received.
inline constexpr std::size_t max_certificates = 8;

// certifies tells whether a certificate vouches for an identity (RFC 4945 section 3.1): a DN is its
// subject, an address, FQDN or USER_FQDN one of its subjectAltNames.
[[nodiscard]] bool certifies(const Certificate& certificate, const Identification& id);

// identification_of_name is ID_DER_ASN1_DN.
[[nodiscard]] Identification identification_of_name(Bytes der);

}  // namespace gdoi
