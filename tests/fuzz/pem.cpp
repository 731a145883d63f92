// SPDX-License-Identifier: GPL-2.0-or-later
// Files of certificates, revocation lists and keys: what is read from one is bounded, can be asked
// for, and makes nobody trusted.
#include "gdoi/crypto/distinguished_name.h"
#include "gdoi/crypto/signing_key.h"
#include "gdoi/crypto/trust.h"
#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  bool any = false;
  if (auto certificates = Certificate::parse_pem(input)) {
    assert(!certificates->empty() && certificates->size() <= 32);
    for (const auto& one : *certificates) {
      for (const char c : text_of_name(one.subject())) assert(c >= 0x20 && c < 0x7f);
      const auto again = Certificate::parse(one.der());
      assert(!again || again->der() == one.der());
    }
    TrustAnchors anchors;
    if (anchors.add_authorities(std::move(*certificates)))
      for (const auto& name : anchors.names()) assert(!name.empty());
    any = true;
  }
  TrustAnchors anchors;
  if (anchors.add_crls(input)) {
    assert(!anchors.crls().empty() && anchors.crls().size() <= 64);
    for (const auto& crl : anchors.crls())
      for (const char c : text_of_name(crl.issuer)) assert(c >= 0x20 && c < 0x7f);
    assert(anchors.without_crls().crls().empty() && anchors.names().empty());
    any = true;
  }
  const KeyMaterial passphrase = KeyMaterial::copy_of(Bytes(4, std::byte{'x'}));
  if (const auto key = SigningKey::parse(input, &passphrase)) {
    const auto signature = key->sign(Bytes(32, std::byte{1}));
    assert(signature && !signature->empty());
    any = true;
  }
  return any;
}
