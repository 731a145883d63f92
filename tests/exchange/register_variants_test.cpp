// SPDX-License-Identifier: GPL-2.0-or-later
// The ways in which key servers differ and are all understood.
#include "tests/exchange/lab.h"
#include "tests/support/hex.h"

namespace register_variants_test {

using namespace exchange;
using support::hex;

TEST_CASE("every phase 1 proposal works") {
  using gdoi::CipherAlgorithm;
  using gdoi::DhGroup;
  using gdoi::HashAlgorithm;
  struct Cipher {
    CipherAlgorithm cipher;
    std::uint16_t bits;
  };
  for (const auto& [cipher, bits] :
       {Cipher{CipherAlgorithm::aes_cbc, 128}, Cipher{CipherAlgorithm::aes_cbc, 192},
        Cipher{CipherAlgorithm::aes_cbc, 256}, Cipher{CipherAlgorithm::triple_des_cbc, 0}})
    for (const auto hash :
         {HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512})
      for (const auto group :
           {DhGroup::modp1024, DhGroup::modp1536, DhGroup::modp2048, DhGroup::modp3072,
            DhGroup::modp4096, DhGroup::ecp256, DhGroup::ecp384, DhGroup::ecp521}) {
        auto config = member_config({"10.0.0.5"});
        config.phase1.proposals = {{cipher, bits, hash, group}};
        CAPTURE(int(cipher), bits, int(hash), int(group));
        Lab lab{{}, std::move(config)};
        CHECK(lab.policy().teks.size() == 1);
      }
}

TEST_CASE("the key server chooses among the proposals that are offered by default") {
  auto config = member_config({"10.0.0.5"});
  config.phase1.proposals = gdoi::default_proposals();
  ks::Script script;
  script.accepts = {{7, 256, 4, 2}};  // AES-256, SHA-256, group 2: the seed configuration
  Lab lab{std::move(script), std::move(config)};

  CHECK(lab.policy().teks.size() == 1);
  REQUIRE(lab.network.established.size() == 1);
  CHECK(lab.network.established.front().group == 2);
}

TEST_CASE("lifetimes may come in two octets or in four") {
  auto group = ks::lab_group(true);
  for (auto& sat : group.sats)
    sat.attributes = ks::tv(1, 1) + ks::tv(2, 1800) + ks::tv(4, 1) + ks::tv(5, 5) + ks::tv(6, 128);
  Lab lab{with_group(group)};
  CHECK(lab.policy().teks.front().policy.lifetime == seconds{1800});
}

TEST_CASE("the longest lives and delays that can be said are kept to") {
  auto group = ks::lab_group(true);
  for (auto& sat : group.sats) sat.attributes = ks::aes_sha256(128, 0xffffffff);
  group.sak->attributes =
      ks::tv(2, 3) + ks::tv(3, 128) + ks::tlv(4, ks::be(0xffffffff, 4)) + ks::tv(6, 1);
  group.gap = ks::tlv(1, ks::be(0xffffffff, 4)) + ks::tlv(2, ks::be(0xffffffff, 4));
  Lab lab{with_group(group)};
  CHECK(lab.policy().teks.front().policy.lifetime == seconds{0xffffffff});
  CHECK(lab.policy().activation_delay == seconds{0xffffffff});

  REQUIRE(lab.network.status().reregister_at);
  CHECK(*lab.network.status().reregister_at - lab.network.now() > 100 * 365 * 24h);
  lab.network.run(100 * 24h);
  CHECK(lab.network.started.size() == 1);
  CHECK(lab.network.registered());
}

// As Cisco's reference implementation describes AES-GCM, and what was not configured.
TEST_CASE("reserved values, and key lengths with the salt in them, are understood") {
  auto group = ks::lab_group(false);
  for (auto& sat : group.sats) {
    sat.transform = 20;
    sat.attributes = ks::tv(4, 0) + ks::tv(1, 1) + ks::tv(2, 3600) + ks::tv(6, 160) +
                     ks::tv(14, 0) + ks::tv(15, 0);
  }
  group.packets = {ks::tek_packet(lab_spi, 20, 0)};
  Lab lab{with_group(group)};
  const auto& tek = lab.policy().teks.front();
  CHECK(tek.policy.key_bits == 128);
  CHECK(tek.cipher_key.size() == 20);
}

TEST_CASE("of lifetimes counted down within one SA the shortest counts") {
  auto group = ks::lab_group(false);
  group.sats.back().attributes = ks::aes_sha256(128, 3599);
  Lab lab{with_group(group)};
  CHECK(lab.policy().teks.front().policy.lifetime == seconds{3599});
}

TEST_CASE("a phase 1 lifetime that the key server wrote its own way is taken") {
  const auto form = GENERATE(0, 1, 2);
  ks::Script script;
  script.edit = [form](ks::Step step, ks::Payloads& said) {
    if (step != ks::Step::mm2) return;
    // SA: DOI, situation, proposal (8), transform (8), attributes of 4 octets, the lifetime last
    ks::Octets& body = said.front().body;
    const std::size_t keep = body.size() - (body[body.size() - 4] == std::byte{0x80} ? 4 : 8);
    ks::Octets cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(keep));
    if (form == 0) cut = cut + ks::tv(12, 600);
    if (form == 1) cut = cut + ks::tlv(12, ks::be(28800, 4));
    if (form == 2) cut = cut + ks::tlv(12, ks::be(86400, 8));
    const std::size_t proposal = cut.size() - 8, transform = cut.size() - 16;
    cut[10] = static_cast<std::byte>(proposal >> 8);
    cut[11] = static_cast<std::byte>(proposal);
    cut[18] = static_cast<std::byte>(transform >> 8);
    cut[19] = static_cast<std::byte>(transform);
    body = cut;
  };
  auto config = member_config({"10.0.0.5"});
  config.phase1.lifetime = seconds{86400};
  Lab lab{std::move(script), std::move(config)};
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("ID lengths of two octets are understood") {
  auto group = ks::lab_group(true);
  for (auto& sat : group.sats) sat.id_length = 2;
  const bool in_sak_too = GENERATE(false, true);
  if (in_sak_too) group.sak->id_length = 2;
  Lab lab{with_group(group)};
  CHECK(describe(lab.policy().entries.front().selector) ==
        "ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255");
}

TEST_CASE("vendor IDs that nobody knows change nothing") {
  ks::Script script;
  script.edit = [](ks::Step step, ks::Payloads& said) {
    if (step == ks::Step::mm2 || step == ks::Step::mm4) {
      said.push_back({13, ks::text("GETVPN of tomorrow")});
      said.push_back({13, ks::repeated(0xee, 200)});
    }
  };
  Lab lab{std::move(script)};
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("private payloads and notifications in authentic messages change nothing") {
  ks::Script script;
  script.edit = [](ks::Step step, ks::Payloads& said) {
    said.push_back({200, ks::text("private")});
    if (step == ks::Step::mm6)
      said.push_back({11, ks::be(1, 4) + ks::be(1, 1) + ks::be(0, 1) + ks::be(24576, 2)});
  };
  Lab lab{std::move(script)};
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("private attributes are counted and change nothing else") {
  auto group = ks::lab_group(true);
  for (auto& sat : group.sats)
    sat.attributes = sat.attributes + ks::tv(32001, 1) + ks::tlv(32002, ks::repeated(1, 12));
  group.sak->attributes = group.sak->attributes + ks::tv(200, 1);
  Lab lab{with_group(group)};
  CHECK(lab.policy().ignored_attributes == 5);
}

TEST_CASE("CERT and POP of RFC 3547 in PULL message 4 are tolerated") {
  ks::Script script;
  script.edit = [](ks::Step step, ks::Payloads& said) {
    if (step != ks::Step::pull4) return;
    said.push_back({6, ks::be(4, 1) + ks::repeated(0x30, 64)});
    said.push_back({19, ks::repeated(0x5a, 64)});
  };
  Lab lab{std::move(script)};
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("algorithms of the TEK decide the lengths of its keys") {
  struct Row {
    unsigned transform, bits, integrity, cipher_octets, integrity_octets;
  };
  const auto row = GENERATE(values<Row>({{3, 0, 2, 24, 20},
                                         {11, 0, 5, 0, 32},
                                         {12, 128, 1, 16, 16},
                                         {12, 192, 6, 24, 48},
                                         {12, 256, 7, 32, 64},
                                         {13, 128, 5, 20, 32},
                                         {14, 128, 0, 19, 0},
                                         {16, 256, 0, 35, 0},
                                         {18, 128, 0, 20, 0},
                                         {20, 192, 0, 28, 0},
                                         {20, 256, 0, 36, 0},
                                         {23, 256, 0, 36, 0}}));
  CAPTURE(row.transform, row.bits, row.integrity);
  auto group = ks::lab_group(false);
  for (auto& sat : group.sats) {
    sat.transform = row.transform;
    sat.attributes = ks::tv(1, 1) + ks::tv(2, 3600) + ks::tv(4, 1);
    if (row.integrity != 0) sat.attributes = sat.attributes + ks::tv(5, row.integrity);
    if (row.bits != 0) sat.attributes = sat.attributes + ks::tv(6, row.bits);
  }
  group.packets = {ks::tek_packet(lab_spi, row.cipher_octets, row.integrity_octets)};
  if (row.cipher_octets == 0)
    group.packets = {{1, ks::be(lab_spi, 4), ks::tlv(2, ks::integrity_key(lab_spi, 32))}};
  Lab lab{with_group(group)};
  CHECK(lab.policy().teks.front().cipher_key.size() == row.cipher_octets);
  CHECK(lab.policy().teks.front().integrity_key.size() == row.integrity_octets);
}

TEST_CASE("algorithms of the KEK decide the length of its key, and its signature key may be any") {
  struct Row {
    unsigned cipher, bits, octets, signature;
    ks::Octets public_key;
  };
  const std::vector<Row> rows{
      {2, 192, 8 + 24, 1, ks::rsa_public_key(1024)},
      {3, 192, 16 + 24, 1, ks::rsa_public_key(1024, true)},
      {3, 256, 16 + 32, 4, ks::ec_public_key("P-256")},
      {3, 128, 16 + 16, 5, ks::ec_public_key("P-384")},
      {3, 128, 16 + 16, 6, ks::ec_public_key("P-521")},
  };
  for (const auto& row : rows) {
    CAPTURE(row.cipher, row.bits, row.signature);
    auto group = ks::lab_group(true);
    group.sak->attributes = ks::tv(2, row.cipher) + ks::tv(3, row.bits) +
                            ks::tlv(4, ks::be(86400, 4)) + ks::tv(5, 3) + ks::tv(6, row.signature);
    group.packets.back() = ks::kek_packet(group.sak->spi, row.octets, row.public_key);
    Lab lab{with_group(group)};
    REQUIRE(lab.policy().kek);
    CHECK(lab.policy().kek->key.size() == row.bits / 8);
    CHECK(hex(lab.policy().kek->signature_key) == hex(row.public_key));
  }
}

TEST_CASE("a key server that only knows DOI 1 is found out by its refusal, at once") {
  ks::Script script;
  script.dois = {1};
  script.refused_doi_notify = GENERATE(2u, 3u, 14u);
  Lab lab{std::move(script)};

  CHECK(lab.policy().teks.size() == 1);
  CHECK(lab.key_server.seen().dois == std::vector<std::uint32_t>{2, 1});
  REQUIRE(lab.network.failures.size() == 1);
  CHECK_FALSE(lab.network.failures.front().report.notification_authentic);
  CHECK(lab.network.failures.front().report.retry_in == 0ms);

  SECTION("and the next registration begins with what worked") {
    lab.network.reregister();
    lab.network.run(5s);
    CHECK(lab.key_server.seen().dois == std::vector<std::uint32_t>{2, 1, 1});
  }
}

TEST_CASE("a key server that is silent to DOI 2 is asked with DOI 1 the next time") {
  Network network{member_config({"10.0.0.5"})};
  ks::Script script;
  script.dois = {1};
  auto& key_server = network.attach("10.0.0.5", std::move(script));
  network.start();
  network.run(3min, [&] { return network.registered(); });

  CHECK(network.registered());
  CHECK(key_server.seen().dois.back() == 1);
}

TEST_CASE("without the fallback a key server of another DOI stays silent") {
  auto config = member_config({"10.0.0.5"});
  config.phase1.fallback_doi = false;
  Network network{std::move(config)};
  ks::Script script;
  script.dois = {1};
  script.refused_doi_notify = 2;
  auto& key_server = network.attach("10.0.0.5", std::move(script));
  network.start();
  network.run(30min);

  CHECK_FALSE(network.registered());
  const auto& dois = key_server.seen().dois;
  CHECK(std::count(dois.begin(), dois.end(), 2u) == static_cast<std::ptrdiff_t>(dois.size()));
}

TEST_CASE("a member may be told to begin with DOI 1") {
  auto config = member_config({"10.0.0.5"});
  config.phase1.doi = 1;
  Lab lab{{}, std::move(config)};
  CHECK(lab.policy().teks.size() == 1);
  CHECK(lab.key_server.seen().dois == std::vector<std::uint32_t>{1});
}

}  // namespace register_variants_test
