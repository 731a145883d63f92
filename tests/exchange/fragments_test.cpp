// SPDX-License-Identifier: GPL-2.0-or-later
// IKE fragments between a member and a key server; the key server's are made by this file's own
// code.
#include "tests/support/ks/fragments.h"

#include "tests/exchange/rekey_lab.h"
#include "tests/support/hex.h"

namespace fragments_test {

using namespace exchange;

namespace {

constexpr unsigned vid = 13;
constexpr std::byte fragment_type{132};

gdoi::MemberConfig taking_fragments() {
  auto out = member_config({server});
  out.phase1.fragments = true;
  return out;
}

ks::Script announcing() {
  return with_edit(ks::Step::mm2, [](ks::Payloads& payloads) {
    payloads.push_back({vid, support::octets("4048b7d56ebce88525e7de7f00d6c2d380000000")});
  });
}

using ks::cut;
using ks::fragment;

bool is_encrypted(const gdoi::Bytes& message) {
  return (message[19] & std::byte{1}) != std::byte{0};
}

// Cutter is the way to the member: it cuts all that is encrypted, and `bend` may change the parts.
struct Cutter {
  explicit Cutter(Lab& lab) {
    lab.network.tap = [this, &network = lab.network](Way way, gdoi::Bytes& datagram) {
      if (way == Way::to_key_server || !is_encrypted(datagram)) return true;
      auto parts = cut(datagram, ++id, 100);
      if (bend) bend(parts);
      for (auto& part : parts)
        network.at(network.now() + 10ms,
                   [&network, part] { network.inject(endpoint(server), part); });
      return false;
    };
  }
  std::size_t id = 0;
  std::function<void(std::vector<gdoi::Bytes>&)> bend;
};

}  // namespace

TEST_CASE("a key server that announced it may answer in fragments") {
  Lab lab{announcing(), taking_fragments()};
  Cutter cutter{lab};
  CHECK(lab.policy().teks.size() == 1);
  CHECK(cutter.id == 3);  // message 6, PULL 2 and PULL 4
  CHECK(lab.network.drops.empty());
}

TEST_CASE("fragments may come in any order, twice, and late") {
  Lab lab{announcing(), taking_fragments()};
  Cutter cutter{lab};
  cutter.bend = [](std::vector<gdoi::Bytes>& parts) {
    std::reverse(parts.begin(), parts.end());
    parts.push_back(parts.front());
  };
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("a lost fragment comes with the next repetition") {
  Lab lab{announcing(), taking_fragments()};
  Cutter cutter{lab};
  unsigned lost = 0;
  cutter.bend = [&](std::vector<gdoi::Bytes>& parts) {
    if (++lost % 2 == 1) parts.erase(parts.begin());
  };
  lab.network.run(30s, [&] { return lab.network.registered(); });
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("forged fragments ahead of the honest ones do no harm") {
  Lab lab{announcing(), taking_fragments()};
  Cutter cutter{lab};
  cutter.bend = [](std::vector<gdoi::Bytes>& parts) {
    const auto honest = parts;
    for (std::size_t i = honest.size(); i-- > 0;) {
      auto forged = honest[i];
      forged.at(forged.size() - 1) ^= std::byte{0x55};
      if (i < 2) parts.insert(parts.begin(), forged);
    }
  };
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("fragments that were not announced, or not by both, are dropped") {
  for (const bool ours : {true, false}) {
    Lab lab{ours ? ks::Script{} : announcing(),
            ours ? taking_fragments() : member_config({server})};
    Cutter cutter{lab};
    const auto failed = lab.first_failure();
    CHECK(failed.why.code == gdoi::Errc::not_authentic);
    REQUIRE_FALSE(lab.network.drops.empty());
    CHECK(told(lab.network.drops.front()) == "unexpected: IKE fragment that was not announced");
  }
}

TEST_CASE("fragments with another cookie, or made of fragments, are dropped") {
  Lab lab{announcing(), taking_fragments()};
  lab.network.run(25ms);  // message 2 has come
  gdoi::Bytes message(200, std::byte{0x11});
  message[17] = std::byte{0x10};
  lab.network.inject(endpoint(server), fragment(message, 1, 1, true, message));
  REQUIRE(lab.network.drops.size() == 1);
  CHECK(told(lab.network.drops.back()) == "unexpected: initiator cookie");

  auto nested = lab.network.sent.back().datagram;
  const auto inner = fragment(nested, 2, 1, true, {nested.begin(), nested.begin() + 60});
  lab.network.inject(endpoint(server), fragment(nested, 3, 1, true, inner));
  REQUIRE(lab.network.drops.size() == 2);
  CHECK(told(lab.network.drops.back()) == "malformed: IKE fragment made of fragments");
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("a large message of ours goes in fragments to a key server that takes them") {
  auto config = taking_fragments();
  gdoi::Identification large;
  large.type = gdoi::IdType::key_id;
  large.data = gdoi::Bytes(3000, std::byte{0x42});
  config.phase1.identity = large;
  Lab lab{announcing(), std::move(config)};
  gdoi::Bytes whole;
  unsigned parts = 0;
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_member || datagram[16] != fragment_type) return true;
    ++parts;
    CHECK(datagram.size() <= 1200);
    CHECK_FALSE(is_encrypted(datagram));
    whole.insert(whole.end(), datagram.begin() + 36, datagram.end());
    if (datagram[35] == std::byte{0}) return false;
    datagram = std::exchange(whole, {});
    return true;
  };
  CHECK(lab.policy().teks.size() == 1);
  CHECK(parts == 3);
  CHECK(lab.key_server.seen().complaints.empty());
}

TEST_CASE("a large message goes whole to a key server that takes no fragments") {
  auto config = taking_fragments();
  gdoi::Identification large;
  large.type = gdoi::IdType::key_id;
  large.data = gdoi::Bytes(3000, std::byte{0x42});
  config.phase1.identity = large;
  Lab lab{{}, std::move(config)};
  CHECK(lab.policy().teks.size() == 1);
}

}  // namespace fragments_test
