// SPDX-License-Identifier: GPL-2.0-or-later
// Changeovers by the real SA table over a model kernel, one situation each.

#include "agent/group/sa_table.h"
#include "tests/exchange/network.h"
#include "tests/rollover/model_kernel.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace changeover_test {

using namespace exchange;
using rollover::ModelKernel;
using rollover::ModelPlane;

namespace {

// A policy of the lab's two lines under each of these TEKs, (SPI, life).
gdoi::GroupPolicy policy_of(std::initializer_list<std::pair<std::uint32_t, unsigned>> teks) {
  gdoi::GroupPolicy out;
  for (const auto& [spi, life] : teks) {
    auto one = support::lab_policy(spi, seconds{life});
    out.entries.insert(out.entries.end(), one.entries.begin(), one.entries.end());
    out.teks.push_back(std::move(one.teks.front()));
  }
  return out;
}

struct Fixture {
  Instant now{1h};
  ModelKernel kernel;
  ModelPlane plane{kernel, now};
  agent::SaTable sas;

  std::uint32_t sends_on() {
    const auto verdict = kernel.send(address("10.1.0.10"), address("10.3.0.10"), now);
    return verdict.state == nullptr ? 0 : verdict.state->spi;
  }
  void install(gdoi::GroupPolicy policy, bool asked_for = false) {
    REQUIRE(sas.install(std::move(policy), endpoint("10.0.0.5"), plane, now, asked_for));
  }
  void rekey(gdoi::GroupPolicy policy) {
    gdoi::Rekey rekey;
    rekey.replaces_list = true;
    rekey.policy = std::move(policy);
    REQUIRE(sas.rekey(std::move(rekey), plane, now));
  }
};

}  // namespace

TEST_CASE("keys dropped before the first registration leave the adopted list in force") {
  Fixture f;
  f.install(policy_of({{7, 3600}}));
  ModelPlane successor{f.kernel, f.now};
  agent::SaTable adopting;
  const auto found = successor.survey();
  REQUIRE(found);
  adopting.adopt(*found, f.now);
  REQUIRE(adopting.drop_teks(successor, f.now));
  CHECK(f.kernel.send(address("10.1.0.10"), address("10.3.0.10"), f.now).kind !=
        ModelKernel::Verdict::Kind::clear);
}

TEST_CASE("a newcomer sends on the TEK that all others have, while there is one") {
  Fixture f;
  f.install(policy_of({{7, 300}, {8, 3600}}));
  CHECK(f.sends_on() == 7);
}

TEST_CASE("two rekeys in a row do not make the second one's TEK be used at once") {
  Fixture f;
  f.install(policy_of({{7, 3600}}));
  f.now += 600s;
  f.rekey(policy_of({{8, 3600}}));
  CHECK(f.sends_on() == 7);  // as it should be: 8 is used 390 s from now
  f.now += 10s;
  f.rekey(policy_of({{9, 3600}}));
  CHECK(f.sends_on() == 7);  // 9
}

TEST_CASE("what a key server gives that lost its state is sent on at once, and leaves one sender") {
  Fixture f;
  const auto senders = [&] {
    std::vector<std::uint32_t> out;
    for (const auto& state : f.kernel.states())
      if (state.outbound) out.push_back(state.spi);
    return out;
  };
  f.install(policy_of({{7, 3600}}));
  f.now += 600s;
  f.install(policy_of({{8, 3600}}), true);
  CHECK(f.sends_on() == 8);
  CHECK(senders() == std::vector<std::uint32_t>{7, 8});  // what is under way may still need it
  f.now += 1s;
  CHECK(f.sas.wake(f.plane, f.now).applied.has_value());
  CHECK(senders() == std::vector<std::uint32_t>{8});
  CHECK(f.sas.applied().find(gdoi::Spi{7})->receive);
}

}  // namespace changeover_test
