// SPDX-License-Identifier: GPL-2.0-or-later
// Key servers whose addresses are looked for before each pass through them.
#include "tests/exchange/lab.h"

namespace locate_test {

using namespace exchange;

namespace {

const std::string first = "10.0.0.5", second = "10.0.1.5", third = "10.0.2.5";

gdoi::MemberConfig located(const std::vector<std::string>& key_servers) {
  auto out = member_config(key_servers);
  out.locate_key_servers = true;
  return out;
}

struct Moving {
  Network network{located({first, second})};

  Moving() {
    for (const auto& one : {first, second, third}) network.attach(one);
    network.found = {first, second};
  }
  [[nodiscard]] bool wait() {
    network.run(400s, [&] { return network.registered(); });
    return network.registered();
  }
  [[nodiscard]] gdoi::Address with() const { return network.status().registered_with->address; }
};

}  // namespace

TEST_CASE("key servers are looked for once before each pass, not within one") {
  Moving moving;
  auto& network = moving.network;
  network.plug(first, false);
  network.start();
  REQUIRE(moving.wait());
  CHECK(network.started.size() == 2);
  CHECK(network.located == 1);
  CHECK(moving.with() == address(second));
  network.reregister();
  REQUIRE(moving.wait());
  CHECK(network.located == 2);
}

TEST_CASE("the next pass goes to where a key server is then") {
  Moving moving;
  auto& network = moving.network;
  network.start();
  REQUIRE(moving.wait());
  network.found = {third};
  network.reregister();
  REQUIRE(moving.wait());
  CHECK(moving.with() == address(third));
  CHECK(network.failures.empty());
}

TEST_CASE("a pause after failures ends with another look") {
  Moving moving;
  auto& network = moving.network;
  network.plug(first, false);
  network.plug(second, false);
  network.start();
  network.run(300s, [&] { return network.status().state == gdoi::MemberStatus::State::waiting; });
  REQUIRE(network.status().state == gdoi::MemberStatus::State::waiting);
  network.found = {third};
  REQUIRE(moving.wait());
  CHECK(moving.with() == address(third));
  CHECK(network.located == 2);
}

TEST_CASE("where nothing is found key servers stay where they were") {
  Moving moving;
  auto& network = moving.network;
  network.found.clear();
  network.start();
  REQUIRE(moving.wait());
  CHECK(moving.with() == address(first));
}

TEST_CASE("the one that served is asked first wherever it stands in the list then") {
  Moving moving;
  auto& network = moving.network;
  network.start();
  REQUIRE(moving.wait());
  network.found = {third, second, first};
  network.reregister();
  REQUIRE(moving.wait());
  CHECK(moving.with() == address(first));
}

TEST_CASE("whose policy is in force is told also when it is no longer in the list") {
  Moving moving;
  auto& network = moving.network;
  network.start();
  REQUIRE(moving.wait());
  network.found = {third};
  network.plug(third, false);
  network.reregister();
  network.run(300s, [&] { return !network.failures.empty(); });
  REQUIRE(network.failures.size() == 1);
  CHECK(network.failures[0].report.key_server.address == address(third));
  CHECK(moving.with() == address(first));
}

TEST_CASE("the member waits for the answer, takes rekeys meanwhile, and may be stopped") {
  Moving moving;
  auto& network = moving.network;
  network.wait_to_locate = true;
  network.start();
  CHECK(network.status().state == gdoi::MemberStatus::State::registering);
  network.run(60s);
  CHECK(network.started.empty());
  network.reregister();
  CHECK(network.located == 1);
  network.answer_location();
  REQUIRE(moving.wait());
  network.answer_location();  // that nobody waits for
  CHECK(network.registered());
  network.reregister();
  CHECK(network.located == 2);
  network.stop();
  CHECK(network.status().state == gdoi::MemberStatus::State::idle);
  network.answer_location();
  CHECK(network.started.size() == 1);
}

TEST_CASE("the next key server is the one behind, where it still is one") {
  Moving moving;
  auto& network = moving.network;
  network.start();
  REQUIRE(moving.wait());
  network.found = {third, first, second};
  network.register_with_next();
  REQUIRE(moving.wait());
  CHECK(moving.with() == address(second));
}

}  // namespace locate_test
