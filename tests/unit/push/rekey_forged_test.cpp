// SPDX-License-Identifier: GPL-2.0-or-later
// Datagrams that anybody could have sent: none leaves a trace.

#include "gdoi/push/rekey_sa_table.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace rekey_forged_test {

using namespace gdoi;
using namespace push_test;
using support::failure;

namespace {

// Member is a RekeySaTable that has accepted number 4, and can tell whether anything changed since.
class Member {
 public:
  Member() {
    REQUIRE(sas_.adopt(downloaded(kek_, 3), member, noon));
    last_ = datagram(kek_, tek_push(4, 6));
    static_cast<void>(accepted(receive(sas_, last_, noon)));
    before_ = state(sas_);
    // All later numbers lie above these, so that each refusal has its own reason.
  }

  [[nodiscard]] const ks::Kek& kek() const noexcept { return kek_; }

  // refusal hands in a datagram that must be dropped, and says why it was.
  std::string refusal(View datagram) {
    const auto outcome = receive(sas_, datagram, noon);
    CHECK_FALSE(outcome);
    CHECK(state(sas_) == before_);
    return failure(outcome);
  }

  // untouched tells whether number 5 still is accepted, and number 4 still known.
  bool untouched() {
    const auto copy = receive(sas_, last_, noon);
    if (!copy || !std::holds_alternative<RepeatedPush>(*copy)) return false;
    return accepted(receive(sas_, datagram(kek_, tek_push(5, 7)), noon)).sequence ==
           SequenceNumber{5};
  }

 private:
  ks::Kek kek_;
  RekeySaTable sas_;
  Bytes last_;
  std::string before_;
};

// with_length patches the ISAKMP Length, so that a datagram cut short is consistent again.
Bytes with_length(Bytes datagram) {
  const auto size = static_cast<std::uint32_t>(datagram.size());
  for (std::size_t i = 0; i < 4; ++i)
    datagram[24 + i] = static_cast<std::byte>(size >> (24 - 8 * i) & 0xff);
  return datagram;
}

Bytes first_octets(const Bytes& octets, std::size_t count) {
  return {octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("no bit of a PUSH can be changed") {
  Member gm;
  Bytes forged = datagram(gm.kek(), tek_push(5, 7));
  for (std::size_t bit = 0; bit < 8 * forged.size(); ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    forged[bit / 8] ^= mask;
    CHECK_FALSE(gm.refusal(forged).empty());
    forged[bit / 8] ^= mask;
  }
  CHECK(gm.untouched());
}

TEST_CASE("no bit of the last PUSH can be changed so that it passes for a copy") {
  Member gm;
  Bytes forged = datagram(gm.kek(), tek_push(4, 6));  // RSA signatures have no randomness
  for (std::size_t bit = 0; bit < 8 * forged.size(); bit += 5) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    forged[bit / 8] ^= mask;
    CHECK_FALSE(gm.refusal(forged).empty());
    forged[bit / 8] ^= mask;
  }
  CHECK(gm.untouched());
}

TEST_CASE("a datagram cut short anywhere is dropped, whatever its Length says") {
  Member gm;
  const Bytes whole = datagram(gm.kek(), tek_push(5, 7));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut = first_octets(whole, size);
    CHECK_FALSE(gm.refusal(cut).empty());
    if (size >= 28) CHECK_FALSE(gm.refusal(with_length(cut)).empty());
  }
  CHECK(gm.untouched());
}

TEST_CASE("a plaintext cut short anywhere is dropped") {
  Member gm;
  Push push = tek_push(5, 7);
  const Bytes whole = plaintext(gm.kek(), push);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    push.padding = ~whole[size];  // not what was cut off
    CHECK_FALSE(gm.refusal(packed(gm.kek(), push, first_octets(whole, size))).empty());
  }
  CHECK(gm.untouched());
}

TEST_CASE("octets after the message, or blocks too many, are noticed") {
  Member gm;
  const Bytes whole = datagram(gm.kek(), tek_push(5, 7));
  CHECK(gm.refusal(support::joined({whole, Bytes(1)})) ==
        "malformed: ISAKMP Length is less than the datagram");
  CHECK(gm.refusal(with_length(support::joined({whole, Bytes(1)}))) ==
        "malformed: ciphertext is not whole blocks");
  CHECK(gm.untouched());
}

TEST_CASE("a header without a body is dropped") {
  Member gm;
  const Bytes whole = datagram(gm.kek(), tek_push(5, 7));
  CHECK(gm.refusal(with_length(first_octets(whole, 28))) ==
        "malformed: ciphertext is not whole blocks");
  CHECK(gm.refusal({}) == "truncated: ISAKMP header");
}

