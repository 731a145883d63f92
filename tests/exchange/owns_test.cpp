// SPDX-License-Identifier: GPL-2.0-or-later
// Members that share a port and a key server: each datagram belongs to one of them.
#include "tests/exchange/rekey_lab.h"

namespace owns_test {

using namespace exchange;

namespace {

// Wire keeps what came from the key server of a network.
struct Wire {
  explicit Wire(Network& network) {
    network.tap = [this](Way way, gdoi::Bytes& datagram) {
      if (way == Way::to_member) arrived.push_back(datagram);
      return true;
    };
  }
  std::vector<gdoi::Bytes> arrived;
};

bool owns(Network& network, const gdoi::Bytes& datagram) {
  return network.member().owns(gdoi::Datagram::parse(endpoint("10.0.0.5"), datagram));
}

}  // namespace

TEST_CASE("each message of a registration belongs to its member and to no other") {
  Network one{member_config({"10.0.0.5"}), 1}, two{member_config({"10.0.0.5"}), 2};
  one.attach("10.0.0.5");
  two.attach("10.0.0.5");
  std::size_t known = 0, foreign = 0;
  one.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_key_server) return true;
    known += owns(one, datagram) ? 1 : 0;
    foreign += owns(two, datagram) ? 1 : 0;
    return true;
  };
  const Wire other{two};
  two.start();
  one.start();
  one.run(60s);
  two.run(60s);
  REQUIRE(one.registered());
  CHECK(known >= 5);  // three of phase 1, two of the pull
  CHECK(foreign == 0);
  // The last one may be repeated, because our Delete was lost.
  REQUIRE_FALSE(other.arrived.empty());
  CHECK(owns(two, other.arrived.back()));
  CHECK_FALSE(owns(one, other.arrived.back()));
  two.stop();
  CHECK_FALSE(owns(two, other.arrived.back()));
}

TEST_CASE("a PUSH belongs to the member with the KEK it comes under") {
  RekeyLab lab;
  auto push = lab.network.sent.front().datagram;  // for its form; what follows is its header
  push[18] = std::byte{33};                       // GROUPKEY-PUSH
  const auto with_cookies = [&](const ks::Octets& spi) {
    for (std::size_t i = 0; i < 16; ++i) push[i] = static_cast<std::byte>(spi[i]);
    return push;
  };
  CHECK(owns(lab.network, with_cookies(ks::lab_kek().spi)));
  CHECK_FALSE(owns(lab.network, with_cookies(ks::another_kek(7).spi)));
  Network other{member_config({"10.0.0.5"})};
  CHECK_FALSE(owns(other, with_cookies(ks::lab_kek().spi)));
}

TEST_CASE("what is no message is nobody's") {
  RekeyLab lab;
  auto message = lab.network.sent.front().datagram;
  CHECK_FALSE(owns(lab.network, gdoi::Bytes{}));
  message.pop_back();
  CHECK_FALSE(owns(lab.network, message));
}

TEST_CASE("a member that is not alone with its key server does not greet it") {
  auto config = member_config({"10.0.0.5"});
  config.phase1.initial_contact = false;
  Lab lab{{}, std::move(config)};
  lab.policy();
  CHECK(lab.key_server.seen().initial_contacts == 0);
}

}  // namespace owns_test
