// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/message.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/samples.h"

namespace message_test {

using namespace gdoi;
using namespace push_test;
using support::failure;

namespace {

const Part sig{ks::sig_payload, repeated(9, 64)};
const Part some_sa{ks::sa_payload, repeated(1, 20)}, some_kd{ks::kd_payload, repeated(2, 24)};
const Part some_delete = del(2, 1, 4, {tek_spi(5)});

Result<PushFrame> frame(const Parts& parts) {
  // The views of the result are not followed after the octets are gone.
  const Bytes octets = chain(parts);
  const auto chain_of_payloads =
      parse_chain(octets, static_cast<PayloadType>(parts.front().type), 16);
  REQUIRE(chain_of_payloads);
  return read_frame(*chain_of_payloads);
}

IsakmpHeader right_header() {
  IsakmpHeader out;
  out.next = PayloadType::sequence;
  out.exchange = ExchangeType::groupkey_push;
  out.flags = IsakmpHeader::encrypted;
  return out;
}

}  // namespace

TEST_CASE("the header of a PUSH is exchange 33, encrypted, message ID 0, SEQ first") {
  CHECK(check_push_header(right_header()));
}

TEST_CASE("a header that is no PUSH's is refused") {
  auto header = right_header();
  header.exchange = ExchangeType::groupkey_pull;
  CHECK(failure(check_push_header(header)) == "unexpected: exchange type of a PUSH");
  header = right_header();
  header.message_id = {1};
  CHECK(failure(check_push_header(header)) == "malformed: message ID of a PUSH");
  header = right_header();
  header.next = PayloadType::hash;
  CHECK(failure(check_push_header(header)) == "malformed: PUSH that does not begin with SEQ");
  for (unsigned flags = 0; flags < 256; ++flags) {
    header = right_header();
    header.flags = static_cast<std::uint8_t>(flags);
    CHECK(check_push_header(header).has_value() == (flags == 1));
  }
}

TEST_CASE("a frame tells its parts, and what the signature covers") {
  const Parts parts{seq(7), some_delete, some_delete, some_sa, some_kd, sig};
  const Bytes octets = chain(parts);
  const auto payloads = parse_chain(octets, PayloadType::sequence, 16);
  REQUIRE(payloads);
  const auto found = read_frame(*payloads);
  REQUIRE(found);
  CHECK(found->sequence == SequenceNumber{7});
  REQUIRE(found->deletes.size() == 2);
  CHECK(support::hex(found->deletes[1]) == support::hex(some_delete.body));
  REQUIRE(found->sa);
  CHECK(support::hex(*found->sa) == support::hex(some_sa.body));
  REQUIRE(found->key_download);
  CHECK(support::hex(*found->key_download) == support::hex(some_kd.body));
  CHECK(support::hex(found->signature) == support::hex(sig.body));
  CHECK(support::hex(found->before_signature) ==
        support::hex(chain({seq(7), some_delete, some_delete, some_sa, some_kd}, ks::sig_payload)));
  CHECK(found->payload_octets == octets.size());
  CHECK(found->ignored_payloads == 0);
}

TEST_CASE("a PUSH may only delete, and may only bring") {
  CHECK(frame({seq(1), some_delete, sig}));
  CHECK(frame({seq(1), some_sa, some_kd, sig}));
}

TEST_CASE("between SEQ and SIG the order is free") {
  CHECK(frame({seq(1), some_kd, some_sa, some_delete, sig}));
}

TEST_CASE("certificates, vendor IDs and private payloads are skipped and counted") {
  const auto found = frame({seq(1),
                            {ks::private_payload, repeated(1, 3)},
                            some_sa,
                            some_kd,
                            {ks::vid_payload, repeated(1, 16)},
                            {ks::cert_payload, repeated(4, 100)},
                            sig});
  REQUIRE(found);
  CHECK(found->ignored_payloads == 3);
}

TEST_CASE("a frame in the wrong shape is refused") {
  struct Row {
    Parts parts;
    std::string why;
  };
  const std::string no_seq = "malformed: PUSH that does not begin with SEQ";
  const std::string no_sig = "malformed: PUSH that does not end with SIG";
  const std::vector<Row> rows{
      {{sig}, no_seq},
      {{some_sa, some_kd, seq(1), sig}, no_seq},
      {{{ks::private_payload, repeated(1, 3)}, seq(1), some_sa, some_kd, sig}, no_seq},
      {{some_sa, some_kd, sig}, no_seq},
      {{seq(1)}, no_sig},
      {{seq(1), some_sa, some_kd}, no_sig},
      {{seq(1), sig, some_sa, some_kd}, no_sig},
      {{seq(1), some_sa, some_kd, sig, {ks::private_payload, {}}}, no_sig},
      {{seq(1), some_sa, some_kd, sig, {ks::vid_payload, repeated(1, 16)}}, no_sig},
      {{seq(1), some_sa, some_kd, sig, sig}, "malformed: SIG"},
      {{seq(1), seq(2), some_sa, some_kd, sig}, "malformed: SEQ"},
      {{seq(1), some_sa, some_sa, some_kd, sig}, "malformed: SA"},
      {{seq(1), some_sa, some_kd, some_kd, sig}, "malformed: KD"},
      {{seq(1), some_sa, sig}, "malformed: PUSH with SA but no KD"},
      {{seq(1), some_kd, sig}, "malformed: PUSH with KD but no SA"},
      {{seq(1), some_delete, some_kd, sig}, "malformed: PUSH with KD but no SA"},
      {{seq(1), sig}, "malformed: PUSH without SA and D"},
      {{seq(1), {ks::hash_payload, repeated(1, 20)}, some_sa, some_kd, sig}, "unexpected: HASH"},
      {{seq(1), {ks::nonce_payload, repeated(1, 16)}, some_sa, some_kd, sig}, "unexpected: NONCE"},
      {{seq(1), {ks::sat_payload, repeated(1, 20)}, some_kd, sig}, "unexpected: SAT"},
      {{{ks::seq_payload, repeated(0, 3)}, some_sa, some_kd, sig}, "truncated: SEQ"},
      {{{ks::seq_payload, repeated(0, 5)}, some_sa, some_kd, sig}, "malformed: SEQ"},
  };
  for (const Row& row : rows) {
    std::string types;
    for (const Part& part : row.parts) types += std::to_string(part.type) + " ";
    INFO(types);
    CHECK(failure(frame(row.parts)) == row.why);
  }
}

TEST_CASE("no payloads at all are refused") {
  CHECK(failure(read_frame(Chain{})) == "malformed: PUSH that does not begin with SEQ");
}

}  // namespace message_test
