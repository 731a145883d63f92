// SPDX-License-Identifier: GPL-2.0-or-later
// Aggressive Mode with pre-shared keys, and identities.
#include "tests/exchange/lab.h"

namespace aggressive_test {

using namespace exchange;
using ks::be;
using ks::Octets;
using ks::repeated;

namespace {

gdoi::MemberConfig aggressive() {
  auto config = member_config({"10.0.0.5"});
  config.phase1.mode = gdoi::Phase1Mode::aggressive;
  return config;
}

gdoi::Identification named(gdoi::IdType type, const std::string& text) {
  const auto octets = std::as_bytes(std::span{text});
  return {type, 0, 0, {octets.begin(), octets.end()}};
}

bool is_of(const gdoi::Bytes& datagram, unsigned exchange) {
  return datagram.size() > 28 && datagram[18] == static_cast<std::byte>(exchange);
}

constexpr unsigned aggressive_exchange = 4, pull_exchange = 32;

}  // namespace

TEST_CASE("a member registers by Aggressive Mode") {
  Lab lab{{}, aggressive()};
  CHECK_FALSE(lab.policy().entries.empty());
  CHECK(lab.key_server.seen().answered.at(ks::Step::am2) == 1);
  CHECK(lab.key_server.seen().answered.count(ks::Step::mm2) == 0);
  CHECK(lab.key_server.seen().initial_contacts == 1);
  CHECK(lab.key_server.seen().deletes == 1);
}

TEST_CASE("Aggressive Mode offers one group only") {
  auto config = aggressive();
  using enum gdoi::DhGroup;
  config.phase1.proposals = {
      {gdoi::CipherAlgorithm::aes_cbc, 256, gdoi::HashAlgorithm::sha256, ecp256},
      {gdoi::CipherAlgorithm::aes_cbc, 256, gdoi::HashAlgorithm::sha256, modp1024},
      {gdoi::CipherAlgorithm::aes_cbc, 128, gdoi::HashAlgorithm::sha1, ecp256}};
  ks::Script script;
  script.accepts = {{7, 256, 4, 2}, {7, 128, 2, 19}};
  Lab lab{script, std::move(config)};
  CHECK_FALSE(lab.policy().entries.empty());
  CHECK(lab.key_server.seen().chosen.front().group == 19);
}

TEST_CASE("each kind of identity arrives as it was meant, in both modes") {
  for (const auto mode : {gdoi::Phase1Mode::main, gdoi::Phase1Mode::aggressive})
    for (const auto& [type, number] : {std::pair{gdoi::IdType::fqdn, 2},
                                       {gdoi::IdType::user_fqdn, 3},
                                       {gdoi::IdType::key_id, 11}}) {
      auto config = aggressive();
      config.phase1.mode = mode;
      config.phase1.identity = named(type, "gm@lab.example");
      Lab lab{{}, std::move(config)};
      (void)lab.policy();
      CHECK(lab.key_server.seen().identities ==
            std::vector<Octets>{be(static_cast<unsigned>(number), 1) + be(0, 3) +
                                ks::text("gm@lab.example")});
    }
}

TEST_CASE("a key server that tells another identity than it must is refused") {
  for (const auto mode : {gdoi::Phase1Mode::main, gdoi::Phase1Mode::aggressive}) {
    auto config = aggressive();
    config.phase1.mode = mode;
    config.phase1.key_server_identities = {named(gdoi::IdType::fqdn, "ks.example")};
    Lab lab{{}, std::move(config)};
    CHECK(told(lab.first_failure().why) ==
          "untrusted: the identity that the key server sends is not one that is expected "
          "(ks-identity)");
    CHECK(lab.network.established.empty());

    config = aggressive();
    config.phase1.mode = mode;
    config.phase1.key_server_identities = {named(gdoi::IdType::fqdn, "ks.example"),
                                           gdoi::identification_of(address("10.0.0.5"), 0, 0)};
    Lab right{{}, std::move(config)};
    CHECK_FALSE(right.policy().entries.empty());
  }
}

TEST_CASE("a wrong pre-shared key is what a failed Aggressive Mode asks about") {
  ks::Script script;
  script.psk = ks::text("ANOTHER");
  Lab lab{script, aggressive()};
  CHECK(told(lab.first_failure().why) ==
        "not authentic: no valid answer to our authentication; check that both sides have the same "
        "pre-shared key");
  CHECK(lab.network.established.empty());
}

TEST_CASE("a lost message 3 comes again with PULL message 1") {
  Lab lab{{}, aggressive()};
  unsigned lost = 0;
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    const bool message_3 = way == Way::to_key_server && is_of(datagram, aggressive_exchange) &&
                           datagram[19] == std::byte{1};
    return !message_3 || ++lost > 2;
  };
  lab.network.run(60s, [&] { return lab.network.registered(); });
  CHECK(lost == 3);
  CHECK(lab.network.registered());
}

