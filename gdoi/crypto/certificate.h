// SPDX-License-Identifier: GPL-2.0-or-later
// X.509 certificates (RFC 5280) as phase 1 uses them (RFC 4945).
#pragma once

#include <openssl/x509.h>

#include <optional>
#include <vector>

#include "gdoi/base/wall_clock.h"
#include "gdoi/crypto/signature.h"

namespace gdoi {

// wall_time reads a time of a certificate or CRL; nothing when it is absent or none.
[[nodiscard]] std::optional<WallTime> wall_time(const ASN1_TIME* time) noexcept;

// Certificate is one X.509 certificate. Parsing proves nothing about it: see TrustAnchors.
class Certificate {
 public:
  static constexpr std::size_t max_size = 16384;

  // parse reads DER, whole and of at most max_size octets.
  [[nodiscard]] static Result<Certificate> parse(View der);
  // share_of is one that somebody else has, too.
  [[nodiscard]] static Certificate share_of(X509* certificate) noexcept;
  // parse_pem reads one or more "BEGIN CERTIFICATE" blocks, whatever stands between them.
  [[nodiscard]] static Result<std::vector<Certificate>> parse_pem(View pem);

  [[nodiscard]] Bytes der() const;
  // The names as they stand in it, in DER.
  [[nodiscard]] Bytes subject() const;
  [[nodiscard]] Bytes issuer() const;
  [[nodiscard]] bool is_self_issued() const noexcept;

  // The first and the last second in which it is valid; nothing when it does not say so in a way
  // that can be read.
  struct Validity {
    WallTime from, to;
  };
  [[nodiscard]] std::optional<Validity> validity() const noexcept;

  // key is the public key; fails when it is of a kind or size that we do not verify with.
  [[nodiscard]] Result<VerificationKey> key() const;

  // has_strong_key says whether forging its signatures is out of reach: 80 bits of security, so RSA
  // of 1024 bits and more, and no RSA key that VerificationKey refuses.
  [[nodiscard]] bool has_strong_key() const noexcept;

  // is_for_ike says whether its extended key usages, if it has any, allow IKE. Those of a CA bound
  // what it may issue.
  [[nodiscard]] bool is_for_ike() const noexcept;

  // may_sign says whether its key usages allow what phase 1 does (RFC 4945 sections 5.1.3.2 and
  // 5.1.3.12): digitalSignature or nonRepudiation, and an extended one for IKE or for anything.
  [[nodiscard]] bool may_sign() const noexcept;

  // Whether a subjectAltName is this one: iPAddress octet by octet, dNSName whatever the case of
  // its letters, rfc822Name with that for the part after the @.
  [[nodiscard]] bool has_address(View octets) const;
  [[nodiscard]] bool has_dns_name(View text) const;
  [[nodiscard]] bool has_mailbox(View text) const;

  [[nodiscard]] X509* handle() const noexcept { return handle_.get(); }

 private:
  struct Free {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  };
  explicit Certificate(X509* handle) noexcept : handle_{handle} {}

  std::unique_ptr<X509, Free> handle_;
};

}  // namespace gdoi
