// SPDX-License-Identifier: GPL-2.0-or-later
// One attempt by itself: what it makes of IKE fragments.
#include "gdoi/attempt.h"

#include "gdoi/attempt_config.h"
#include "tests/exchange/lab.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"
#include "tests/support/ks/fragments.h"

namespace attempt_test {

using namespace exchange;
using support::failure;

namespace {

constexpr unsigned vendor_id = 13;

ks::Script announcing() {
  return with_edit(ks::Step::mm2, [](ks::Payloads& payloads) {
    payloads.push_back({vendor_id, support::octets("4048b7d56ebce88525e7de7f00d6c2d380000000")});
  });
}

// Direct is an attempt and its key server, with nothing between them.
class Direct {
 public:
  explicit Direct(ks::Script script = announcing()) : key_server_{std::move(script)} {
    member_.phase1.fragments = true;
    auto started = gdoi::Attempt::start(gdoi::attempt_config(member_, key_servers_, 0),
                                        key_servers_.authenticator(0), random_, now_);
    REQUIRE(started);
    attempt_.emplace(std::move(*started));
    const auto first = attempt_->first();
    sent_ = std::get<gdoi::Send>(first.back());
  }

  [[nodiscard]] gdoi::Attempt& attempt() { return *attempt_; }
  // reply is what the key server answers to what the attempt sent last.
  [[nodiscard]] gdoi::Bytes reply() {
    const auto replies = key_server_.receive(sent_.datagram);
    REQUIRE(replies.size() == 1);
    return replies.front();
  }
  gdoi::Result<gdoi::Attempt::Step> receive(const gdoi::Bytes& octets) {
    const auto message = gdoi::parse_message(octets);
    REQUIRE(message);
    auto step = attempt_->receive(*message, now_);
    if (step && !step->actions.empty()) sent_ = std::get<gdoi::Send>(step->actions.back());
    return step;
  }

 private:
  gdoi::MemberConfig member_ = member_config({"10.0.0.5"});
  gdoi::KeyServerList key_servers_{std::move(member_.key_servers), member_.local_address,
                                   member_.phase1};
  ks::KeyServer key_server_;
  support::SeededRandom random_{1};
  gdoi::Instant now_{1h};
  std::optional<gdoi::Attempt> attempt_;
  gdoi::Send sent_;
};

}  // namespace

TEST_CASE("fragments count once the key server announced them, and not before") {
  Direct direct;
  const auto answer = direct.reply();
  for (const auto& part : ks::cut(answer, 1, 100))
    CHECK(failure(direct.receive(part)) == "unexpected: IKE fragment that was not announced");
  CHECK(direct.receive(answer));  // message 2 announces them
  const auto parts = ks::cut(direct.reply(), 1, 100);
  REQUIRE(parts.size() > 1);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto step = direct.receive(parts[i]);
    REQUIRE(step);
    CHECK(step->actions.empty());
  }
  const auto step = direct.receive(parts.back());
  REQUIRE(step);
  CHECK(step->actions.size() == 1);  // message 5
}

TEST_CASE("a key server that announced no fragments sends none") {
  Direct direct{ks::Script{}};
  REQUIRE(direct.receive(direct.reply()));
  for (const auto& part : ks::cut(direct.reply(), 1, 100))
    CHECK(failure(direct.receive(part)) == "unexpected: IKE fragment that was not announced");
}

TEST_CASE("fragments of another exchange than ours are dropped") {
  Direct direct;
  REQUIRE(direct.receive(direct.reply()));
  auto answer = direct.reply();
  answer[0] ^= std::byte{1};
  for (const auto& part : ks::cut(answer, 1, 100))
    CHECK(failure(direct.receive(part)) == "unexpected: initiator cookie");
}

TEST_CASE(
    "fragments make no fragment, nor what is no message, and the honest answer still counts") {
  Direct direct;
  REQUIRE(direct.receive(direct.reply()));
  const auto answer = direct.reply();
  const auto inner = ks::cut(answer, 1, 100).front();
  const auto twice = ks::cut(inner, 2, 100);
  REQUIRE(twice.size() == 2);
  REQUIRE(direct.receive(twice.front()));
  CHECK(failure(direct.receive(twice.back())) == "malformed: IKE fragment made of fragments");
  const auto scrap = ks::fragment(answer, 3, 1, true, {answer.begin(), answer.begin() + 20});
  CHECK(failure(direct.receive(scrap)) == "truncated: ISAKMP header");
  CHECK(direct.receive(answer));
}

TEST_CASE("an attempt answers its key server alone, by either port once NATs are looked for") {
  Direct direct;
  CHECK(direct.attempt().is_peer(endpoint("10.0.0.5")));
  CHECK_FALSE(direct.attempt().is_peer(endpoint("10.0.0.6")));
  CHECK_FALSE(direct.attempt().is_peer(endpoint("10.0.0.5", 4500)));
}

TEST_CASE("an attempt has nothing to delete before phase 1 is established") {
  Direct direct;
  CHECK_FALSE(direct.attempt().phase1_delete());
  CHECK_FALSE(direct.attempt().take_session());
  CHECK_FALSE(direct.attempt().established());
}

}  // namespace attempt_test
