// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

using openssl::der_of;
using openssl::must;
using openssl::octets;
using AlternativeNames = std::unique_ptr<GENERAL_NAMES, openssl::FreedBy<GENERAL_NAMES_free>>;
using Usages = std::unique_ptr<EXTENDED_KEY_USAGE, openssl::FreedBy<EXTENDED_KEY_USAGE_free>>;

constexpr std::size_t max_certificates_in_file = 32;

std::byte lower(std::byte octet) noexcept {
  const bool upper = octet >= std::byte{'A'} && octet <= std::byte{'Z'};
  return upper ? octet | std::byte{0x20} : octet;
}

bool same_letters(View a, View b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](std::byte x, std::byte y) { return lower(x) == lower(y); });
}

// RFC 5280 section 7.5: the local part counts letter by letter, the host is a domain name.
bool same_mailbox(View a, View b) noexcept {
  if (a.size() != b.size()) return false;
  const auto at = std::find(a.begin(), a.end(), std::byte{'@'});
  const auto local = static_cast<std::size_t>(at - a.begin());
  return std::equal(a.begin(), at, b.begin()) && same_letters(a.subspan(local), b.subspan(local));
}

template <class Same>
bool has_name(X509* certificate, int type, View wanted, Same same) {
  const openssl::ErrorsForgotten forgotten;
  const AlternativeNames names{static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int found = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &found);
    if (found != type) continue;
    const auto* const text = static_cast<const ASN1_STRING*>(value);
    const View is{reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(text)),
                  static_cast<std::size_t>(ASN1_STRING_length(text))};
    if (same(is, wanted)) return true;
  }
  return false;
}

// id-kp-ipsecIKE of RFC 4945 section 5.1.3.12, and what came before it.
bool allows_ike(const ASN1_OBJECT* usage) {
  static constexpr std::array known{
      "2.5.29.37.0",                                                  // anyExtendedKeyUsage
      "1.3.6.1.5.5.7.3.17",                                           // id-kp-ipsecIKE
      "1.3.6.1.5.5.8.2.2",                                            // iKEIntermediate
      "1.3.6.1.5.5.7.3.5",  "1.3.6.1.5.5.7.3.6", "1.3.6.1.5.5.7.3.7"  // the three of RFC 2459
  };
  std::array<char, 64> text{};
  if (OBJ_obj2txt(text.data(), static_cast<int>(text.size()), usage, 1) <= 0) return false;
  return std::any_of(known.begin(), known.end(),
                     [&](std::string_view one) { return one == std::string_view{text.data()}; });
}

}  // namespace

std::optional<WallTime> wall_time(const ASN1_TIME* time) noexcept {
  const openssl::ErrorsForgotten forgotten;
  if (time == nullptr) return std::nullopt;  // which OpenSSL would take for now
  const std::unique_ptr<ASN1_TIME, openssl::FreedBy<ASN1_TIME_free>> epoch{
      ASN1_TIME_set(nullptr, 0)};
  must(epoch != nullptr);
  int days = 0, rest = 0;
  if (ASN1_TIME_diff(&days, &rest, epoch.get(), time) != 1) return std::nullopt;
  return WallTime{std::chrono::days{days} + seconds{rest}};
}

Result<Certificate> Certificate::parse(View der) {
  const openssl::ErrorsForgotten forgotten;
  if (der.size() > max_size)
    return fail(Errc::malformed, "certificate larger than 16384 octets",
                static_cast<std::uint32_t>(der.size()));
  const unsigned char* at = octets(der);
  Certificate out{d2i_X509(nullptr, &at, static_cast<long>(der.size()))};
  if (!out.handle_ || at != octets(der) + der.size())
    return fail(Errc::malformed, "certificate that is no X.509 certificate");
  return out;
}

Certificate Certificate::share_of(X509* certificate) noexcept {
  must(X509_up_ref(certificate) == 1);
  return Certificate{certificate};
}

Result<std::vector<Certificate>> Certificate::parse_pem(View pem) {
  const openssl::ErrorsForgotten forgotten;
  const auto in = openssl::reading(pem);
  std::vector<Certificate> out;
  for (;;) {
    Certificate next{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)};
    if (!next.handle_) break;
    if (out.size() == max_certificates_in_file)
      return fail(Errc::unsupported, "more than 32 certificates in one file");
    out.push_back(std::move(next));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) return fail(Errc::malformed, "damaged PEM certificate");
  if (out.empty()) return fail(Errc::malformed, "no PEM certificate");
  return out;
}

Bytes Certificate::der() const {
  const int size = i2d_X509(handle_.get(), nullptr);
  must(size > 0);
  Bytes out(static_cast<std::size_t>(size));
  unsigned char* at = octets(std::span{out});
  must(i2d_X509(handle_.get(), &at) == size);
  return out;
}

Bytes Certificate::subject() const { return der_of(X509_get_subject_name(handle_.get())); }
Bytes Certificate::issuer() const { return der_of(X509_get_issuer_name(handle_.get())); }

bool Certificate::is_self_issued() const noexcept {
  return X509_NAME_cmp(X509_get_subject_name(handle_.get()), X509_get_issuer_name(handle_.get())) ==
         0;
}

std::optional<Certificate::Validity> Certificate::validity() const noexcept {
  const auto from = wall_time(X509_get0_notBefore(handle_.get()));
  const auto to = wall_time(X509_get0_notAfter(handle_.get()));
  if (!from || !to) return std::nullopt;
  return Validity{*from, *to};
}

Result<VerificationKey> Certificate::key() const {
  const openssl::ErrorsForgotten forgotten;
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(handle_.get()), &der);
  if (size <= 0) return fail(Errc::malformed, "public key of a certificate");
  auto out = VerificationKey::parse(
      {reinterpret_cast<const std::byte*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return out;
}

bool Certificate::has_strong_key() const noexcept {
  constexpr int enough = 80;
  const openssl::ErrorsForgotten forgotten;
  const EVP_PKEY* const key = X509_get0_pubkey(handle_.get());
  if (key == nullptr || EVP_PKEY_get_security_bits(key) < enough) return false;
  return EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || this->key().has_value();
}

bool Certificate::may_sign() const noexcept {
  const openssl::ErrorsForgotten forgotten;
  // All bits are set when there is no such extension.
  return (X509_get_key_usage(handle_.get()) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0 &&
         is_for_ike();
}

bool Certificate::is_for_ike() const noexcept {
  const openssl::ErrorsForgotten forgotten;
  int critical = 0;
  const Usages usages{static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(handle_.get(), NID_ext_key_usage, &critical, nullptr))};
  if (!usages) return critical == -1;  // absent; otherwise it cannot be read
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i)
    if (allows_ike(sk_ASN1_OBJECT_value(usages.get(), i))) return true;
  return false;
}

bool Certificate::has_address(View octets) const {
  return has_name(handle_.get(), GEN_IPADD, octets, [](View a, View b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  });
}

bool Certificate::has_dns_name(View text) const {
  return has_name(handle_.get(), GEN_DNS, text, same_letters);
}

bool Certificate::has_mailbox(View text) const {
  return has_name(handle_.get(), GEN_EMAIL, text, same_mailbox);
}

}  // namespace gdoi
