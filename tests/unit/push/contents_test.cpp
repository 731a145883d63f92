// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/contents.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace contents_test {

using namespace gdoi;
using namespace push_test;
using support::failure;

namespace {

const ks::Kek old_kek;
ks::Kek new_kek() {
  ks::Kek out;
  out.spi = kek_spi('N');
  out.key = repeated(0x33, 16);
  return out;
}

Result<PushContents> read(Parts parts, TekWithoutKey keyless = TekWithoutKey::reject) {
  parts.push_back({ks::sig_payload, repeated(9, 64)});
  const Bytes octets = chain(parts);
  const auto payloads = parse_chain(octets, PayloadType::sequence, 16);
  REQUIRE(payloads);
  const auto frame = read_frame(*payloads);
  REQUIRE(frame);
  return read_contents(*frame, downloaded(old_kek), keyless);
}

Sak policy_of(const ks::Kek& kek) {
  Sak out;
  out.spi = kek.spi;
  return out;
}

const Bytes lkh_key = ks::be(1, 2) + ks::be(3, 1) + ks::be(0, 1) + ks::be(0, 4) + ks::be(0, 4) +
                      ks::be(9, 4) + repeated(1, 32);
const Bytes lkh_array = ks::be(1, 1) + ks::be(1, 2) + ks::be(0, 1) + ks::be(77, 2) + ks::be(0, 2) +
                        ks::be(88, 4) + lkh_key;

}  // namespace

TEST_CASE("a PUSH of new TEKs brings a whole list and no KEK") {
  const auto found =
      read({seq(1), sa({gap(15, 120), sat({7, 1, 3}), sat({7, 3, 1}), sat({8, 1, 4})}),
            kd({tek_packet(8), tek_packet(7)})});
  REQUIRE(found);
  CHECK(found->deletes.empty());
  REQUIRE(found->policy);
  CHECK(found->replaces_list);
  const GroupPolicy& policy = *found->policy;
  CHECK_FALSE(policy.kek);
  CHECK(policy.activation_delay == seconds{15});
  CHECK(policy.deactivation_delay == seconds{120});
  REQUIRE(policy.entries.size() == 3);
  CHECK(describe(policy.entries[0].selector) == "ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255");
  CHECK(policy.entries[2].spi == Spi{8});
  REQUIRE(policy.teks.size() == 2);
  const Tek* const tek = policy.find({7});
  REQUIRE(tek != nullptr);
  CHECK(tek->policy.lifetime == seconds{3600});
  CHECK(tek->cipher_key.equals(repeated(7, 16)));
  CHECK(tek->integrity_key.equals(repeated(7, 32)));
}

TEST_CASE("a PUSH of a KEK alone leaves the list alone") {
  const auto found = read({seq(1), sa({sak(policy_of(new_kek()))}), kd({kek_packet(new_kek())})});
  REQUIRE(found);
  REQUIRE(found->policy);
  CHECK_FALSE(found->replaces_list);
  REQUIRE(found->policy->kek);
  CHECK(found->policy->kek->policy.spi == spi_of(new_kek()));
  CHECK(found->policy->kek->policy.lifetime == seconds{86400});
  CHECK(found->policy->kek->key.equals(new_kek().key));
  CHECK(found->policy->kek->iv.equals(new_kek().iv));
  CHECK(found->policy->kek->last_sequence == SequenceNumber{0});
}

TEST_CASE("a KEK packet without a public key keeps the one in use") {
  const auto found =
      read({seq(1), sa({sak(policy_of(new_kek()))}), kd({kek_packet(new_kek(), false)})});
  REQUIRE(found);
  CHECK(found->policy->kek->signature_key == old_kek.signer->public_key());
}

TEST_CASE("the public key in use cannot stand in for one of another algorithm") {
  Sak ecdsa = policy_of(new_kek());
  ecdsa.signature = 4;
  CHECK(failure(read({seq(1), sa({sak(ecdsa)}), kd({kek_packet(new_kek(), false)})})) ==
        "malformed: SIG_ALGORITHM_KEY that does not belong to SIG_ALGORITHM");
}

TEST_CASE("sender IDs in a PUSH are not taken, since all members would get the same") {
  const Bytes sid = key_packet(4, {}, {ks::tv(1, 12), ks::tlv(2, support::octets("0abc"))});
  const auto found = read({seq(1), sa({sat({7})}), kd({tek_packet(7), sid})});
  REQUIRE(found);
  CHECK_FALSE(found->policy->sender_ids);
  CHECK(found->policy->ignored_keys == 1);
}

