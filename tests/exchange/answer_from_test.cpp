// SPDX-License-Identifier: GPL-2.0-or-later
// A key server that answers from another address than was asked: HSRP, anycast, several links.
#include "tests/exchange/lab.h"

namespace answer_from_test {

using namespace exchange;

namespace {

const std::string asked = "10.0.0.5", other = "10.0.0.6";

gdoi::MemberConfig config(const std::vector<std::string>& answer_from) {
  auto out = member_config({asked});
  for (const auto& one : answer_from) out.answer_from.push_back(address(one));
  return out;
}

// All that the key server says comes from the other address.
struct Elsewhere {
  Network network;
  ks::KeyServer& key_server;

  explicit Elsewhere(const std::vector<std::string>& answer_from)
      : network{config(answer_from)}, key_server{network.attach(asked)} {
    network.answers_from = address(other);
    network.start();
  }
};

}  // namespace

TEST_CASE("answers from an address that was not asked are ignored, and told of") {
  Elsewhere lab{{}};
  lab.network.run(20s);
  CHECK_FALSE(lab.network.registered());
  REQUIRE_FALSE(lab.network.ignored.empty());
  CHECK(lab.network.ignored.front().key_server == endpoint(asked));
  CHECK(lab.network.ignored.front().from == endpoint(other));
  CHECK(lab.network.status().datagrams_dropped == lab.network.ignored.size());
}

TEST_CASE("they count where the operator named the address, and what we say goes on as before") {
  Elsewhere lab{{"10.0.0.7", other}};
  lab.network.run(20s, [&] { return lab.network.registered(); });
  REQUIRE(lab.network.registered());
  CHECK(lab.network.ignored.empty());
  CHECK(lab.network.status().registered_with == endpoint(asked));
  for (const auto& sent : lab.network.sent) CHECK(sent.to == endpoint(asked));
}

TEST_CASE("an answer to nothing that was asked is not told of as one") {
  Elsewhere lab{{}};
  ks::Octets stranger(28);
  stranger[0] = std::byte{1};
  stranger[16] = std::byte{0};
  stranger[17] = std::byte{0x10};
  stranger[18] = std::byte{2};
  stranger[27] = std::byte{28};
  lab.network.inject(endpoint("10.0.0.8"), stranger);
  CHECK(lab.network.ignored.empty());
  CHECK(lab.network.status().datagrams_dropped == 1);
}

}  // namespace answer_from_test
