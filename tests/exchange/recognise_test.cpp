// SPDX-License-Identifier: GPL-2.0-or-later
// Members that share a port and a key server: each datagram is known by one of them.
#include "tests/exchange/rekey_lab.h"

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

}  // namespace

TEST_CASE("each message of a registration is known by its member and by no other") {
  Network one{member_config({"10.0.0.5"}), 1}, two{member_config({"10.0.0.5"}), 2};
  one.attach("10.0.0.5");
  two.attach("10.0.0.5");
  std::size_t known = 0, foreign = 0;
  one.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_key_server) return true;
    known += one.member().recognises(datagram) ? 1 : 0;
    foreign += two.member().recognises(datagram) ? 1 : 0;
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
  // The last one may be repeated, because our good-bye was lost.
  REQUIRE_FALSE(other.arrived.empty());
  CHECK(two.member().recognises(other.arrived.back()));
  CHECK_FALSE(one.member().recognises(other.arrived.back()));
  two.stop();
  CHECK_FALSE(two.member().recognises(other.arrived.back()));
}

TEST_CASE("a PUSH is known by the KEK it comes under") {
  RekeyLab lab;
  auto push = lab.network.sent.front().datagram;  // for its form; what follows is its header
  push[18] = std::byte{33};                       // GROUPKEY-PUSH
  const auto with_cookies = [&](const ks::Octets& spi) {
    for (std::size_t i = 0; i < 16; ++i) push[i] = static_cast<std::byte>(spi[i]);
    return push;
  };
  CHECK(lab.network.member().recognises(with_cookies(ks::lab_kek().spi)));
  CHECK_FALSE(lab.network.member().recognises(with_cookies(ks::another_kek(7).spi)));
  Network other{member_config({"10.0.0.5"})};
  CHECK_FALSE(other.member().recognises(with_cookies(ks::lab_kek().spi)));
}

TEST_CASE("what is no message is nobody's") {
  RekeyLab lab;
  auto message = lab.network.sent.front().datagram;
  CHECK_FALSE(lab.network.member().recognises({}));
  message.pop_back();
  CHECK_FALSE(lab.network.member().recognises(message));
}

TEST_CASE("a member that is not alone with its key server does not greet it") {
  auto config = member_config({"10.0.0.5"});
  config.phase1.initial_contact = false;
  Lab lab{{}, std::move(config)};
  lab.policy();
  CHECK(lab.key_server.seen().initial_contacts == 0);
}
