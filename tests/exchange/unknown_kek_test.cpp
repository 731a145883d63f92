// SPDX-License-Identifier: GPL-2.0-or-later
// Rekeys under a KEK that the member does not have: they change nothing, and are told of when they
// come from the address of a key server.
#include "tests/exchange/rekey_lab.h"

namespace unknown_kek_test {

using namespace exchange;

namespace {

const std::string other_server = "10.0.1.5";

ks::Octets under_another_kek(RekeyLab& lab) {
  auto out = lab.rekeyer->push(ks::tek_group(0x2222));
  out[0] ^= std::byte{1};  // the first octet of the cookies, which are the KEK's SPI
  return out;
}

}  // namespace

TEST_CASE("a rekey under another KEK is told of when it has the address of a key server") {
  RekeyLab lab{ks::lab_kek(), member_config({server, other_server})};
  const auto forged = under_another_kek(lab);
  lab.check_untouched(forged);
  REQUIRE(lab.network.unknown_keks.size() == 1);
  const auto& seen = lab.network.unknown_keks[0];
  CHECK(seen.from == endpoint(server));
  CHECK(
      std::equal(seen.spi.initiator.bytes.begin(), seen.spi.initiator.bytes.end(), forged.begin()));
  CHECK(std::equal(seen.spi.responder.bytes.begin(), seen.spi.responder.bytes.end(),
                   forged.begin() + 8));

  lab.network.inject(endpoint("10.9.9.9"), forged);
  CHECK(lab.network.unknown_keks.size() == 1);
  lab.network.inject(endpoint(other_server), forged);
  CHECK(lab.network.unknown_keks.size() == 2);
}

TEST_CASE("a rekey that fails otherwise is not one under another KEK") {
  RekeyLab lab;
  auto broken = lab.rekeyer->push(ks::tek_group(0x2222));
  broken.back() ^= std::byte{1};
  lab.check_untouched(broken);
  lab.check_untouched(ks::Octets(broken.begin(), broken.begin() + 40));
  CHECK(lab.network.unknown_keks.empty());
}

TEST_CASE("while a registration is under way no rekey is told of") {
  RekeyLab lab;
  silence(lab);
  REQUIRE(lab.network.registered());
  lab.network.register_with_next();
  REQUIRE_FALSE(lab.network.registered());
  lab.network.inject(endpoint(server), under_another_kek(lab));
  CHECK(lab.network.unknown_keks.empty());
}

TEST_CASE("a member registers with the key server it names, or the next when that is none") {
  Network network{member_config({server, other_server})};
  network.attach(server, with_group(ks::tek_group(0x1111)));
  network.attach(other_server, with_group(ks::tek_group(0x2222)));
  network.start();
  const auto registers_with = [&](const std::string& dotted) {
    network.run(20s, [&] { return network.registered(); });
    REQUIRE(network.registered());
    CHECK(network.status().registered_with->address == address(dotted));
  };
  registers_with(server);
  network.register_with(server);
  registers_with(server);
  network.register_with(other_server);
  registers_with(other_server);
  network.register_with("10.9.9.9");
  registers_with(server);
}

}  // namespace unknown_kek_test