TEST_CASE("a header that is no PUSH's is dropped") {
  Member gm;
  Push push = tek_push(5, 7);
  push.exchange = 32;
  CHECK(gm.refusal(datagram(gm.kek(), push)) == "unexpected: exchange type of a PUSH");
  push = tek_push(5, 7);
  push.message_id = 1;
  CHECK(gm.refusal(datagram(gm.kek(), push)) == "malformed: message ID of a PUSH");
  push = tek_push(5, 7);
  push.version = 0x11;
  CHECK(gm.refusal(datagram(gm.kek(), push)) == "unsupported: ISAKMP version");
  for (const unsigned flags : {0U, 2U, 3U, 5U}) {
    push = tek_push(5, 7);
    push.flags = flags;
    CHECK(gm.refusal(datagram(gm.kek(), push)) == "malformed: flags of a PUSH");
  }
  CHECK(gm.untouched());
}

TEST_CASE("cookies of no KEK are dropped") {
  Member gm;
  ks::Kek other = gm.kek();
  other.spi = kek_spi('X');
  CHECK(gm.refusal(datagram(other, tek_push(5, 7))) == "unexpected: cookies of no KEK");
  // One half alone does not do.
  other.spi = support::joined({support::text_octets("KKKKKKKK"), support::text_octets("XXXXXXXX")});
  CHECK(gm.refusal(datagram(other, tek_push(5, 7))) == "unexpected: cookies of no KEK");
  CHECK(gm.untouched());
}

TEST_CASE("a PUSH under other keys or another IV is dropped") {
  Member gm;
  ks::Kek other = gm.kek();
  other.key.back() ^= std::byte{1};
  CHECK_FALSE(gm.refusal(datagram(other, tek_push(5, 7))).empty());
  other = gm.kek();
  other.iv.front() ^= std::byte{1};  // changes the type of the payload after SEQ
  CHECK_FALSE(gm.refusal(datagram(other, tek_push(5, 7))).empty());
  CHECK(gm.untouched());
}

TEST_CASE("a PUSH that another key signed is dropped") {
  Member gm;
  static const Signer other_rsa = Signer::fresh_rsa(2048);
  for (const Signer* signer : {&other_rsa, &Signer::rsa(1024), &Signer::ecdsa("P-256")}) {
    ks::Kek forger = gm.kek();
    forger.signer = signer;
    CHECK(gm.refusal(datagram(forger, tek_push(5, 7))) == "not authentic: signature of a PUSH");
  }
  ks::Kek forger = gm.kek();
  forger.hash = ks::sha1;
  CHECK(gm.refusal(datagram(forger, tek_push(5, 7))) == "not authentic: signature of a PUSH");
  CHECK(gm.untouched());
}

TEST_CASE("signatures of other lengths are dropped") {
  Member gm;
  for (const std::size_t size : {0U, 1U, 255U, 257U, 1024U}) {
    Push push = tek_push(5, 7);
    push.signature = repeated(1, size);
    CHECK(gm.refusal(datagram(gm.kek(), push)) == "not authentic: signature of a PUSH");
  }
  CHECK(gm.untouched());
}

TEST_CASE("a signature does not cover other payloads, another number or another order") {
  Member gm;
  const auto swapped = [&](const Parts& parts) {
    Push push = tek_push(5, 7);
    const Bytes covered = signed_octets(gm.kek(), push, 256);
    push.sent_parts = parts;
    push.sent_parts->push_back({ks::sig_payload, gm.kek().signer->sign(ks::sha256, covered)});
    return datagram(gm.kek(), push);
  };
  const auto right = tek_push(5, 7).parts;
  CHECK(gm.refusal(swapped(tek_push(6, 7).parts)) == "not authentic: signature of a PUSH");
  CHECK(gm.refusal(swapped(tek_push(5, 8).parts)) == "not authentic: signature of a PUSH");
  CHECK(gm.refusal(swapped({right[0], right[2], right[1]})) ==
        "not authentic: signature of a PUSH");
  CHECK(gm.refusal(swapped({right[0], del(2, 1, 4, {tek_spi(7)}), right[1], right[2]})) ==
        "not authentic: signature of a PUSH");
  CHECK(gm.refusal(swapped({right[0], right[1], right[2], {ks::cert_payload, repeated(1, 9)}})) ==
        "not authentic: signature of a PUSH");
  // The proof that the helper makes a right one out of the right parts.
  RekeySaTable sas;
  REQUIRE(sas.adopt(downloaded(gm.kek()), member, noon));
  CHECK(accepted(receive(sas, swapped(right), noon)).sequence == SequenceNumber{5});
  CHECK(gm.untouched());
}

TEST_CASE("numbers that are not greater than the last one are old, even when signed") {
  Member gm;
  for (const std::uint32_t number : {0U, 1U, 3U, 4U})
    CHECK(gm.refusal(datagram(gm.kek(), tek_push(number, 9))) ==
          "unexpected: old sequence number of a PUSH");
  CHECK(gm.untouched());
}

