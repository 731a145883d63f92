// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/nat_traversal.h"

#include <algorithm>

namespace gdoi {
namespace {

using VendorId = std::array<std::uint8_t, 16>;

struct Known {
  NatDialect dialect;
  VendorId octets;
};
// MD5 of "RFC 3947" (RFC 3947 section 3.1), of "draft-ietf-ipsec-nat-t-ike-03", and of "...-02",
// once with and once without the newline that its authors had in their file.
constexpr std::array known{
    Known{NatDialect::rfc3947,
          {0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45,
           0x2f}},
    Known{NatDialect::draft,
          {0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f, 0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52, 0x9d,
           0x56}},
    Known{NatDialect::draft,
          {0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e, 0x08, 0x63, 0x81, 0xb5, 0xec, 0x42, 0x7b,
           0x1f}},
    Known{NatDialect::draft,
          {0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8, 0x7c, 0xfd, 0xb2, 0xfc, 0x68, 0xb6, 0xa4,
           0x48}},
};

bool is(View body, const VendorId& octets) noexcept {
  return std::equal(body.begin(), body.end(), octets.begin(), octets.end(),
                    [](std::byte a, std::uint8_t b) { return std::to_integer<unsigned>(a) == b; });
}

bool equal(View a, const Bytes& b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

std::vector<Bytes> nat_traversal_vendor_ids() {
  std::vector<Bytes> out;
  for (const auto& one : known) {
    Bytes& body = out.emplace_back();
    for (const auto octet : one.octets) body.push_back(std::byte{octet});
  }
  return out;
}

NatDialect nat_dialect_in(const Chain& message) noexcept {
  NatDialect out = NatDialect::none;
  for (const auto& payload : message.payloads)
    for (const auto& one : known)
      if (payload.type == PayloadType::vendor_id && is(payload.body, one.octets))
        out = std::max(out, one.dialect);
  return out;
}

PayloadType nat_d_type(NatDialect dialect) noexcept {
  return dialect == NatDialect::draft ? PayloadType::nat_d_draft : PayloadType::nat_d;
}

Bytes nat_d(HashAlgorithm hash, const CookiePair& cookies, const Endpoint& end) {
  const View address = View{end.address.bytes}.first(end.address.size());
  const std::array port{static_cast<std::byte>(end.port >> 8 & 0xff),
                        static_cast<std::byte>(end.port & 0xff)};
  return digest(hash, {cookies.initiator.bytes, cookies.responder.bytes, address, port});
}

NatFound find_nat(const Chain& message, NatDialect dialect, HashAlgorithm hash,
                  const CookiePair& cookies, const PathEnds& ends) {
  std::vector<View> digests;
  for (const auto& payload : message.payloads)
    if (payload.type == nat_d_type(dialect)) digests.push_back(payload.body);
  if (dialect == NatDialect::none || digests.size() < 2) return {};

  const Bytes us = nat_d(hash, cookies, ends.local);
  const auto sent = [&](const Address& address) {
    const Bytes them = nat_d(hash, cookies, {address, ends.remote.port});
    return std::any_of(digests.begin() + 1, digests.end(),
                       [&](View one) { return equal(one, them); });
  };
  return {!equal(digests.front(), us),
          !sent(ends.remote.address) &&
              std::none_of(ends.also_remote.begin(), ends.also_remote.end(), sent)};
}

}  // namespace gdoi
