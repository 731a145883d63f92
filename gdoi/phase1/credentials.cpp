// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/credentials.h"

namespace gdoi {

Result<CertificateCredentials> CertificateCredentials::make(SigningKey key,
                                                            std::vector<Certificate> chain,
                                                            TrustAnchors anchors) {
  if (chain.empty()) return fail(Errc::malformed, "no certificate of ours");
  if (chain.size() > max_certificates)
    return fail(Errc::unsupported, "more than 8 certificates in our chain");
  if (!key.fits(X509_get0_pubkey(chain.front().handle())))
    return fail(Errc::unsupported, "the private key is not that of the first certificate");
  if (!chain.front().may_sign())
    return fail(Errc::unsupported, "the key usage of our certificate does not permit signatures");
  return CertificateCredentials{std::move(key), std::move(chain), std::move(anchors)};
}

CertificateCredentials CertificateCredentials::with(TrustAnchors other) const {
  CertificateCredentials out{key.share(), {}, std::move(other)};
  for (const auto& one : chain) out.chain.push_back(Certificate::share_of(one.handle()));
  return out;
}

bool certifies(const Certificate& certificate, const Identification& id) {
  switch (id.type) {
    case IdType::ipv4_addr:
    case IdType::ipv6_addr:
      return certificate.has_address(id.data);
    case IdType::fqdn:
      return certificate.has_dns_name(id.data);
    case IdType::user_fqdn:
      return certificate.has_mailbox(id.data);
    case IdType::der_asn1_dn:
      return same_name(certificate.subject(), id.data);
    case IdType::ipv4_addr_subnet:
    case IdType::ipv6_addr_subnet:
    case IdType::ipv4_addr_range:
    case IdType::ipv6_addr_range:
    case IdType::der_asn1_gn:
    case IdType::key_id:
    case IdType::oid:
      break;
  }
  return false;
}

Identification identification_of_name(Bytes der) {
  return {IdType::der_asn1_dn, 0, 0, std::move(der)};
}

}  // namespace gdoi
