// SPDX-License-Identifier: GPL-2.0-or-later
// Authentication with signatures and certificates (RFC 2409 section 5.1, RFC 4754, RFC 4945).
#pragma once

#include <cstdint>

#include "gdoi/phase1/authenticator.h"
#include "gdoi/phase1/credentials.h"

namespace gdoi {

// When our certificates are sent: when the key server asked for some (CR), or always.
enum class SendCertificate : std::uint8_t { asked, always };

// CertificatePolicy says how certificates are used beside what they are.
struct CertificatePolicy {
  SendCertificate send = SendCertificate::always;
  // The key server's certificate must vouch for one of these; there is at least one.
  std::vector<Identification> key_servers;
  // RFC 4945 section 3.1 also wants it to vouch for the identity that the key server tells. Some
  // tell one that is not in their certificate.
  bool ignore_told_identity = false;
};

// SignatureAuthenticator proves us with our private key, and believes a key server whose signature
// verifies under a certificate of an anchor that names it.
class SignatureAuthenticator final : public Authenticator {
 public:
  // `clock` must outlive the object.
  SignatureAuthenticator(std::shared_ptr<const CertificateCredentials> credentials,
                         CertificatePolicy policy, const WallClock& clock) noexcept
      : credentials_{std::move(credentials)}, policy_{std::move(policy)}, clock_{&clock} {}

  [[nodiscard]] std::uint16_t method() const noexcept override;
  [[nodiscard]] KeyMaterial skeyid(const KeyExchange& exchange) const override;
  [[nodiscard]] HashAlgorithm hash(const KeyExchange& exchange) const noexcept override;
  void put_requests(Writer& out) const override;
  [[nodiscard]] Result<void> put_proof(Writer& out, const KeyExchange& exchange,
                                       View hash_i) const override;
  [[nodiscard]] std::span<const PayloadRule> proof_shape() const noexcept override;
  [[nodiscard]] Result<void> verify(const Chain& message, const KeyExchange& exchange,
                                    View hash_r) const override;
  [[nodiscard]] bool checks_signatures() const noexcept override { return true; }
  [[nodiscard]] std::string_view failure_hint() const noexcept override;

 private:
  [[nodiscard]] bool is_asked(const KeyExchange& exchange) const;
  [[nodiscard]] Result<void> judge(const Certificate& certificate, const Chain& message) const;

  std::shared_ptr<const CertificateCredentials> credentials_;
  CertificatePolicy policy_;
  const WallClock* clock_;
};

}  // namespace gdoi
