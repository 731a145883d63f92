// SPDX-License-Identifier: GPL-2.0-or-later
// Forged, damaged, repeated, lost and reordered datagrams: none may change what a member ends up
// with.
#include <set>

#include "tests/exchange/network.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace hostile_wire_test {

using namespace exchange;
using support::hex;

namespace {

// What is in a policy, in words, so that two can be compared.
std::string fingerprint(const gdoi::GroupPolicy& policy) {
  std::string out;
  for (const auto& entry : policy.entries)
    out += (entry.action == gdoi::AccessEntry::Action::permit ? "permit " : "deny ") +
           describe(entry.selector) + " " + std::to_string(entry.spi.value) + "\n";
  for (const auto& tek : policy.teks)
    out += std::to_string(tek.spi.value) + " " + std::string{name_of(tek.policy.transform)} + " " +
           std::to_string(tek.policy.key_bits) + " " + std::string{name_of(tek.policy.integrity)} +
           " " + std::to_string(tek.policy.lifetime.count()) + " " + hex(tek.cipher_key.view()) +
           " " + hex(tek.integrity_key.view()) + "\n";
  if (policy.kek)
    out += "kek " + hex(policy.kek->policy.spi.initiator.bytes) + " " +
           hex(policy.kek->key.view()) + " " + hex(policy.kek->iv.view()) + " " +
           hex(policy.kek->signature_key) + " " + std::to_string(policy.kek->last_sequence.value) +
           "\n";
  return out;
}

const std::string& honest_policy() {
  static const std::string text = [] {
    Network network{member_config({"10.0.0.5"})};
    network.attach("10.0.0.5");
    network.start();
    network.run(1s);
    REQUIRE(network.policies.size() == 1);
    return fingerprint(network.policies.front().what.policy);
  }();
  return text;
}

// The datagrams that a key server sends in an undisturbed registration: which one is which.
constexpr unsigned replies = 5;

// run_with delivers `before(n, datagram)` ahead of the n-th reply.
using Before = std::function<std::vector<gdoi::Bytes>(unsigned, const gdoi::Bytes&)>;
struct Disturbed {
  explicit Disturbed(const Before& before) : network{member_config({"10.0.0.5"})} {
    key_server = &network.attach("10.0.0.5");
    network.tap = [this, before](Way way, gdoi::Bytes& datagram) {
      if (way == Way::to_key_server) return true;
      for (const auto& forged : before(seen++, datagram))
        network.inject(endpoint("10.0.0.5"), forged);
      return true;
    };
    network.start();
    network.run(1s);
  }
  void check_unimpressed() {
    CHECK(network.failures.empty());
    REQUIRE(network.policies.size() == 1);
    CHECK(fingerprint(network.policies.front().what.policy) == honest_policy());
    CHECK(network.registered());
  }
  unsigned seen = 0;
  Network network;
  ks::KeyServer* key_server = nullptr;
};

gdoi::Bytes flipped(gdoi::Bytes datagram, std::size_t bit) {
  datagram[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
  return datagram;
}

}  // namespace

TEST_CASE("a flipped bit in a phase 1 message ahead of the honest one does no harm") {
  // Nothing authenticates these when they come, so each is tried in a registration of its own.
  for (const unsigned target : {0u, 1u}) {
    std::size_t bits = 1;
    for (std::size_t bit = 0; bit < bits; ++bit) {
      CAPTURE(target, bit);
      Disturbed run{[&](unsigned n, const gdoi::Bytes& honest) -> std::vector<gdoi::Bytes> {
        if (n != target || bits > honest.size() * 8) return {};
        bits = honest.size() * 8;
        return {flipped(honest, bit)};
      }};
      REQUIRE(run.network.failures.empty());
      REQUIRE(run.network.policies.size() == 1);
      REQUIRE(fingerprint(run.network.policies.front().what.policy) == honest_policy());
    }
    CHECK(bits > 500);
  }
}

TEST_CASE("any flipped bit in an encrypted message is dropped, and the honest one still counts") {
  for (unsigned target = 2; target < replies; ++target) {
    CAPTURE(target);
    std::size_t forged = 0;
    Disturbed run{[&](unsigned n, const gdoi::Bytes& honest) {
      std::vector<gdoi::Bytes> out;
      if (n != target) return out;
      for (std::size_t bit = 0; bit < honest.size() * 8; ++bit) {
        // Flags other than E, and the minor version, are no part of what a HASH proves.
        if (bit / 8 == 19 && bit % 8 != 0) continue;
        out.push_back(flipped(honest, bit));
      }
      forged = out.size();
      return out;
    }};
    run.check_unimpressed();
    CHECK(forged > 500);
    CHECK(run.network.drops.size() == forged);
  }
}

TEST_CASE("many different answers to message 1 cost a bounded number of key exchanges") {
  Disturbed run{[](unsigned n, const gdoi::Bytes& honest) {
    std::vector<gdoi::Bytes> out;
    for (std::uint8_t i = 1; n == 0 && i < 100; ++i) {
      out.push_back(honest);
      out.back()[15] ^= std::byte{i};  // another responder cookie
    }
    return out;
  }};
  // All places for answers are taken by forgeries: the attempt is lost, the member is not.
  std::set<gdoi::Bytes> messages_3;
  for (const auto& sent : run.network.sent)
    if (sent.datagram.size() > 17 && sent.datagram[16] == std::byte{4})
      messages_3.insert(sent.datagram);
  CHECK(messages_3.size() == 4);
  run.network.tap = {};
  run.network.run(10min, [&] { return run.network.registered(); });
  CHECK(run.network.registered());
}

TEST_CASE("three forged answers leave room for the honest one") {
  const auto target = GENERATE(0u, 1u);
  Disturbed run{[=](unsigned n, const gdoi::Bytes& honest) {
    std::vector<gdoi::Bytes> out;
    for (std::uint8_t i = 1; n == target && i <= 3; ++i) {
      out.push_back(honest);
      // Another responder cookie, or another nonce, which ends message 4.
      out.back()[target == 0 ? 15 : honest.size() - 1] ^= std::byte{i};
    }
    return out;
  }};
  run.check_unimpressed();
}

TEST_CASE("every reply may come three times") {
  Disturbed run{[](unsigned, const gdoi::Bytes& honest) {
    return std::vector<gdoi::Bytes>{honest, honest};
  }};
  run.check_unimpressed();
  CHECK(run.key_server->seen().complaints.empty());
}

TEST_CASE("a reply that comes again is answered with the same octets, and not without end") {
  for (unsigned target = 0; target + 1 < replies; ++target) {
    CAPTURE(target);
    gdoi::Bytes reply;
    Network network{member_config({"10.0.0.5"})};
    ks::Script script;
    script.instead[ks::all_steps[target + 1]] = {};
    network.attach("10.0.0.5", std::move(script));
    unsigned n = 0;
    network.tap = [&](Way way, gdoi::Bytes& datagram) {
      if (way == Way::to_member && n++ == target) reply = datagram;
      return true;
    };
    network.start();
    network.run(500ms);
    REQUIRE_FALSE(reply.empty());
    const gdoi::Bytes stored = network.sent.back().datagram;
    const auto deadline = network.member().deadline();
    const std::size_t sent = network.sent.size();

    for (int i = 0; i < 100; ++i) network.inject(endpoint("10.0.0.5"), reply);
    CHECK(network.sent.size() - sent == 20);
    for (std::size_t i = sent; i < network.sent.size(); ++i)
      CHECK(network.sent[i].datagram == stored);
    CHECK(network.member().deadline() == deadline);
  }
}

TEST_CASE("an earlier reply that comes late is dropped") {
  std::vector<gdoi::Bytes> earlier;
  Disturbed run{[&](unsigned, const gdoi::Bytes& honest) {
    auto out = earlier;
    earlier.push_back(honest);
    return out;
  }};
  run.check_unimpressed();
}

TEST_CASE("messages of an earlier registration mean nothing to a later one") {
  std::vector<gdoi::Bytes> earlier;
  Network network{member_config({"10.0.0.5"})};
  auto& key_server = network.attach("10.0.0.5");
  bool replaying = false;
  network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_key_server) return true;
    if (!replaying)
      earlier.push_back(datagram);
    else
      for (const auto& old : earlier) network.inject(endpoint("10.0.0.5"), old);
    return true;
  };
  network.start();
  network.run(1s);
  replaying = true;
  network.reregister();
  network.run(1s);

  CHECK(network.policies.size() == 2);
  CHECK(network.failures.empty());
  CHECK(network.drops.size() == 25);
  CHECK(key_server.seen().complaints.empty());
}

