// SPDX-License-Identifier: GPL-2.0-or-later
// A registration that is to bring other keys: with the next key server of the list.
#include "tests/exchange/lab.h"

namespace next_key_server_test {

using namespace exchange;

namespace {

const std::string first = "10.0.0.5", second = "10.0.1.5";

// A set of key servers that no longer agree: each has a TEK of its own.
struct Halves {
  Network network{member_config({first, second})};

  Halves() {
    network.attach(first, with_group(ks::tek_group(0x1111)));
    network.attach(second, with_group(ks::tek_group(0x2222)));
    network.start();
    network.run(20s, [this] { return network.registered(); });
  }
  [[nodiscard]] std::vector<std::uint32_t> spis() const {
    std::vector<std::uint32_t> out;
    for (const auto& policy : network.policies)
      out.push_back(policy.what.policy.teks.front().spi.value);
    return out;
  }
};

}  // namespace

TEST_CASE("the next key server is asked, and after the last one the first") {
  Halves halves;
  auto& network = halves.network;
  REQUIRE(network.registered());
  network.register_with_next();
  CHECK_FALSE(network.registered());
  network.run(20s, [&] { return network.registered(); });
  CHECK(network.status().registered_with->address == address(second));
  network.register_with_next();
  network.run(20s, [&] { return network.registered(); });
  CHECK(network.status().registered_with->address == address(first));
  CHECK(halves.spis() == std::vector<std::uint32_t>{0x1111, 0x2222, 0x1111});
}

TEST_CASE("when the next key server is silent the one that served serves on") {
  Halves halves;
  auto& network = halves.network;
  network.plug(second, false);
  network.register_with_next();
  network.run(200s, [&] { return network.policies.size() == 2; });
  REQUIRE(network.failures.size() == 1);
  CHECK(network.failures[0].report.key_server.address == address(second));
  CHECK(network.status().registered_with->address == address(first));
}

TEST_CASE("the only key server is asked again") {
  Lab lab;
  lab.network.run(20s, [&] { return lab.network.registered(); });
  lab.network.register_with_next();
  lab.network.run(20s, [&] { return lab.network.registered(); });
  CHECK(lab.network.policies.size() == 2);
}

TEST_CASE("one that is under way, or awaits its time, is not begun a second time") {
  Halves halves;
  auto& network = halves.network;
  network.register_with_next();
  const auto begun = network.started.size();
  network.register_with_next();
  CHECK(network.started.size() == begun);
  for (const auto& one : {first, second}) network.plug(one, false);
  network.run(300s, [&] { return network.status().state == gdoi::MemberStatus::State::waiting; });
  REQUIRE(network.status().state == gdoi::MemberStatus::State::waiting);
  const auto tried = network.started.size();
  network.register_with_next();
  CHECK(network.started.size() == tried);
}

TEST_CASE("the limit of registrations counts for these as well") {
  Halves halves;
  auto& network = halves.network;
  for (int i = 0; i < 40; ++i) {
    network.register_with_next();
    network.run(500ms, [&] { return network.registered(); });
  }
  CHECK(network.started.size() <= 24);
  REQUIRE_FALSE(network.postponed.empty());
  network.run(60s, [&] { return network.registered(); });
  CHECK(network.registered());
}

}  // namespace next_key_server_test
