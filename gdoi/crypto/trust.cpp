// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/trust.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>

#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

using openssl::must;
using openssl::octets;
using Crl = std::unique_ptr<X509_CRL, openssl::FreedBy<X509_CRL_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, openssl::FreedBy<X509_STORE_CTX_free>>;

struct FreeStack {  // of borrowed certificates
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};

constexpr int longest_path = 8;
constexpr std::size_t max_crls = 64;

// What a failure at depth 0 means, which is the peer's own certificate, and above it.
struct Meaning {
  int error;
  std::string_view own, above;
};
constexpr std::string_view foreign = "key server's certificate is not of a CA that we trust";
constexpr std::string_view no_ca = "key server's certificate was issued by one that is no CA's";
constexpr std::string_view no_crl = "no CRL of the CA of the key server's certificate";
constexpr std::string_view no_crl_above = "no CRL of the CA of an intermediate certificate";
constexpr std::string_view foreign_name =
    "key server's certificate has a name that its CA may not certify";
constexpr std::string_view old_crl = "the CRL of the key server's CA has expired";
constexpr std::string_view bad_crl = "the CRL of the key server's CA cannot be used";
constexpr std::array meanings{
    Meaning{X509_V_ERR_CERT_HAS_EXPIRED, "key server's certificate has expired",
            "certificate of the key server's CA has expired"},
    Meaning{X509_V_ERR_CERT_NOT_YET_VALID, "key server's certificate is not valid yet",
            "certificate of the key server's CA is not valid yet"},
    Meaning{X509_V_ERR_CERT_REVOKED, "key server's certificate is revoked",
            "certificate of the key server's CA is revoked"},
    Meaning{X509_V_ERR_UNABLE_TO_GET_CRL, no_crl, no_crl_above},
    Meaning{X509_V_ERR_CRL_HAS_EXPIRED, old_crl, old_crl},
    Meaning{X509_V_ERR_CRL_NOT_YET_VALID, "the CRL of the key server's CA is not valid yet",
            "the CRL of the key server's CA is not valid yet"},
    Meaning{X509_V_ERR_CRL_SIGNATURE_FAILURE, bad_crl, bad_crl},
    Meaning{X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, bad_crl, bad_crl},
    Meaning{X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, bad_crl, bad_crl},
    Meaning{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, foreign, foreign},
    Meaning{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, foreign, foreign},
    Meaning{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, foreign, foreign},
    Meaning{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, foreign, foreign},
    Meaning{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, foreign, foreign},
    Meaning{X509_V_ERR_CERT_SIGNATURE_FAILURE,
            "key server's certificate is not signed by the CA that it names",
            "an intermediate certificate is not signed by the CA that it names"},
    Meaning{X509_V_ERR_INVALID_CA, no_ca, no_ca},
    Meaning{X509_V_ERR_KEYUSAGE_NO_CERTSIGN, no_ca, no_ca},
    Meaning{X509_V_ERR_PATH_LENGTH_EXCEEDED, no_ca, no_ca},
    Meaning{X509_V_ERR_CERT_CHAIN_TOO_LONG, "too many certificates up to a CA that we trust",
            "too many certificates up to a CA that we trust"},
    Meaning{X509_V_ERR_PERMITTED_VIOLATION, foreign_name, foreign_name},
    Meaning{X509_V_ERR_EXCLUDED_VIOLATION, foreign_name, foreign_name},
    Meaning{X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
            "key server's certificate has a critical extension that we do not know",
            "an intermediate certificate has a critical extension that we do not know"},
};

tl::unexpected<Error> untrusted(int error, int depth) {
  for (const auto& meaning : meanings)
    if (meaning.error == error)
      return fail(Errc::untrusted, depth == 0 ? meaning.own : meaning.above);
  return fail(Errc::untrusted,
              "key server's certificate path does not verify; OpenSSL's number for it follows",
              static_cast<std::uint32_t>(error));
}

