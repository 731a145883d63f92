// SPDX-License-Identifier: GPL-2.0-or-later
// Key servers that would make a member register without end.
#include "tests/exchange/rekey_lab.h"

namespace registration_limit_test {

using namespace exchange;

namespace {

std::size_t attempts_in(Network& network, milliseconds span) {
  const auto before = network.started.size();
  network.run(span);
  return network.started.size() - before;
}

}  // namespace

TEST_CASE("a key server that pushes during every registration does not have us register for ever") {
  RekeyLab lab;
  std::uint32_t spi = 0x2222;
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    // What comes under phase 1's keys in exchange 32 is PULL message 2 or 4.
    if (way == Way::to_member && datagram[18] == std::byte{32})
      lab.network.at(lab.network.now() + 1ms, [&] {
        lab.network.inject(endpoint(server), lab.rekeyer->push(ks::tek_group(spi++, 3600)));
      });
    return true;
  };
  lab.network.reregister();
  const auto attempts = attempts_in(lab.network, 60s);
  CHECK(attempts >= 2);
  CHECK(attempts <= 8);  // the first one again at once, then with growing pauses
}

TEST_CASE("TEKs of a second are fetched as the limit allows") {
  ks::Script script;
  script.group = ks::tek_group(0x1111, 1);
  Network network{member_config({server})};
  network.attach(server, std::move(script));
  network.start();
  const auto first_minute = attempts_in(network, 60s);
  CHECK(first_minute >= 20);
  CHECK(first_minute <= 27);
  CHECK(attempts_in(network, 600s) <= 61);
  CHECK_FALSE(network.postponed.empty());
  // The operator is not asked to wait. One of his may meet a registration that is under way.
  const auto before = network.started.size();
  for (int i = 0; i < 5; ++i) {
    network.reregister();
    network.run(500ms);
  }
  CHECK(network.started.size() >= before + 4);
}

TEST_CASE("rekeys that are refused one after the other cause registrations with growing pauses") {
  RekeyLab lab;
  std::size_t registrations = 0;
  // After each registration comes a rekey that nobody can do.
  const auto answer = [&] {
    auto bad = ks::tek_group(0x3333);
    bad.packets.clear();
    lab.network.send(server, lab.rekeyer->push(bad));
  };
  answer();
  for (int i = 0; i < 3600; ++i) {
    lab.network.run(1s);
    if (lab.network.policies.size() > registrations + 1) {
      registrations = lab.network.policies.size() - 1;
      answer();
    }
  }
  CHECK(registrations >= 5);
  CHECK(registrations <= 20);  // 5, 10, 20 ... 300 s

  // A rekey that is good again ends that.
  lab.push(lab.rekeyer->push(ks::tek_group(0x4444)));
  lab.network.run(600s);
  answer();
  const auto before = lab.network.policies.size();
  lab.network.run(8s);
  CHECK(lab.network.policies.size() == before + 1);
}

}  // namespace registration_limit_test
