// SPDX-License-Identifier: GPL-2.0-or-later
// Policies of an honest but mistaken key server, and what the member says about them.
#include "tests/exchange/lab.h"

namespace refuse_policy_test {

using namespace exchange;
using gdoi::Errc;

namespace {

// The SAT attributes of the lab with one change.
ks::Octets sat_attributes(unsigned life, unsigned mode, unsigned integrity, unsigned bits) {
  return ks::tv(1, 1) + ks::tv(2, life) + ks::tv(4, mode) + ks::tv(5, integrity) + ks::tv(6, bits);
}

}  // namespace

TEST_CASE("a policy that is incomplete or contradicts itself is refused") {
  using ks::Group;
  struct Row {
    std::string why;
    std::function<void(Group&)> bend;
  };
  const std::vector<Row> rows{
      {"malformed: SAT whose SPI has no TEK key packet in the KD",
       [](Group& g) { g.packets.erase(g.packets.begin()); }},
      {"malformed: SAT whose SPI has no TEK key packet in the KD",
       [](Group& g) { g.sats.back().spi = 4711; }},
      {"malformed: SATs with one SPI and different policies",
       [](Group& g) { g.sats.back().attributes = sat_attributes(3600, 1, 5, 256); }},
      {"malformed: SATs with one SPI and different policies",
       [](Group& g) { g.sats.back().attributes = sat_attributes(3600, 2, 5, 128); }},
      {"malformed: TEK_ALGORITHM_KEY of another length than the transform's",
       [](Group& g) { g.packets.front() = ks::tek_packet(lab_spi, 24, 32); }},
      {"malformed: TEK_ALGORITHM_KEY of another length than the transform's",
       [](Group& g) { g.packets.front() = ks::tek_packet(lab_spi, 15, 32); }},
      {"malformed: TEK_INTEGRITY_KEY of another length than the algorithm's",
       [](Group& g) { g.packets.front() = ks::tek_packet(lab_spi, 16, 20); }},
      {"malformed: TEK_INTEGRITY_KEY of another length than the algorithm's",
       [](Group& g) { g.packets.front() = ks::tek_packet(lab_spi, 16, 0); }},
      {"malformed: SA without SAK and SAT",
       [](Group& g) {
         g.sats.clear();
         g.sak.reset();
         g.gap = ks::tv(1, 30);
       }},
      {"malformed: SAK in the SA without a KEK key packet in the KD",
       [](Group& g) {
         g.packets.clear();
         g.sats.clear();
       }},
      {"malformed: KEK key packet in the KD without a SAK in the SA",
       [](Group& g) { g.sak.reset(); }},
      {"malformed: KEK key packet with another SPI than the SAK's",
       [](Group& g) { g.packets.back().spi.back() ^= std::byte{1}; }},
      {"malformed: SAK in the SA without a SEQ", [](Group& g) { g.sequence.reset(); }},
      {"malformed: SEQ without a SAK in the SA",
       [](Group& g) {
         g.sak.reset();
         g.packets.pop_back();
       }},
      {"malformed: KEK_ALGORITHM_KEY of another length than IV and key",
       [](Group& g) {
         g.packets.back() = ks::kek_packet(g.sak->spi, 16, ks::rsa_public_key(1024));
       }},
      {"malformed: KEK_ALGORITHM_KEY of another length than IV and key",
       [](Group& g) {
         g.packets.back() = ks::kek_packet(g.sak->spi, 16 + 32, ks::rsa_public_key(1024));
       }},
      {"malformed: KEK key packet without SIG_ALGORITHM_KEY",
       [](Group& g) { g.packets.back() = ks::kek_packet(g.sak->spi, 32, {}); }},
      {"malformed: SIG_ALGORITHM_KEY that is no public key",
       [](Group& g) {
         g.packets.back() = ks::kek_packet(g.sak->spi, 32, ks::text("not a public key"));
       }},
      {"malformed: SIG_ALGORITHM_KEY that is no public key",
       [](Group& g) {
         g.packets.back() =
             ks::kek_packet(g.sak->spi, 32, ks::rsa_public_key(1024) + ks::Octets(1));
       }},
      {"malformed: SIG_ALGORITHM_KEY that does not belong to SIG_ALGORITHM",
       [](Group& g) {
         g.packets.back() = ks::kek_packet(g.sak->spi, 32, ks::ec_public_key("P-256"));
       }},
      {"unsupported: KEK that comes as an LKH key tree only",
       [](Group& g) {
         g.sak->attributes = ks::tv(1, 1) + g.sak->attributes;
         const ks::Octets keys = ks::be(1, 1) + ks::be(0, 2) + ks::be(0, 1);
         g.packets.back() = {3, g.sak->spi, ks::tlv(1, keys)};
       }},
  };
  for (const auto& row : rows) {
    CAPTURE(row.why);
    Lab lab{with_group(row.bend)};
    lab.check_policy_refused(row.why);
  }
}

TEST_CASE("transforms and attributes we cannot do are refused") {
  using ks::Group;
  const std::vector<std::function<void(Group&)>> bends{
      [](Group& g) { g.sats.front().transform = 2; },                                 // DES
      [](Group& g) { g.sats.front().transform = 22; },                                // Camellia
      [](Group& g) { g.sats.front().transform = 249; },                               // private
      [](Group& g) { g.sats.front().protocol_id = 2; },                               // AH
      [](Group& g) { g.sats.front().attributes = sat_attributes(3600, 1, 9, 128); },  // XCBC
      [](Group& g) { g.sats.front().attributes = sat_attributes(3600, 1, 5, 100); },
      [](Group& g) { g.sats.front().attributes = sat_attributes(3600, 3, 5, 128); },  // UDP
      [](Group& g) { g.sats.front().attributes = sat_attributes(0, 1, 5, 128); },
      [](Group& g) {
        g.sats.front().source = {2, 0, ks::text("example.org")};
      },
      [](Group& g) { g.sak->attributes = ks::tv(2, 9) + ks::tv(3, 128) + ks::tv(6, 1); },
      [](Group& g) { g.sak->attributes = ks::tv(2, 3) + ks::tv(3, 128) + ks::tv(6, 9); },
      [](Group& g) { g.sak->attributes = ks::tv(2, 3) + ks::tv(3, 128); },
      [](Group& g) { g.sak->attributes = ks::tv(3, 128) + ks::tv(6, 1); },
  };
  for (std::size_t i = 0; i < bends.size(); ++i) {
    CAPTURE(i);
    Lab lab{with_group(bends[i])};
    const auto report = lab.first_failure();
    INFO(report.why.where);
    CHECK((report.why.code == Errc::unsupported || report.why.code == Errc::malformed));
    CHECK(lab.key_server.seen().notifications == std::vector<unsigned>{ks::no_proposal_chosen});
    CHECK(lab.key_server.seen().deletes == 1);
    CHECK(lab.key_server.seen().answered.count(ks::Step::pull4) == 0);  // no keys were asked for
  }
}

TEST_CASE("a list that permits and denies the same traffic is refused") {
  auto config = member_config({"10.0.0.5"});
  config.tek_without_key = gdoi::TekWithoutKey::bypass;
  Lab lab{with_group([](ks::Group& group) {
            auto deny = group.sats.front();
            deny.spi = 0;
            group.sats.push_back(deny);
          }),
          std::move(config)};
  lab.check_policy_refused("malformed: list that both permits and denies the same traffic");
}

}  // namespace refuse_policy_test