// bear_at_anchor lets the anchor pass without a CRL: it is trusted because we were told so.
int bear_at_anchor(int fine, X509_STORE_CTX* context) {
  const int anchor = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
  const bool missing = X509_STORE_CTX_get_error(context) == X509_V_ERR_UNABLE_TO_GET_CRL;
  if (fine == 1 || !missing || X509_STORE_CTX_get_error_depth(context) != anchor) return fine;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

// bear_missing_crl does so for every certificate.
int bear_missing_crl(int fine, X509_STORE_CTX* context) {
  if (fine == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_UNABLE_TO_GET_CRL) return fine;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

// RFC 4945 section 5.3: nothing below SHA-1. An anchor's own signature says nothing.
bool has_weak_signature(STACK_OF(X509) * path) {
  for (int i = 0; i + 1 < sk_X509_num(path); ++i) {
    int digest = NID_undef;
    X509_get_signature_info(sk_X509_value(path, i), &digest, nullptr, nullptr, nullptr);
    if (digest == NID_md5 || digest == NID_md4 || digest == NID_md2) return true;
  }
  return false;
}

// check_authorities looks at what verification leaves out, of all above the peer's own certificate,
// which its signature in phase 1 is checked with.
Result<void> check_authorities(STACK_OF(X509) * path) {
  const int count = sk_X509_num(path);
  for (int i = 1; i < count; ++i) {
    const auto authority = Certificate::share_of(sk_X509_value(path, i));
    if (!authority.has_strong_key())
      return fail(Errc::untrusted, "a CA above the key server's certificate has a weak key");
    if (i + 1 < count && !authority.is_for_ike())
      return fail(Errc::untrusted,
                  "extended key usage of an intermediate certificate does not permit IKE");
  }
  return {};
}

}  // namespace

TrustAnchors::TrustAnchors() : store_{X509_STORE_new()} { must(store_ != nullptr); }

Result<void> TrustAnchors::add_authorities(std::vector<Certificate> authorities) {
  const openssl::ErrorsForgotten forgotten;
  for (auto& authority : authorities) {
    if (X509_check_ca(authority.handle()) == 0)
      return fail(Errc::unsupported, "certificate that is no CA's");
    must(X509_STORE_add_cert(store_.get(), authority.handle()) == 1);
    authorities_.push_back(std::move(authority));
  }
  return {};
}

Result<void> TrustAnchors::add_crls(View pem_or_der) {
  const openssl::ErrorsForgotten forgotten;
  const auto add = [this](const Crl& crl) {
    must(X509_STORE_add_crl(store_.get(), crl.get()) == 1);
    crls_.push_back({openssl::der_of(X509_CRL_get_issuer(crl.get())),
                     wall_time(X509_CRL_get0_lastUpdate(crl.get())),
                     wall_time(X509_CRL_get0_nextUpdate(crl.get()))});
  };
  const unsigned char* at = octets(pem_or_der);
  const Crl der{d2i_X509_CRL(nullptr, &at, static_cast<long>(pem_or_der.size()))};
  if (der) {
    add(der);
    return {};
  }
  ERR_clear_error();

  const auto in = openssl::reading(pem_or_der);
  std::size_t count = 0;
  for (; count < max_crls; ++count) {
    const Crl next{PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr)};
    if (!next) break;
    add(next);
  }
  if (count == max_crls) return fail(Errc::unsupported, "64 CRLs and more in one file");
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return fail(Errc::malformed, "damaged PEM CRL");
  if (count == 0) return fail(Errc::malformed, "no CRL");
  return {};
}

TrustAnchors TrustAnchors::without_crls() const {
  TrustAnchors out;
  std::vector<Certificate> authorities;
  for (const auto& authority : authorities_)
    authorities.push_back(Certificate::share_of(authority.handle()));
  const auto added = out.add_authorities(std::move(authorities));
  must(added.has_value());
  out.demand(revocation_);
  return out;
}

Result<void> TrustAnchors::verify(const Certificate& subject, std::span<const Certificate> others,
                                  WallTime when) const {
  const openssl::ErrorsForgotten forgotten;
  const std::unique_ptr<STACK_OF(X509), FreeStack> untrusted_ones{sk_X509_new_null()};
  const Verification context{X509_STORE_CTX_new()};
  must(untrusted_ones && context);
  for (const auto& other : others) must(sk_X509_push(untrusted_ones.get(), other.handle()) > 0);
  must(X509_STORE_CTX_init(context.get(), store_.get(), subject.handle(), untrusted_ones.get()) ==
       1);

  X509_VERIFY_PARAM* const how = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(how, static_cast<time_t>(when.time_since_epoch().count()));
  X509_VERIFY_PARAM_set_depth(how, longest_path);
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  if (revocation_ != Revocation::none) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  must(X509_VERIFY_PARAM_set_flags(how, flags) == 1);
  X509_STORE_CTX_set_verify_cb(
      context.get(), revocation_ == Revocation::if_present ? bear_missing_crl : bear_at_anchor);

  if (X509_verify_cert(context.get()) != 1)
    return untrusted(X509_STORE_CTX_get_error(context.get()),
                     X509_STORE_CTX_get_error_depth(context.get()));
  if (has_weak_signature(X509_STORE_CTX_get0_chain(context.get())))
    return fail(Errc::untrusted, "key server's certificate path is signed with MD5");
  if (auto checked = check_authorities(X509_STORE_CTX_get0_chain(context.get())); !checked)
    return checked;
  if (!subject.may_sign())
    return fail(Errc::untrusted,
                "key usage of the key server's certificate does not permit signatures");
  return {};
}

std::vector<Bytes> TrustAnchors::names() const {
  std::vector<Bytes> out;
  for (const auto& authority : authorities_) out.push_back(authority.subject());
  return out;
}

}  // namespace gdoi