TEST_CASE("messages in the wrong shape are dropped though they are signed") {
  Member gm;
  const auto right = tek_push(5, 7).parts;
  const auto shaped = [&](Parts parts) {
    Push push;
    push.parts = std::move(parts);
    return gm.refusal(datagram(gm.kek(), push));
  };
  CHECK(shaped({right[1], right[0], right[2]}) == "malformed: PUSH that does not begin with SEQ");
  CHECK(shaped({right[0], right[1]}) == "malformed: PUSH with SA but no KD");
  CHECK(shaped({right[0], right[2]}) == "malformed: PUSH with KD but no SA");
  CHECK(shaped({right[0]}) == "malformed: PUSH without SA and D");
  CHECK(shaped({right[0], right[0], right[1], right[2]}) == "malformed: SEQ");
  CHECK(shaped({right[0], {ks::hash_payload, repeated(1, 32)}, right[1], right[2]}) ==
        "unexpected: HASH");

  Push push = tek_push(5, 7);
  push.sent_parts = right;  // no SIG at all
  CHECK(gm.refusal(datagram(gm.kek(), push)) == "malformed: PUSH that does not end with SIG");
  push.sent_parts = {right[0], {ks::sig_payload, repeated(1, 256)}, right[1], right[2]};
  CHECK(gm.refusal(datagram(gm.kek(), push)) == "malformed: PUSH that does not end with SIG");
  // The header announces SEQ, the plaintext begins with something else, and the other way round.
  push = tek_push(5, 7);
  const Bytes plain = plaintext(gm.kek(), push);
  CHECK(gm.refusal(packed(gm.kek(), push, plain, ks::sa_payload)) ==
        "malformed: PUSH that does not begin with SEQ");
  CHECK(gm.refusal(packed(gm.kek(), push, plain, 0)) ==
        "malformed: PUSH that does not begin with SEQ");
  CHECK(gm.untouched());
}

TEST_CASE("a chain of more payloads than any message has is dropped") {
  Member gm;
  Push push;
  push.parts.push_back(seq(5));
  for (int i = 0; i < 70; ++i) push.parts.push_back(del(2, 1, 4, {tek_spi(7)}));
  CHECK(gm.refusal(datagram(gm.kek(), push)) == "malformed: too many payloads");
  CHECK(gm.untouched());
}

TEST_CASE("random octets behind right cookies are dropped") {
  Member gm;
  std::uint32_t seed = 1;
  for (int round = 0; round < 2000; ++round) {
    Bytes noise(16 * (1 + seed % 20));
    for (std::byte& octet : noise) {
      seed = seed * 1664525 + 1013904223;
      octet = static_cast<std::byte>(seed >> 24);
    }
    CHECK_FALSE(
        gm.refusal(
              support::joined({header(gm.kek(), {}, ks::seq_payload, 1, 28 + noise.size()), noise}))
            .empty());
  }
  CHECK(gm.untouched());
}

TEST_CASE("a member without a KEK drops every PUSH") {
  RekeySaTable sas;
  CHECK(failure(receive(sas, datagram({}, tek_push(1, 7)), noon)) ==
        "unexpected: cookies of no KEK");
  CHECK(sas.empty());
}

TEST_CASE("forgeries of somebody who knows the KEK keep no rekey out, whatever they cost") {
  ks::Kek kek;
  ks::Kek forger = kek;
  static const ks::Signer other = ks::Signer::fresh_rsa(2048);
  forger.signer = &other;
  RekeySaTable sas;
  REQUIRE(sas.adopt(downloaded(kek), member, noon));
  const auto forge = [&] {
    CHECK(failure(receive(sas, datagram(forger, tek_push(9, 9)), noon)) ==
          "not authentic: signature of a PUSH");
  };
  auto push = tek_push(1, 6);
  push.signed_header = ks::SignedHeader::padded_clear;
  SECTION("a form that was seen is always looked for") {
    CHECK(accepted(receive(sas, datagram(kek, push), noon)).sequence == SequenceNumber{1});
    for (int i = 0; i < 20; ++i) forge();
    push = tek_push(2, 7);
    push.signed_header = ks::SignedHeader::padded_clear;
    CHECK(accepted(receive(sas, datagram(kek, push), noon)).sequence == SequenceNumber{2});
  }
  SECTION("another one after a pause") {
    forge();
    CHECK(failure(receive(sas, datagram(kek, push), noon)) == "not authentic: signature of a PUSH");
    CHECK(accepted(receive(sas, datagram(kek, push), noon + seconds{1})).sequence ==
          SequenceNumber{1});
  }
}

}  // namespace rekey_forged_test
