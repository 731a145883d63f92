// SPDX-License-Identifier: GPL-2.0-or-later
// Whose certificates we believe: CAs and their revocation lists (RFC 5280 section 6).
#pragma once

#include <cstdint>

#include "gdoi/crypto/certificate.h"

namespace gdoi {

// Revocation says what CRLs are asked for. Those that are there always count.
enum class Revocation : std::uint8_t {
  none,        // none
  if_present,  // a certificate whose issuer has none passes
  required,    // each certificate below the anchor needs a current one of its issuer
};

// CrlTerm is what a CRL says of itself: whose it is (DER), and its thisUpdate and nextUpdate.
struct CrlTerm {
  Bytes issuer;
  std::optional<WallTime> from, to;
};

class TrustAnchors {
 public:
  TrustAnchors();

  // add_authorities takes certificates of CAs as anchors, whether self-signed or not. It fails when
  // one of them is no CA's.
  [[nodiscard]] Result<void> add_authorities(std::vector<Certificate> authorities);

  // add_crls reads PEM ("BEGIN X509 CRL" blocks) or DER. An outdated one is taken: whether it is,
  // only counts when it is used.
  [[nodiscard]] Result<void> add_crls(View pem_or_der);
  void demand(Revocation revocation) noexcept { revocation_ = revocation; }

  // crls lists those that were added, in their order.
  [[nodiscard]] const std::vector<CrlTerm>& crls() const noexcept { return crls_; }
  // without_crls has the same anchors and demands, and no CRL yet.
  [[nodiscard]] TrustAnchors without_crls() const;

  // verify builds a path from `subject` over `others`, which the peer sent, to an anchor, and
  // checks it as it stands at `when`: RFC 5280 section 6, no key of a CA that can be forged, and
  // extended key usages of intermediate CAs that permit IKE. Fails as untrusted, and says why.
  [[nodiscard]] Result<void> verify(const Certificate& subject, std::span<const Certificate> others,
                                    WallTime when) const;

  // names lists the anchors' subjects in DER: what CR payloads ask for.
  [[nodiscard]] std::vector<Bytes> names() const;

 private:
  struct Free {
    void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
  };
  std::vector<Certificate> authorities_;
  std::unique_ptr<X509_STORE, Free> store_;
  std::vector<CrlTerm> crls_;
  Revocation revocation_ = Revocation::none;
};

}  // namespace gdoi