TEST_CASE("deletes come beside new policy, or alone") {
  const auto both = read({seq(1), del(2, 1, 4, {tek_spi(6)}), sa({sat({7})}), kd({tek_packet(7)})});
  REQUIRE(both);
  CHECK(both->deletes.teks == std::vector{Spi{6}});
  CHECK(both->policy);
  const auto alone = read({seq(1), del(2, 1, 4, {tek_spi(6)})});
  REQUIRE(alone);
  CHECK_FALSE(alone->policy);
  CHECK_FALSE(alone->replaces_list);
}

TEST_CASE("keyless SATs are judged as the member is configured") {
  const Parts parts{seq(1), sa({sat({0, 1, 2}), sat({7})}), kd({tek_packet(7)})};
  const auto strict = read(parts), bypass = read(parts, TekWithoutKey::bypass);
  REQUIRE(strict);
  CHECK(strict->policy->entries.size() == 1);
  CHECK(strict->policy->skipped_entries == 1);
  REQUIRE(bypass);
  REQUIRE(bypass->policy->entries.size() == 2);
  CHECK(bypass->policy->entries[0].action == AccessEntry::Action::deny);
}

TEST_CASE("policy without keys, and keys without policy, are refused") {
  const Part next_sak = sak(policy_of(new_kek()));
  CHECK(failure(read({seq(1), sa({next_sak}), kd({})})) ==
        "malformed: SAK in the SA without a KEK key packet in the KD");
  CHECK(failure(read({seq(1), sa({next_sak, sat({7})}), kd({tek_packet(7)})})) ==
        "malformed: SAK in the SA without a KEK key packet in the KD");
  CHECK(failure(read({seq(1), sa({sat({7})}), kd({tek_packet(7), kek_packet(new_kek())})})) ==
        "malformed: KEK key packet in the KD without a SAK in the SA");
  CHECK(failure(read({seq(1), sa({next_sak}), kd({kek_packet(old_kek)})})) ==
        "malformed: KEK key packet with another SPI than the SAK's");
  CHECK(failure(read({seq(1), sa({sat({7})}), kd({tek_packet(8)})})) ==
        "malformed: SAT whose SPI has no TEK key packet in the KD");
  CHECK_FALSE(read({seq(1), sa({}), kd({})}));
}

TEST_CASE("one wrong part spoils the whole") {
  const Part good_sa = sa({sat({7})}), good_kd = kd({tek_packet(7)});
  REQUIRE(read({seq(1), good_sa, good_kd}));
  CHECK_FALSE(read({seq(1), del(9, 1, 4, {tek_spi(6)}), good_sa, good_kd}));
  Part longer = good_kd;
  longer.body.push_back(std::byte{0});
  CHECK_FALSE(read({seq(1), good_sa, longer}));
  longer = good_sa;
  longer.body.push_back(std::byte{0});
  CHECK_FALSE(read({seq(1), longer, good_kd}));
  const Bytes short_key =
      key_packet(1, tek_spi(8), {ks::tlv(1, repeated(8, 15)), ks::tlv(2, repeated(8, 32))});
  CHECK_FALSE(read({seq(1), sa({sat({7}), sat({8})}), kd({tek_packet(7), short_key})}));
}

TEST_CASE("rekeys through the LKH tree are refused by name") {
  const auto packet = [](const Bytes& attribute) {
    return key_packet(3, kek_spi('N'), {attribute});
  };
  const Part some_sa = sa({sak(policy_of(new_kek())), sat({7})});
  const auto updated = read({seq(1), some_sa, kd({packet(ks::tlv(2, lkh_array)), tek_packet(7)})});
  CHECK(failure(updated) == "unsupported: PUSH that updates an LKH key tree");
  CHECK(support::detail(updated) == 77);
  // Even when a KEK is not announced: the tree would have changed without us.
  CHECK(
      failure(read({seq(1), sa({sat({7})}), kd({packet(ks::tlv(2, lkh_array)), tek_packet(7)})})) ==
      "unsupported: PUSH that updates an LKH key tree");
  Bytes path = ks::be(1, 1) + ks::be(1, 2) + ks::be(0, 1) + lkh_key;
  CHECK(failure(read({seq(1), some_sa, kd({packet(ks::tlv(1, path)), tek_packet(7)})})) ==
        "unsupported: PUSH that downloads an LKH key tree");
  path[0] = std::byte{2};
  CHECK(failure(read({seq(1), some_sa, kd({packet(ks::tlv(1, path)), tek_packet(7)})})) ==
        "unsupported: LKH version");
}

}  // namespace contents_test
