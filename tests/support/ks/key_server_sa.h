// SPDX-License-Identifier: GPL-2.0-or-later
// The insides of the scripted key server, shared by its source files only.
#pragma once

#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>

#include "tests/support/ks/key_server.h"

namespace ks {

// Exchange types of RFC 2408 and RFC 6407.
enum : unsigned {
  main_mode = 2,
  aggressive_mode = 4,
  informational_exchange = 5,
  groupkey_pull = 32,

};

inline Octets random_octets(std::size_t size) {
  Octets out(size);
  RAND_bytes(into(out), static_cast<int>(size));
  return out;
}

inline const Octets& only(const Payloads& payloads, unsigned type, const char* what) {
  const Octets* found = nullptr;
  for (const auto& payload : payloads) {
    if (payload.type != type) continue;
    if (found != nullptr) throw Bad{std::string{what} + " twice"};
    found = &payload.body;
  }
  if (found == nullptr) throw Bad{std::string{"no "} + what};
  return *found;
}

inline void allow(const Payloads& payloads, const std::set<unsigned>& types) {
  for (const auto& payload : payloads)
    if (types.count(payload.type) == 0)
      throw Bad{"unexpected payload " + std::to_string(payload.type)};
}

inline Octets first(const Octets& octets, std::size_t size) {
  return Octets(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
}
inline Octets last(const Octets& octets, std::size_t size) {
  return Octets(octets.end() - static_cast<std::ptrdiff_t>(size), octets.end());
}

inline Octets notification_body(unsigned type, const Octets& cookies, const Octets& data) {
  return be(1, 4) + be(1, 1) + be(cookies.size(), 1) + be(type, 2) + cookies + data;
}

struct KeyServer::Header {
  Octets cookie_i, cookie_r;
  unsigned next = 0, exchange = 0, flags = 0;
  std::uint32_t id = 0;
  Octets body;

  explicit Header(const Octets& datagram) {
    Cut in{datagram};
    cookie_i = in.take(8);
    cookie_r = in.take(8);
    next = in.number(1);
    if (in.number(1) != 0x10) throw Bad{"version"};
    exchange = in.number(1);
    flags = in.number(1);
    id = in.number(4);
    if (in.number(4) != datagram.size()) throw Bad{"Length is not the datagram's"};
    if (flags > 1) throw Bad{"flags other than encryption"};
    body = in.rest();
  }
  [[nodiscard]] bool encrypted() const { return (flags & 1) != 0; }
  [[nodiscard]] Octets cookies() const { return cookie_i + cookie_r; }
};

struct KeyServer::Pull {
  Octets iv, ni, nr;
  Octets request, reply;  // the last ones
  Group group;            // as it was at message 1
  bool answered = false;
};

struct KeyServer::Sa {
  Octets cookie_i, cookie_r;
  Octets sa_b;  // SAi_b
  Suite suite;
  std::unique_ptr<Dh> dh;
  Octets g_xi, g_xy, ni, nr;
  Octets id_i;  // IDii of Aggressive Mode
  Octets skeyid, skeyid_a, key, iv;
  Octets last_block;
  bool established = false;
  Octets request, reply;  // the last ones
  std::map<std::uint32_t, Pull> pulls;

  [[nodiscard]] Octets cookies() const { return cookie_i + cookie_r; }
  [[nodiscard]] Octets prf(const Octets& with, const Octets& data) const {
    return hmac(suite.hash, with, data);
  }
  [[nodiscard]] Octets exchange_iv(std::uint32_t id) const {
    return first(hash(suite.hash, last_block + be(id, 4)), block(suite.encryption));
  }

  // derive follows RFC 2409 section 5 and appendix B. Without a key it is for signatures.
  void derive(const Octets* psk) {
    skeyid = psk != nullptr ? prf(*psk, ni + nr) : prf(ni + nr, g_xy);
    const Octets base = g_xy + cookies();
    const Octets d = prf(skeyid, base + be(0, 1));
    skeyid_a = prf(skeyid, d + base + be(1, 1));
    const Octets e = prf(skeyid, skeyid_a + base + be(2, 1));
    const std::size_t size = suite.encryption == 5 ? 24 : suite.key_bits / 8;
    key = e;
    if (e.size() < size) {
      Octets k = prf(e, be(0, 1));
      for (key = k; key.size() < size; key = key + k) k = prf(e, k);
    }
    key.resize(size);
    iv = first(hash(suite.hash, g_xi + dh->open()), block(suite.encryption));
  }

  // open decrypts and takes the chain apart; padding must be zeros, less than a block.
  [[nodiscard]] Payloads open(const Header& header, const Octets& from, Octets& plain) const {
    if (!header.encrypted()) throw Bad{"clear message under phase 1"};
    plain = decipher(suite.encryption, key, from, header.body);
    Octets padding;
    auto out = unchain(header.next, plain, padding);
    if (padding.size() >= block(suite.encryption) ||
        std::any_of(padding.begin(), padding.end(), [](auto o) { return o != std::byte{0}; }))
      throw Bad{"padding"};
    plain.resize(plain.size() - padding.size());
    return out;
  }

  // seal encrypts; `from` becomes the IV of what follows.
  [[nodiscard]] Octets seal(unsigned exchange, std::uint32_t id, const Payloads& payloads,
                            Octets& from) const {
    Octets plain = chain(payloads);
    const std::size_t unit = block(suite.encryption);
    while (plain.size() % unit != 0) plain.push_back(std::byte{0});
    const Octets wire = encipher(suite.encryption, key, from, plain);
    from = last(wire, unit);
    return isakmp_header(cookies(), {payloads.front().type, exchange, 1, id}, 28 + wire.size()) +
           wire;
  }
};

}  // namespace ks
