// SPDX-License-Identifier: GPL-2.0-or-later
// Policies put together from parsed payloads: what the exchange tests cannot reach, or not as far.
#include "gdoi/assemble/assemble.h"

#include "gdoi/assemble/tek_lifetimes.h"
#include "gdoi/policy/key_sizes.h"
#include "tests/exchange/network.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"

namespace assemble_test {

using namespace gdoi;
using exchange::address;
using support::failure;

namespace {

TrafficSelector selector(std::uint32_t number) {
  TrafficSelector out;
  const auto octet = [](std::uint32_t value) { return static_cast<std::byte>(value & 0xff); };
  Address at;
  at.bytes = {std::byte{10}, octet(number >> 16), octet(number >> 8), octet(number)};
  out.source.addresses = {at, at};
  out.destination.addresses = AddressRange::any(Address::Family::ipv4);
  return out;
}

TekPolicy aes(seconds lifetime = seconds{3600}) {
  TekPolicy out;
  out.transform = EspTransformId::aes_cbc;
  out.key_bits = 128;
  out.integrity = IntegrityId::hmac_sha256_128;
  out.lifetime = lifetime;
  return out;
}

SaTek sat(std::uint32_t number, std::uint32_t spi, seconds lifetime = seconds{3600}) {
  return {{selector(number)}, Spi{spi}, aes(lifetime)};
}

TekKeys keys(std::uint32_t spi) { return {Spi{spi}, KeyMaterial{16}, KeyMaterial{32}}; }

KeyDownload download(std::initializer_list<std::uint32_t> spis) {
  KeyDownload out;
  for (const auto spi : spis) out.teks.push_back(keys(spi));
  return out;
}

GroupSa sa_of(std::vector<SaTek> teks) {
  GroupSa out;
  out.teks = std::move(teks);
  return out;
}

Result<GroupPolicy> assembled(const GroupSa& sa, KeyDownload keys_in,
                              TekWithoutKey keyless = TekWithoutKey::reject) {
  return assemble(sa, std::move(keys_in), std::nullopt, keyless);
}

AccessEntry permit(std::uint32_t number, std::uint32_t spi) {
  return {AccessEntry::Action::permit, selector(number), Spi{spi}};
}

}  // namespace

TEST_CASE("keys match their SATs by SPI, whatever their order") {
  const auto policy =
      assembled(sa_of({sat(1, 30), sat(2, 10), sat(3, 20)}), download({20, 30, 10}));
  REQUIRE(failure(policy) == "");
  CHECK(policy->entries == std::vector<AccessEntry>{permit(1, 30), permit(2, 10), permit(3, 20)});
  REQUIRE(policy->teks.size() == 3);
  CHECK(policy->find(Spi{20})->cipher_key.size() == 16);
  CHECK(policy->teks[0].spi == Spi{30});  // in the order of the list
}

TEST_CASE("many SATs share one SPI and its one TEK") {
  const auto policy = assembled(sa_of({sat(1, 7), sat(2, 7), sat(3, 7)}), download({7}));
  REQUIRE(failure(policy) == "");
  CHECK(policy->entries.size() == 3);
  CHECK(policy->teks.size() == 1);
}

TEST_CASE("an entry said twice is one, one said under two SPIs is two") {
  const auto policy =
      assembled(sa_of({sat(1, 7), sat(2, 7), sat(1, 8), sat(1, 7)}), download({7, 8}));
  REQUIRE(failure(policy) == "");
  CHECK(policy->entries == std::vector<AccessEntry>{permit(1, 7), permit(2, 7), permit(1, 8)});
}

TEST_CASE("SATs of one SPI must agree in all but selector and lifetime") {
  auto sa = sa_of({sat(1, 7), sat(2, 8), sat(3, 7)});
  REQUIRE(failure(check_group_sa(sa)) == "");
  TekPolicy& last = sa.teks.back().policy;
  SECTION("transform") { last.transform = EspTransformId::aes_gcm_16; }
  SECTION("key length") { last.key_bits = 256; }
  SECTION("integrity") { last.integrity = IntegrityId::hmac_sha1_96; }
  SECTION("encapsulation") { last.encapsulation = Encapsulation::transport; }
  SECTION("preservation") { last.preservation = AddressPreservation::none; }
  SECTION("direction") { last.direction = SaDirection::sender_only; }
  SECTION("sequence numbers") { last.extended_sequence = true; }
  SECTION("volume") { last.lifetime_kilobytes = 1; }
  CHECK(failure(check_group_sa(sa)) == "malformed: SATs with one SPI and different policies");
  CHECK(support::detail(check_group_sa(sa)) == 7);
  CHECK_FALSE(assembled(sa, download({7, 8})));
}

TEST_CASE("of SATs that share an SPI the shortest lifetime counts, wherever it stands") {
  const auto shortest = GENERATE(0u, 1u, 2u);
  auto sa = sa_of({sat(1, 7), sat(2, 7), sat(3, 7)});
  sa.teks[shortest].policy.lifetime = seconds{3599};
  const auto policy = assembled(sa, download({7}));
  REQUIRE(failure(policy) == "");
  REQUIRE(policy->teks.size() == 1);
  CHECK(policy->teks.front().policy.lifetime == seconds{3599});
}

TEST_CASE("how many attributes were skipped is no contradiction") {
  auto sa = sa_of({sat(1, 7), sat(2, 7)});
  sa.teks.back().policy.ignored_attributes = 3;
  const auto policy = assembled(sa, download({7}));
  REQUIRE(failure(policy) == "");
  CHECK(policy->ignored_attributes == 3);
}

TEST_CASE("a SAT without a key is treated as configured") {
  const auto sa = sa_of({sat(1, 0), sat(2, 9), sat(3, 7)});
  SECTION("deny: SPI 0 is a deny entry in its place, another SPI refuses the policy") {
    const auto refused = assembled(sa, download({7}), TekWithoutKey::deny);
    CHECK(failure(refused) == "malformed: SAT whose SPI has no TEK key packet in the KD");
    CHECK(refused.error().about == "ip host 10.0.0.2 any");
    const auto policy = assembled(sa, download({7, 9}), TekWithoutKey::deny);
    REQUIRE(failure(policy) == "");
    CHECK(policy->entries ==
          std::vector<AccessEntry>{
              {AccessEntry::Action::deny, selector(1), Spi{}}, permit(2, 9), permit(3, 7)});
    CHECK(policy->skipped_entries == 0);
  }
  SECTION("strict: SPI 0 is skipped, another SPI refuses the policy") {
    CHECK(failure(assembled(sa, download({7}))) ==
          "malformed: SAT whose SPI has no TEK key packet in the KD");
    const auto policy = assembled(sa, download({7, 9}));
    REQUIRE(failure(policy) == "");
    CHECK(policy->entries == std::vector<AccessEntry>{permit(2, 9), permit(3, 7)});
    CHECK(policy->skipped_entries == 1);
  }
  SECTION("ignore: both are skipped") {
    const auto policy = assembled(sa, download({7}), TekWithoutKey::skip);
    REQUIRE(failure(policy) == "");
    CHECK(policy->entries == std::vector<AccessEntry>{permit(3, 7)});
    CHECK(policy->skipped_entries == 2);
  }
  SECTION("bypass: both are deny entries, in their place") {
    const auto policy = assembled(sa, download({7}), TekWithoutKey::bypass);
    REQUIRE(failure(policy) == "");
    CHECK(policy->entries ==
          std::vector<AccessEntry>{{AccessEntry::Action::deny, selector(1), Spi{}},
                                   {AccessEntry::Action::deny, selector(2), Spi{}},
                                   permit(3, 7)});
    CHECK(policy->skipped_entries == 0);
  }
}

TEST_CASE("a key packet with SPI 0 makes no SAT a permit") {
  const auto policy = assembled(sa_of({sat(1, 0), sat(2, 7)}), download({0, 7}));
  REQUIRE(failure(policy) == "");
  CHECK(policy->entries == std::vector<AccessEntry>{permit(2, 7)});
  CHECK(policy->skipped_entries == 1);
  CHECK(policy->skipped == std::vector<SkippedSat>{{0, {selector(1)}}});
  CHECK(policy->ignored_keys == 1);
  CHECK(failure(assembled(sa_of({sat(1, 0), sat(2, 7)}), download({0, 7}), TekWithoutKey::deny)) ==
        "malformed: SAT with SPI 0 that has a TEK key packet in the KD");
}

TEST_CASE(
    "SATs of one SPI that differ in an unknown attribute are refused until it has a meaning") {
  auto sa = sa_of({sat(1, 7), sat(2, 7), sat(3, 8)});
  sa.teks[0].unknown = {{32001, {std::byte{0}, std::byte{1}}}};
  sa.teks[0].number = 1;
  sa.teks[1].number = 2;
  const auto with = [&](std::vector<AttributeRule> rules) {
    return assemble(sa, download({7, 8}), std::nullopt, {TekWithoutKey::deny, std::move(rules)});
  };
  using Meaning = AttributeRule::Meaning;
  const auto refused = with({});
  CHECK(failure(refused) ==
        "unsupported: SATs with one SPI that differ in an attribute we do not understand, which "
        "sat-attribute can give a meaning");
  CHECK(refused.error().entry == 2);
  CHECK(refused.error().about ==
        "ip host 10.0.0.2 any; attribute 32001 has the value 00 01 in one of them only");
  CHECK_FALSE(check_group_sa(sa));
  CHECK_FALSE(with({{32001, Bytes{std::byte{2}}, Meaning::deny}}));  // of another value
  CHECK_FALSE(with({{32002, std::nullopt, Meaning::ignore}}));

  const auto denied = with({{32001, std::nullopt, Meaning::deny}});
  REQUIRE(failure(denied) == "");
  CHECK(denied->entries == std::vector<AccessEntry>{{AccessEntry::Action::deny, selector(1), Spi{}},
                                                    permit(2, 7),
                                                    permit(3, 8)});
  const auto ignored = with({{32001, Bytes{std::byte{0}, std::byte{1}}, Meaning::ignore}});
  REQUIRE(failure(ignored) == "");
  CHECK(ignored->entries == std::vector<AccessEntry>{permit(1, 7), permit(2, 7), permit(3, 8)});

  // What all SATs of an SPI say alike tells none from another.
  sa.teks[1].unknown = sa.teks[0].unknown;
  CHECK(failure(with({})) == "");
  // The first rule that matches counts, and a SAT that is denied takes no part in the comparison.
  sa.teks[1].unknown = {};
  sa.teks[0].policy.key_bits = 256;
  CHECK(failure(with({{32001, std::nullopt, Meaning::deny}})) == "");
  CHECK(failure(
            with({{32001, std::nullopt, Meaning::ignore}, {32001, std::nullopt, Meaning::deny}})) ==
        "malformed: SATs with one SPI and different policies");
}

TEST_CASE("a SAK without its key leaves the TEKs, and nothing when there are none") {
  KekPolicy sak;
  auto sa = sa_of({sat(1, 7)});
  sa.kek = sak;
  for (const auto sequence : {std::optional<SequenceNumber>{}, std::optional{SequenceNumber{4}}}) {
    const auto policy = assemble(sa, download({7}), sequence, {});
    REQUIRE(failure(policy) == "");
    CHECK_FALSE(policy->kek.has_value());
    CHECK(policy->kek_without_key);
    CHECK(policy->entries == std::vector<AccessEntry>{permit(1, 7)});
  }
  sa.teks.clear();
  CHECK(failure(assemble(sa, download({}), SequenceNumber{4}, {})) ==
        "malformed: SAK in the SA without a KEK key packet in the KD");
}

TEST_CASE("a deny anywhere that contradicts a permit is found") {
  for (std::uint32_t at = 0; at < 50; ++at) {
    std::vector<SaTek> teks;
    for (std::uint32_t i = 0; i < 50; ++i) teks.push_back(sat(i, 7));
    const auto sound = assembled(sa_of(teks), download({7}), TekWithoutKey::bypass);
    REQUIRE(failure(sound) == "");
    teks.insert(teks.begin() + at, sat(49 - at, 0));
    CHECK(failure(assembled(sa_of(teks), download({7}), TekWithoutKey::bypass)) ==
          "malformed: list that both permits and denies the same traffic");
  }
}

TEST_CASE("the direction of a TEK stays with it") {
  auto sa = sa_of({sat(1, 7), sat(2, 8)});
  sa.teks[0].policy.direction = SaDirection::sender_only;
  sa.teks[1].policy.direction = SaDirection::receiver_only;
  const auto policy = assembled(sa, download({7, 8}));
  REQUIRE(failure(policy) == "");
  CHECK(policy->find(Spi{7})->policy.direction == SaDirection::sender_only);
  CHECK(policy->find(Spi{8})->policy.direction == SaDirection::receiver_only);
}

TEST_CASE("ten thousand entries come through whole, in order, each with its own key") {
  constexpr std::uint32_t count = 10000;
  std::vector<SaTek> teks;
  KeyDownload keys_in;
  for (std::uint32_t i = 0; i < count; ++i) {
    teks.push_back(sat(i, 1000 + (i * 7919) % count));
    keys_in.teks.push_back(keys(1000 + i));
  }
  const auto policy = assembled(sa_of(std::move(teks)), std::move(keys_in));
  REQUIRE(failure(policy) == "");
  REQUIRE(policy->entries.size() == count);
  REQUIRE(policy->teks.size() == count);
  for (std::uint32_t i = 0; i < count; ++i) {
    REQUIRE(policy->entries[i] == permit(i, 1000 + (i * 7919) % count));
    REQUIRE(policy->teks[i].spi == policy->entries[i].spi);
  }
  CHECK(TekLifetimes{*policy, Instant{}}.ends() == Instant{} + seconds{3600});
}

TEST_CASE("counters stay at their top") {
  std::vector<SaTek> teks(70000, sat(1, 0));
  teks.push_back(sat(2, 7));
  const auto policy = assembled(sa_of(std::move(teks)), download({7}));
  REQUIRE(failure(policy) == "");
  CHECK(policy->skipped_entries == 0xffff);
}

TEST_CASE("coverage ends with the first selector that has no TEK left") {
  const auto coverage = [](std::vector<SaTek> teks, std::initializer_list<std::uint32_t> spis) {
    const auto policy = assembled(sa_of(std::move(teks)), download(spis));
    REQUIRE(failure(policy) == "");
    const auto ends = TekLifetimes{*policy, Instant{}}.ends();
    return ends ? std::optional{std::chrono::floor<seconds>(*ends - Instant{})} : std::nullopt;
  };
  CHECK(coverage({sat(1, 7, seconds{100}), sat(2, 8, seconds{50})}, {7, 8}) == seconds{50});
  CHECK(coverage({sat(1, 7, seconds{100}), sat(1, 8, seconds{50})}, {7, 8}) == seconds{100});
  CHECK(coverage({sat(1, 7, seconds{100}), sat(1, 8, seconds{50}), sat(2, 8, seconds{50})},
                 {7, 8}) == seconds{50});
  CHECK(coverage({sat(1, 0)}, {}) == std::nullopt);
}

TEST_CASE("each transform has its length of key") {
  CHECK(cipher_key_octets(EspTransformId::des, 64) == 8);
  CHECK(cipher_key_octets(EspTransformId::triple_des, 192) == 24);
  CHECK(cipher_key_octets(EspTransformId::null, 0) == 0);
  for (const auto bits : std::array<std::uint16_t, 3>{128, 192, 256}) {
    const std::size_t key = bits / 8u;
    CHECK(cipher_key_octets(EspTransformId::aes_cbc, bits) == key);
    CHECK(cipher_key_octets(EspTransformId::aes_ctr, bits) == key + 4);
    CHECK(cipher_key_octets(EspTransformId::aes_ccm_8, bits) == key + 3);
    CHECK(cipher_key_octets(EspTransformId::aes_ccm_16, bits) == key + 3);
    CHECK(cipher_key_octets(EspTransformId::aes_gcm_8, bits) == key + 4);
    CHECK(cipher_key_octets(EspTransformId::aes_gcm_16, bits) == key + 4);
    CHECK(cipher_key_octets(EspTransformId::null_auth_aes_gmac, bits) == key + 4);
  }
}

}  // namespace assemble_test