TEST_CASE("once PULL message 2 is there, message 3 is not sent again") {
  Lab lab{{}, aggressive()};
  unsigned last = 0;
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_key_server && is_of(datagram, aggressive_exchange) &&
        datagram[19] == std::byte{1})
      last += 1;
    // The key server's PULL message 4 gets lost once.
    static unsigned answers = 0;
    if (way == Way::to_member && is_of(datagram, pull_exchange)) return ++answers != 2;
    return true;
  };
  CHECK_FALSE(lab.policy().entries.empty());
  CHECK(last == 1);
}

TEST_CASE("forged answers to message 1 do not shut out the key server") {
  Lab lab{{}, aggressive()};
  std::vector<gdoi::Bytes> forged;
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way != Way::to_member || !is_of(datagram, aggressive_exchange) || !forged.empty())
      return true;
    for (std::size_t at : {std::size_t{8}, datagram.size() - 1, datagram.size() / 2}) {
      forged.push_back(datagram);
      forged.back()[at] ^= std::byte{0x80};
    }
    return true;
  };
  lab.network.run(12ms);
  for (const auto& datagram : forged) lab.network.inject(endpoint("10.0.0.5"), datagram);
  CHECK_FALSE(lab.policy().entries.empty());
}

TEST_CASE("answers in the other mode are dropped") {
  Lab lab{{}, aggressive()};
  const auto sent = lab.network.sent.front().datagram;
  gdoi::Bytes other = sent;
  other[18] = std::byte{2};
  const auto before = lab.network.drops.size();
  lab.network.inject(endpoint("10.0.0.5"), other);
  REQUIRE(lab.network.drops.size() == before + 1);
  CHECK(told(lab.network.drops.back()) == "unexpected: other mode of phase 1 than ours");
  CHECK_FALSE(lab.policy().entries.empty());
}

TEST_CASE("a degenerate or damaged message 2 of Aggressive Mode is dropped") {
  for (const auto& bend : std::vector<std::function<void(ks::Payloads&)>>{
           [](auto& said) { body(said, ke) = repeated(0, body(said, ke).size()); },
           [](auto& said) { body(said, ke).pop_back(); },
           [](auto& said) { body(said, nonce) = repeated(1, 7); },
           [](auto& said) { body(said, nonce) = repeated(1, 257); },
           [](auto& said) { exchange::erase(said, unsigned{id}); },
           [](auto& said) { exchange::erase(said, 8U); },
           [](auto& said) {
             said.push_back({8, repeated(1, 32)});
           },
           [](auto& said) { body(said, id) = repeated(1, 3); },
           [](auto& said) { body(said, id) = be(1, 1) + be(0, 3) + repeated(1, 3); }}) {
    Lab lab{with_edit(ks::Step::am2, bend), aggressive()};
    (void)lab.first_failure();
    CHECK(lab.network.established.empty());
  }
}

}  // namespace aggressive_test
