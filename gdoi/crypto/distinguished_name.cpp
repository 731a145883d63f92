// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/distinguished_name.h"

#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cctype>

#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

using openssl::der_of;
using openssl::must;
using openssl::octets;
using Name = std::unique_ptr<X509_NAME, openssl::FreedBy<X509_NAME_free>>;

constexpr std::size_t longest_text = 1024;
constexpr int most_attributes = 32;

Name parse(View der) {
  const unsigned char* at = octets(der);
  Name out{d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size()))};
  if (out && at != octets(der) + der.size()) return nullptr;
  return out;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(' ') - first + 1)};
}

// OpenSSL knows "CN" and "commonName", but neither "cn" nor "serialnumber" as Cisco writes them.
int attribute_named(const std::string& name) {
  if (const int nid = OBJ_txt2nid(name.c_str()); nid != NID_undef) return nid;
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (const int nid = OBJ_sn2nid(upper.c_str()); nid != NID_undef) return nid;
  if (upper == "SERIALNUMBER") return NID_serialNumber;
  if (upper == "UNSTRUCTUREDNAME") return NID_pkcs9_unstructuredName;
  if (upper == "UNSTRUCTUREDADDRESS") return NID_pkcs9_unstructuredAddress;
  if (upper == "E" || upper == "EMAIL") return NID_pkcs9_emailAddress;
  return NID_undef;
}

// take_attribute cuts one "NAME=value" off the front of `rest`, up to a comma or plus.
std::string take_attribute(std::string_view& rest, std::size_t& equals) {
  std::string out;
  equals = std::string::npos;
  while (!rest.empty() && rest.front() != ',' && rest.front() != '+') {
    if (rest.front() == '\\' && rest.size() > 1)
      rest.remove_prefix(1);
    else if (rest.front() == '=' && equals == std::string::npos)
      equals = out.size();
    out += rest.front();
    rest.remove_prefix(1);
  }
  return out;
}

}  // namespace

Result<Bytes> name_from_text(std::string_view text) {
  const openssl::ErrorsForgotten forgotten;
  if (text.empty() || text.size() > longest_text)
    return fail(Errc::malformed, "distinguished name that is empty or longer than 1024 characters");
  const Name name{X509_NAME_new()};
  must(name != nullptr);
  int place = 0;  // 0: an RDN of its own, -1: in the one before
  for (bool more = true; more;) {
    std::size_t equals = 0;
    const std::string attribute = take_attribute(text, equals);
    more = !text.empty();
    const int next_place = more && text.front() == '+' ? -1 : 0;
    if (more) text.remove_prefix(1);
    if (equals == std::string::npos)
      return fail(Errc::malformed, "distinguished name that is not a list of NAME=value");
    const std::string type = trimmed(std::string_view{attribute}.substr(0, equals));
    const std::string value = trimmed(std::string_view{attribute}.substr(equals + 1));
    const int nid = attribute_named(type);
    if (nid == NID_undef)
      return fail(Errc::unsupported, "unknown attribute of a distinguished name");
    if (X509_NAME_entry_count(name.get()) >= most_attributes ||
        X509_NAME_add_entry_by_NID(name.get(), nid, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(value.data()),
                                   static_cast<int>(value.size()), -1, place) != 1)
      return fail(Errc::malformed, "value in a distinguished name");
    place = next_place;
  }
  return der_of(name.get());
}

std::string text_of_name(View der) {
  const openssl::ErrorsForgotten forgotten;
  const Name name = parse(der);
  if (!name) return {};
  const openssl::Bio out{BIO_new(BIO_s_mem())};
  must(out != nullptr);
  constexpr unsigned long form = (XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ & ~ASN1_STRFLGS_ESC_QUOTE) |
                                 ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB;
  must(X509_NAME_print_ex(out.get(), name.get(), 0, form) >= 0);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string{text, static_cast<std::size_t>(size)};
}

bool same_name(View one, View other) {
  const openssl::ErrorsForgotten forgotten;
  const Name a = parse(one), b = parse(other);
  return a && b && X509_NAME_cmp(a.get(), b.get()) == 0;
}

Bytes reversed_name(View der) {
  const openssl::ErrorsForgotten forgotten;
  const Name name = parse(der), out{X509_NAME_new()};
  must(out != nullptr);
  if (!name) return {};
  int set = -1;  // attributes of one RDN stay together
  for (int i = X509_NAME_entry_count(name.get()) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name.get(), i);
    const int place = X509_NAME_ENTRY_set(entry) == set ? -1 : 0;
    set = X509_NAME_ENTRY_set(entry);
    must(X509_NAME_add_entry(out.get(), entry, -1, place) == 1);
  }
  return der_of(out.get());
}

}  // namespace gdoi
