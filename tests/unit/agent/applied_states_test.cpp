// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/applied_states.h"

#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace applied_states_test {

using namespace agent;
using namespace support;

namespace {

// A plane without a kernel: what is asked for goes through the translation and is recorded.
struct Fixture {
  TranslateOptions options;
  KeyClasses classes;
  AppliedStates states;
  std::vector<gdoi::Tek> teks;
  std::vector<gdoi::AccessEntry> entries;
  std::vector<ExistingSa> kept;

  void add(gdoi::Tek one) {
    entries.push_back(permit(selector(site(1), site(3)), one.spi.value));
    teks.push_back(std::move(one));
  }
  Applied apply(std::vector<bool> send, bool remove_superseded = false) {
    Installation asked;
    asked.remove_superseded = remove_superseded;
    asked.entries = entries;
    asked.kept = kept;
    for (std::size_t i = 0; i < send.size(); ++i)
      asked.teks.push_back({&teks[i], seconds{60}, true, send[i]});
    auto translated = translate(asked, classes, options);
    REQUIRE(translated.has_value());
    classes = translated->classes;
    return states.record(asked, translated->desired, options);
  }
};

const auto sent = AppliedTek{gdoi::Spi{7}, true, true, 0, {}};

AppliedTek not_sent(std::uint32_t spi, NotSent why, std::uint32_t window = 0) {
  return {gdoi::Spi{spi}, true, false, window, why};
}

}  // namespace

TEST_CASE("a TEK that is received and sent on says no more") {
  Fixture f;
  f.add(tek(7));
  const auto applied = f.apply({true});
  CHECK(applied.mode == Installation::Mode::list);
  CHECK(applied.teks == std::vector{sent});
  CHECK(applied.find(gdoi::Spi{8}) == nullptr);
}

TEST_CASE("a TEK that is not sent on says why") {
  Fixture f;
  SECTION("the operator") {
    f.options.passive = true;
    f.add(tek(7));
    CHECK(f.apply({true}).teks == std::vector{not_sent(7, NotSent::passive)});
  }
  SECTION("the key server") {
    f.add(tek(7));
    f.teks[0].policy.direction = gdoi::SaDirection::receiver_only;
    CHECK(f.apply({false}).teks == std::vector{not_sent(7, NotSent::receive_only)});
  }
  SECTION("its time") {
    f.add(tek(7));
    CHECK(f.apply({false}).teks == std::vector{not_sent(7, NotSent::not_yet)});
  }
  SECTION("its mode") {
    f.add(gcm_tek(7));
    CHECK(f.apply({true}).teks == std::vector{not_sent(7, NotSent::counter_mode)});
    f.options.send_counter_modes = true;
    CHECK(f.apply({true}).teks == std::vector{sent});
  }
  SECTION("the list") {
    f.add(tek(7));
    f.teks.push_back(tek(8));
    const auto applied = f.apply({true, true});
    CHECK(applied.teks[1] == AppliedTek{gdoi::Spi{8}, false, false, 0, NotSent::no_entry});
  }
}

TEST_CASE("of one class the last is sent on, and what was there before stays") {
  Fixture f;
  f.add(tek(7));
  f.add(tek(8));
  SECTION("both new: the first gets no state") {
    CHECK(f.apply({true, true}).teks ==
          std::vector{not_sent(7, NotSent::superseded), {gdoi::Spi{8}, true, true, 0, {}}});
  }
  SECTION("one after the other") {
    CHECK(f.apply({true}).teks == std::vector{sent});
    CHECK(f.apply({true, true}).teks ==
          std::vector<AppliedTek>{sent, {gdoi::Spi{8}, true, true, 0, {}}});
    SECTION("until what is superseded is to go") {
      CHECK(f.apply({true, true}, true).teks ==
            std::vector{not_sent(7, NotSent::superseded), {gdoi::Spi{8}, true, true, 0, {}}});
    }
    SECTION("and what was added later goes when an older one is to be used") {
      std::swap(f.teks[0], f.teks[1]);
      const auto applied = f.apply({true, true});
      CHECK(applied.teks[0] == not_sent(8, NotSent::superseded));
      CHECK(applied.teks[1] == sent);
    }
  }
}

TEST_CASE("a state keeps the replay window it was made with") {
  Fixture f;
  f.states.found({{7, 0, false, 60, 0, 64}, {7, 0, true, 60}});
  f.classes = KeyClasses::found({{gdoi::Spi{7}, 0}});
  f.options.replay_window = 128;
  f.add(tek(7));
  f.add(tek(8));
  const auto applied = f.apply({true, false});
  CHECK(applied.teks[0] == AppliedTek{gdoi::Spi{7}, true, true, 64, {}});
  CHECK(applied.teks[1] == not_sent(8, NotSent::not_yet, 128));
}

TEST_CASE("what a predecessor left and is kept is told, without a reason") {
  Fixture f;
  f.states.found({{5, 0, false, 60, 0, 64}});
  f.classes = KeyClasses::found({{gdoi::Spi{5}, 0}});
  f.kept = {{gdoi::Spi{5}, false, seconds{60}}};
  f.add(tek(7));
  const auto applied = f.apply({true});
  REQUIRE(applied.teks.size() == 2);
  CHECK(applied.teks[1] == AppliedTek{gdoi::Spi{5}, true, false, 64, {}});
  f.kept.clear();
  CHECK(f.apply({true}).teks == std::vector{sent});
}

TEST_CASE("a closed plane says so") {
  AppliedStates states;
  Installation closed;
  closed.mode = Installation::Mode::closed;
  const auto applied = states.record(closed, {}, {});
  CHECK(applied.mode == Installation::Mode::closed);
  CHECK(applied.teks.empty());
}

}  // namespace applied_states_test
