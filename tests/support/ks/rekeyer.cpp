// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/ks/rekeyer.h"

#include <algorithm>

#include "tests/support/ks/crypto.h"

namespace ks {
Octets Rekeyer::push(const Push& push) {
  sent_.insert({kek().spi, ++sequence_});
  return encode_push(kek(), sequence_, push);
}

Octets Rekeyer::push(Group group) {
  Push message;
  message.group = std::move(group);
  return push(message);
}

void Rekeyer::renew(Kek next) {
  keks_.push_back(std::move(next));
  sequence_ = 0;
}

Octets Rekeyer::announce(Group group, Kek next) {
  add_kek(group, next);
  Octets out = push(std::move(group));
  renew(std::move(next));
  return out;
}

Acknowledgement Rekeyer::check(const Octets& datagram) const {
  Cut in{datagram};
  Acknowledgement out;
  out.spi = in.take(16);
  // RFC 8263 section 3.1: next payload HASH, exchange 35, no flags, no message ID.
  if (in.take(8) != be(hash_payload, 1) + be(0x10, 1) + be(groupkey_push_ack, 1) + be(0, 5))
    throw Bad{"header of an acknowledgement"};
  if (in.number(4) != datagram.size()) throw Bad{"length of an acknowledgement"};
  Octets padding;
  const Payloads said = unchain(hash_payload, in.rest(), padding);
  if (said.size() != 3 || said[1].type != seq_payload || said[2].type != id_payload ||
      !padding.empty())
    throw Bad{"payloads of an acknowledgement"};
  Cut sequence{said[1].body}, id{said[2].body};
  out.sequence = sequence.number(4);
  if (sequence.left() != 0 || id.number(4) != 0x01000000)
    throw Bad{"SEQ or ID of an acknowledgement"};
  out.member = id.take(4);
  if (id.left() != 0) throw Bad{"ID of an acknowledgement"};

  const auto kek =
      std::find_if(keks_.begin(), keks_.end(), [&](const Kek& one) { return one.spi == out.spi; });
  if (kek == keks_.end() || sent_.count({out.spi, out.sequence}) == 0)
    throw Bad{"acknowledgement of what was not sent"};
  const Octets covered = chain({said[1], said[2]});
  for (const auto& [type, algorithm] : {std::pair{1U, 4U}, std::pair{3U, 6U}})
    for (const unsigned bits : {256U, 512U, 1024U, 8 * static_cast<unsigned>(kek->key.size())}) {
      const Octets key =
          hmac(algorithm, kek->key, text("GROUPKEY-PUSH ACK") + be(0, 1) + out.spi + be(bits, 2));
      if (hmac(algorithm, key, covered) != said[0].body) continue;
      out.type = type;
      out.key_bits = bits;
      return out;
    }
  throw Bad{"HASH of an acknowledgement"};
}

}  // namespace ks
