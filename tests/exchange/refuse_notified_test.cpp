// SPDX-License-Identifier: GPL-2.0-or-later
// Notifications and deletes: which of them a member believes.
#include "tests/exchange/lab.h"

namespace refuse_notified_test {

using namespace exchange;
using gdoi::Errc;

TEST_CASE("a key server that does not know the group is believed when it says so with proof") {
  auto config = member_config({"10.0.0.5"});
  config.group = gdoi::GroupNumber{101};
  SECTION("invalid ID") {
    Lab lab{{}, std::move(config)};
    const auto report = lab.first_failure();
    CHECK(told(report.why) ==
          "refused: the key server does not know the group, or does not authorise this member for "
          "it");
    CHECK(report.notification == gdoi::NotifyType::invalid_id_information);
    CHECK(report.notification_authentic);
    CHECK(lab.key_server.seen().deletes == 1);
    CHECK(lab.network.failures.front().at - lab.network.begin() < 2s);
  }
  SECTION("authentication failed") {
    ks::Script script;
    script.unknown_group_notify = ks::authentication_failed;
    const auto report = Lab{std::move(script), std::move(config)}.first_failure();
    CHECK(told(report.why) ==
          "refused: the key server does not authorise this member for the group");
    CHECK(report.notification_authentic);
  }
  SECTION("silence") {
    ks::Script script;
    script.unknown_group_notify = 0;
    const auto report = Lab{std::move(script), std::move(config)}.first_failure();
    CHECK(told(report.why) ==
          "timed out: no answer to PULL message 1; the key server may not know the group");
  }
}

TEST_CASE("an unprotected notification ends nothing by itself") {
  // Somebody on the path who forges a refusal must not keep us from the answer that comes later.
  Network network{member_config({"10.0.0.5"})};
  auto& key_server = network.attach("10.0.0.5");
  network.delay = 400ms;
  network.start();
  gdoi::Bytes forged = network.sent.front().datagram;
  forged.resize(8);
  forged = forged + ks::repeated(9, 8) + ks::be(11, 1) + ks::be(0x10, 1) + ks::be(5, 1) +
           ks::be(0, 1) + ks::be(7, 4) + ks::be(40, 4) +
           ks::chain({{11, ks::be(1, 4) + ks::be(1, 1) + ks::be(0, 1) + ks::be(14, 2)}});
  network.inject(endpoint("10.0.0.5"), forged);
  CHECK(network.failures.empty());
  CHECK(network.drops.empty());
  network.run(20s);
  CHECK(network.registered());
  CHECK(network.failures.empty());
  CHECK(key_server.seen().complaints.empty());
}

TEST_CASE("an unprotected notification with another cookie is dropped") {
  Network network{member_config({"10.0.0.5"})};
  network.start();
  const auto forged = ks::repeated(9, 16) + ks::be(11, 1) + ks::be(0x10, 1) + ks::be(5, 1) +
                      ks::be(0, 1) + ks::be(7, 4) + ks::be(40, 4) +
                      ks::chain({{11, ks::be(1, 4) + ks::be(1, 1) + ks::be(0, 1) + ks::be(14, 2)}});
  network.deliver("10.0.0.5", forged);
  REQUIRE(network.drops.size() == 1);
  CHECK(told(network.drops.front()) == "unexpected: initiator cookie");
  network.run(10min, [&] { return !network.failures.empty(); });
  CHECK(network.failures.front().at - network.begin() == 62s);
}

TEST_CASE("a protected error notification ends the attempt at once") {
  const auto step = GENERATE(ks::Step::pull2, ks::Step::pull4);
  const auto [type, why] = GENERATE(table<unsigned, std::string>({
      {14, "refused: the key server accepts none of our proposals"},
      {23, "refused: the key server sent an error notification"},
      {9999, "refused: the key server sent an error notification"},
  }));
  ks::Script script;
  script.instead[step] = {type, true, false};
  Lab lab{std::move(script)};
  const auto report = lab.first_failure();
  CHECK(told(report.why) == why);
  CHECK(report.why.detail == type);
  CHECK(report.notification_authentic);
  CHECK(lab.key_server.seen().deletes == 1);
}

TEST_CASE("an unprotected error notification during PULL is a hint that changes no timer") {
  ks::Script script;
  script.instead[ks::Step::pull2] = {18, false, false};
  Lab lab{std::move(script)};
  const auto report = lab.first_failure();
  CHECK(report.why.code == Errc::timed_out);
  CHECK(report.notification == gdoi::NotifyType::invalid_id_information);
  CHECK_FALSE(report.notification_authentic);
  CHECK(lab.network.failures.front().at - lab.network.begin() > 60s);
}

TEST_CASE("a status notification under protection ends nothing") {
  Network network{member_config({"10.0.0.5"})};
  ks::Script script;
  script.instead[ks::Step::pull2] = {};
  auto& key_server = network.attach("10.0.0.5", std::move(script));
  network.start();
  network.run(500ms);
  network.deliver("10.0.0.5", key_server.notification(24576));
  CHECK(network.failures.empty());
  CHECK(network.drops.empty());
}

TEST_CASE("a key server that deletes phase 1 ends the attempt, and gets no Delete in return") {
  ks::Script script;
  script.instead[ks::Step::pull4] = {0, true, true};
  Lab lab{std::move(script)};
  CHECK(told(lab.first_failure().why) == "refused: key server deleted phase 1");
  CHECK(lab.key_server.seen().deletes == 0);
}

}  // namespace refuse_notified_test