TEST_CASE("a retransmission is the same datagram again, later and later") {
  for (const auto step : ks::all_steps) {
    CAPTURE(ks::name_of(step));
    Network network{member_config({"10.0.0.5"})};
    ks::Script script;
    script.instead[step] = {};
    network.attach("10.0.0.5", std::move(script));
    network.start();
    network.run(10min, [&] { return !network.failures.empty(); });

    const gdoi::Bytes& last = network.sent.back().datagram;
    std::vector<Instant> at;
    for (const auto& sent : network.sent) {
      if (sent.datagram != last) continue;
      at.push_back(sent.at);
    }
    if (step == ks::Step::pull2 || step == ks::Step::pull4) continue;  // the last is a Delete
    REQUIRE(at.size() == 5);
    for (std::size_t i = 1; i < at.size(); ++i) CHECK(at[i] - at[i - 1] == 2s * (1 << (i - 1)));
    CHECK(network.failures.front().at - at.back() == 32s);
  }
}

TEST_CASE("the requests of a PULL are retransmitted, too") {
  const auto step = GENERATE(ks::Step::pull2, ks::Step::pull4);
  Network network{member_config({"10.0.0.5"})};
  ks::Script script;
  script.instead[step] = {};
  network.attach("10.0.0.5", std::move(script));
  network.start();
  network.run(10min, [&] { return !network.failures.empty(); });
  network.run(100ms);

  REQUIRE(network.sent.size() > 6);
  const std::size_t before_delete = network.sent.size() - 2;
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(network.sent[before_delete - i].datagram == network.sent[before_delete - 4].datagram);
  CHECK(network.sent[before_delete].at - network.sent[before_delete - 1].at == 16s);
}

