// SPDX-License-Identifier: GPL-2.0-or-later
// A CA for tests: certificates and CRLs made with OpenSSL, good and bad ones.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "gdoi/base/result.h"
#include "gdoi/base/wall_clock.h"

namespace support::pki {

using gdoi::Bytes;
using gdoi::WallTime;
using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

// The instant at which the tests take place; certificates are valid around it.
inline constexpr WallTime now{std::chrono::seconds{1'800'000'000}};
inline constexpr std::chrono::hours day{24};

// A test whose CA cannot sign tests nothing.
inline void need(bool done) {
  if (!done) throw std::runtime_error{"OpenSSL"};
}

inline Key rsa_key(unsigned bits = 1024) { return {EVP_RSA_gen(bits), &EVP_PKEY_free}; }
inline Key ec_key(const char* curve = "P-256") { return {EVP_EC_gen(curve), &EVP_PKEY_free}; }

// Profile is what a certificate says beside names and key.
struct Profile {
  WallTime from = now - day, to = now + 365 * day;
  const char* basic_constraints = nullptr;  // such as "critical,CA:TRUE"
  const char* key_usage = nullptr;
  const char* extended_key_usage = nullptr;
  std::string alternative_names;  // such as "DNS:ks.example,IP:10.0.0.5"
  const char* name_constraints = nullptr;
  bool strange = false;  // has a critical extension that nobody knows
  const EVP_MD* digest = EVP_sha256();
};
inline Profile authority() {
  Profile out;
  out.from = now - 10 * day;
  out.to = now + 3650 * day;
  out.basic_constraints = "critical,CA:TRUE";
  out.key_usage = "critical,keyCertSign,cRLSign";
  return out;
}
inline Profile end_entity(std::string names = "IP:10.0.0.5,DNS:ks.example,email:ks@example") {
  Profile out;
  out.key_usage = "critical,digitalSignature";
  out.alternative_names = std::move(names);
  return out;
}

inline X509_NAME* set_name(X509_NAME* name, const std::string& common) {
  const auto add = [&](const char* field, const std::string& value) {
    need(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1);
  };
  add("O", "Lab");
  add("CN", common);
  return name;
}

inline void set_time(ASN1_TIME* time, WallTime when) {
  need(ASN1_TIME_set(time, static_cast<time_t>(when.time_since_epoch().count())) != nullptr);
}

// One is a CA or an end entity: its certificate and its key.
struct One {
  Key key;
  Certificate certificate;

  static One root(const std::string& common, Key key, const Profile& profile = authority()) {
    return make(common, std::move(key), nullptr, profile);
  }
  [[nodiscard]] One issue(const std::string& common, Key its, const Profile& profile) const {
    return make(common, std::move(its), this, profile);
  }

  // crl lists the revoked; valid from a day ago for a month.
  [[nodiscard]] std::string crl(const std::vector<One>& revoked, WallTime from = now - day,
                                WallTime to = now + 30 * day) const {
    const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> out{X509_CRL_new(), &X509_CRL_free};
    const std::shared_ptr<ASN1_TIME> time{ASN1_TIME_new(), &ASN1_TIME_free};
    need(out && time && X509_CRL_set_version(out.get(), 1) == 1 &&
         X509_CRL_set_issuer_name(out.get(), X509_get_subject_name(certificate.get())) == 1);
    set_time(time.get(), from);
    need(X509_CRL_set1_lastUpdate(out.get(), time.get()) == 1);
    set_time(time.get(), to);
    need(X509_CRL_set1_nextUpdate(out.get(), time.get()) == 1);
    set_time(time.get(), from);
    for (const auto& one : revoked) {
      X509_REVOKED* const entry = X509_REVOKED_new();
      need(entry != nullptr &&
           X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one.certificate.get())) ==
               1 &&
           X509_REVOKED_set_revocationDate(entry, time.get()) == 1 &&
           X509_CRL_add0_revoked(out.get(), entry) == 1);
    }
    need(X509_CRL_sign(out.get(), key.get(), EVP_sha256()) > 0);
    return text([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, out.get()); });
  }

  [[nodiscard]] std::string pem() const {
    return text([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  }
  [[nodiscard]] std::string key_pem(const std::string& passphrase = {}) const {
    return text([&](BIO* bio) {
      const EVP_CIPHER* const cipher = passphrase.empty() ? nullptr : EVP_aes_256_cbc();
      return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), cipher, passphrase.data(),
                                           static_cast<int>(passphrase.size()), nullptr, nullptr);
    });
  }
  [[nodiscard]] Bytes der() const {
    unsigned char* octets = nullptr;
    const int size = i2d_X509(certificate.get(), &octets);
    need(size > 0);
    const auto* const begin = reinterpret_cast<const std::byte*>(octets);
    Bytes out(begin, begin + size);
    OPENSSL_free(octets);
    return out;
  }

 private:
  template <class Write>
  static std::string text(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out{BIO_new(BIO_s_mem()), &BIO_free};
    need(out && write(out.get()) == 1);
    char* octets = nullptr;
    const long size = BIO_get_mem_data(out.get(), &octets);
    return {octets, static_cast<std::size_t>(size)};
  }

  static One make(const std::string& common, Key key, const One* issuer, const Profile& profile) {
    One out{std::move(key), {X509_new(), &X509_free}};
    X509* const made = out.certificate.get();
    static long serial = 1000;
    need(made != nullptr && X509_set_version(made, 2) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial) == 1 &&
         X509_set_pubkey(made, out.key.get()) == 1);
    set_time(X509_getm_notBefore(made), profile.from);
    set_time(X509_getm_notAfter(made), profile.to);
    const X509_NAME* const subject = set_name(X509_get_subject_name(made), common);
    const X509_NAME* const above =
        issuer == nullptr ? subject : X509_get_subject_name(issuer->certificate.get());
    need(X509_set_issuer_name(made, above) == 1);
    const auto extend = [&](int nid, const char* value) {
      if (value == nullptr || *value == '\0') return;
      const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
          X509V3_EXT_conf_nid(nullptr, nullptr, nid, value), &X509_EXTENSION_free};
      need(extension && X509_add_ext(made, extension.get(), -1) == 1);
    };
    extend(NID_basic_constraints, profile.basic_constraints);
    extend(NID_key_usage, profile.key_usage);
    extend(NID_ext_key_usage, profile.extended_key_usage);
    extend(NID_name_constraints, profile.name_constraints);
    extend(NID_subject_alt_name, profile.alternative_names.c_str());
    if (profile.strange) {
      const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> name{
          OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1), &ASN1_OBJECT_free};
      const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> value{
          ASN1_OCTET_STRING_new(), &ASN1_OCTET_STRING_free};
      const unsigned char null[]{5, 0};
      need(name && value && ASN1_OCTET_STRING_set(value.get(), null, sizeof null) == 1);
      const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
          X509_EXTENSION_create_by_OBJ(nullptr, name.get(), 1, value.get()), &X509_EXTENSION_free};
      need(extension && X509_add_ext(made, extension.get(), -1) == 1);
    }
    const Key& signing = issuer == nullptr ? out.key : issuer->key;
    need(X509_sign(made, signing.get(), profile.digest) > 0);
    return out;
  }
};

}  // namespace support::pki
