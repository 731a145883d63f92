// SPDX-License-Identifier: GPL-2.0-or-later
// A certificate that is accepted is written again as it was, and whatever is in it can be asked
// for.
#include "gdoi/phase1/credentials.h"
#include "tests/fuzz/target.h"

using namespace gdoi;

bool fuzz(View input) {
  const auto certificate = Certificate::parse(input);
  if (!certificate) return false;
  const Bytes again = certificate->der();
  assert(!again.empty() && again.size() <= Certificate::max_size);
  const Bytes subject = certificate->subject(), issuer = certificate->issuer();
  assert(certifies(*certificate, identification_of_name(subject)));
  assert(same_name(subject, issuer) == certificate->is_self_issued());
  for (const char c : text_of_name(subject)) assert(c >= 0x20 && c < 0x7f);
  static_cast<void>(reversed_name(subject));
  static_cast<void>(certificate->key());
  static_cast<void>(certificate->may_sign());
  static_cast<void>(certificate->validity());
  for (const auto type : {IdType::ipv4_addr, IdType::fqdn, IdType::user_fqdn, IdType::key_id})
    static_cast<void>(certifies(*certificate, {type, 0, 0, issuer}));

  // Nobody's CA issued it.
  const TrustAnchors nobody;
  assert(!nobody.verify(*certificate, std::span{&*certificate, 1}, WallTime{}));
  return true;
}