TEST_CASE("any single loss only delays a registration") {
  for (unsigned lost = 0; lost < 10; ++lost) {
    CAPTURE(lost);
    Network network{member_config({"10.0.0.5"})};
    auto& key_server = network.attach("10.0.0.5");
    unsigned n = 0;
    network.tap = [&](Way, gdoi::Bytes&) { return n++ != lost; };
    network.start();
    network.run(10s);
    CHECK(network.registered());
    CHECK(network.failures.empty());
    CHECK(key_server.seen().complaints.empty());
    CHECK(fingerprint(network.policies.at(0).what.policy) == honest_policy());
  }
}

TEST_CASE("a member gets its policy through loss, duplication and reordering") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    Network network{member_config({"10.0.0.5"}), seed};
    auto& key_server = network.attach("10.0.0.5");
    network.weather = {static_cast<unsigned>(seed % 40), static_cast<unsigned>(seed * 7 % 50),
                       static_cast<unsigned>(seed * 13 % 60)};
    network.start();
    network.run(1h, [&] { return network.registered(); });
    REQUIRE(network.registered());
    REQUIRE(fingerprint(network.policies.at(0).what.policy) == honest_policy());
    REQUIRE(key_server.seen().complaints == std::vector<std::string>{});
  }
}

TEST_CASE("random changes of what a key server sends never change what is installed") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice{seed};
    Network network{member_config({"10.0.0.5"}), seed};
    network.attach("10.0.0.5");
    network.tap = [&](Way way, gdoi::Bytes& datagram) {
      if (way == Way::to_key_server || dice() % 3 == 0) return true;
      gdoi::Bytes bent = datagram;
      for (std::uint64_t changes = dice() % 4; changes > 0 && !bent.empty(); --changes)
        switch (dice() % 6) {
          case 0:
            bent[dice() % bent.size()] = static_cast<std::byte>(dice());
            break;
          case 1:
            bent.resize(dice() % bent.size());
            break;
          case 2:
            bent.insert(bent.end(), 1 + dice() % 300, static_cast<std::byte>(dice()));
            break;
          case 3:
            bent[dice() % std::min<std::size_t>(bent.size(), 28)] ^= std::byte{1};
            break;
          case 4:  // a Length that fits
            if (bent.size() < 28) break;
            bent[26] = static_cast<std::byte>(bent.size() >> 8);
            bent[27] = static_cast<std::byte>(bent.size());
            break;
          case 5:  // a piece twice
            bent.insert(bent.begin() + static_cast<std::ptrdiff_t>(dice() % bent.size()),
                        bent.begin(),
                        bent.begin() + static_cast<std::ptrdiff_t>(dice() % bent.size()));
            break;
        }
      if (dice() % 2 == 0) {
        network.inject(endpoint("10.0.0.5"), bent);
        return true;
      }
      datagram = bent;
      return true;
    };
    network.start();
    network.run(20min, [&] { return network.registered(); });
    for (const auto& installed : network.policies)
      REQUIRE(fingerprint(installed.what.policy) == honest_policy());
  }
}

TEST_CASE("random changes that the key server means never crash, and never install half a policy") {
  // The payloads are bent before they are hashed: a broken key server rather than an attacker.
  unsigned installed = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice{seed};
    Network network{member_config({"10.0.0.5"}), seed};
    ks::Script script;
    script.edit = [&](ks::Step step, ks::Payloads& said) {
      if (step != ks::Step::pull2 && step != ks::Step::pull4) return;
      for (std::uint64_t changes = 1 + dice() % 3; changes > 0; --changes) {
        ks::Octets& body = said[dice() % said.size()].body;
        if (body.empty()) continue;
        const std::size_t at = dice() % body.size();
        if (dice() % 3 == 0)
          body.resize(at);
        else if (dice() % 2 == 0)
          body[at] = static_cast<std::byte>(dice());
        else
          body.insert(body.begin() + static_cast<std::ptrdiff_t>(at), dice() % 5, std::byte{0});
      }
    };
    network.attach("10.0.0.5", std::move(script));
    network.start();
    network.run(1s);
    installed += network.registered() ? 1 : 0;
    refused += network.failures.empty() ? 0 : 1;
    for (const auto& policy : network.policies)
      for (const auto& entry : policy.what.policy.entries) {
        const gdoi::Tek* tek = policy.what.policy.find(entry.spi);
        REQUIRE(tek != nullptr);
        REQUIRE(tek->policy.lifetime > 0s);
        REQUIRE_FALSE((tek->cipher_key.empty() && tek->integrity_key.empty()));
      }
  }
  CHECK(installed > 0);
  CHECK(refused > installed);
}

}  // namespace hostile_wire_test
