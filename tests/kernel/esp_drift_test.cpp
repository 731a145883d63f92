// SPDX-License-Identifier: GPL-2.0-or-later
// States that others change, and states a predecessor left: adopted, named, repaired.
#include <chrono>
#include <cstdio>
#include <thread>

#include "tests/kernel/kernel_reader.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/events.h"

namespace esp_drift_test {

namespace {

using test::cbc;
using Lines = std::vector<std::string>;
using Spis = std::vector<std::uint32_t>;

xfrm::Plane open() {
  auto plane = xfrm::Plane::open(test::config());
  if (!plane) throw std::runtime_error{plane.error().message()};
  return std::move(*plane);
}

xfrm::Desired with(std::vector<xfrm::SaSpec> sas, std::vector<xfrm::KeptSa> kept = {}) {
  return {test::both_ways(), std::move(sas), std::move(kept)};
}

void put(xfrm::Plane& plane, const xfrm::Desired& desired) {
  const auto done = plane.apply(desired);
  if (!done) FAIL(done.error().message());
  CHECK(plane.failed_removals().empty());
}

// verified also asks for the differences first, which must be the same and leave them to be told.
Lines verified(xfrm::Plane& plane) {
  const auto differences = plane.differences();
  if (!differences) FAIL(differences.error().message());
  const auto lines = plane.verify();
  if (!lines) FAIL(lines.error().message());
  CHECK(*differences == *lines);
  return *lines;
}

Spis spis(const std::string& destination) {
  Spis out;
  for (const auto& state : test::read_states())
    if (state.destination == destination) out.push_back(state.spi);
  return out;
}
Spis inbound() { return spis("240.0.0.1"); }
Spis outbound() { return spis("240.0.0.2"); }

bool set_holds(std::uint32_t spi) {
  return test::output("nft list set ip getvpn-test spis").find(std::to_string(spi)) !=
         std::string::npos;
}

std::string state_text(const char* destination, std::uint32_t spi) {
  return test::output(std::string{"ip -s xfrm state get dst "} + destination + " proto esp spi " +
                      std::to_string(spi));
}

// oseq is the outbound state's last sequence number, as iproute2 tells it.
unsigned long oseq(std::uint32_t spi) {
  const auto text = state_text("240.0.0.2", spi);
  unsigned long value = 0;
  if (const auto at = text.find("oseq "); at != std::string::npos)
    REQUIRE(std::sscanf(text.c_str() + at, "oseq %lx", &value) == 1);
  return value;
}

// Packets that leave protected: pings from the router itself to nobody.
void send_some() { test::run("ping -c 3 -i 0.01 -W 1 -I 10.1.0.1 10.3.0.10 > /dev/null || true"); }

// ---- survey and adoption

TEST_CASE("opening a plane puts nothing where a predecessor's traffic leaves") {
  const test::Site site;
  auto events = xfrm::Events::open(xfrm::Family::ipv4);
  REQUIRE(events);
  const auto config = test::config();
  // Any state to OUT or of our reqids, however short its life.
  const xfrm::EventFilter outbound_only{
      {{test::ipv4(192, 0, 2, 1), config.ipv4.out}, config.reqid, xfrm::max_key_classes, 0, 0, 0},
      config.name,
      {},
      {},
      {}};
  auto plane = open();
  CHECK_FALSE(events->read(outbound_only, [](const xfrm::State&) {}));
  put(plane, with({cbc(0x2001)}));
  CHECK(events->read(outbound_only, [](const xfrm::State&) {}));
}

TEST_CASE("a survey tells what a predecessor left, and changes nothing") {
  const test::Site site;
  auto plane = open();
  auto nothing = plane.survey();
  REQUIRE(nothing);
  CHECK(nothing->sas.empty());
  CHECK_FALSE(nothing->has_policy);
  auto brief = cbc(0x2001, 1), lasting = cbc(0x2002);
  brief.lifetime_seconds = 3600;
  brief.send = false;
  put(plane, with({brief, lasting}));

  const auto before = test::snapshot();
  auto successor = open();
  const auto survey = successor.survey();
  REQUIRE(survey);
  CHECK(test::snapshot() == before);
  CHECK(survey->has_policy);
  REQUIRE(survey->sas.size() == 3);
  for (const auto& sa : survey->sas) {
    CHECK(sa.packets == 0);
    if (sa.spi == 0x2001) {
      CHECK(sa.key_class == 1);
      CHECK_FALSE(sa.outbound);
      REQUIRE(sa.remaining_seconds);
      CHECK(*sa.remaining_seconds > 3000);
      CHECK(*sa.remaining_seconds <= 3600);
    } else {
      CHECK(sa.spi == 0x2002);
      CHECK(sa.key_class == 0);
      CHECK_FALSE(sa.remaining_seconds);
    }
  }
}

TEST_CASE("a survey of a list that only blocks finds no list, and the older states first") {
  const test::Site site;
  auto plane = open();
  auto blocked = test::permit(test::site1, test::site3);
  blocked.action = xfrm::Entry::Action::discard;
  put(plane, {{blocked}, {cbc(0x2009), cbc(0x2001), cbc(0x2005)}});
  const auto survey = plane.survey();
  REQUIRE(survey);
  CHECK_FALSE(survey->has_policy);
  Spis in;
  for (const auto& sa : survey->sas)
    if (!sa.outbound) in.push_back(sa.spi);
  CHECK(in == Spis{0x2009, 0x2001, 0x2005});
}

TEST_CASE("kept states stay as they are, sequence numbers and SPIs included") {
  const test::Site site;
  {
    auto plane = open();
    auto received = cbc(0x3001);
    received.send = false;
    put(plane, with({received, cbc(0x3002)}));
    send_some();
  }
  const auto before = test::snapshot();
  const auto out = state_text("240.0.0.2", 0x3002);
  REQUIRE(oseq(0x3002) == 3);
  auto successor = open();
  put(successor, with({}, {{0x3001, false, 0}, {0x3002, false, 0}, {0x3002, true, 0}}));
  CHECK(test::snapshot() == before);
  CHECK(state_text("240.0.0.2", 0x3002) == out);
  CHECK(verified(successor).empty());
  send_some();
  CHECK(oseq(0x3002) == 6);
  SECTION("beside new ones that do not send yet, nothing is added outbound") {
    auto fresh = cbc(0x3003);
    fresh.send = false;
    put(successor, with({fresh}, {{0x3002, false, 0}, {0x3002, true, 0}}));
    CHECK(inbound() == Spis{0x3002, 0x3003});
    CHECK(outbound() == Spis{0x3002});
    CHECK(set_holds(0x3002));
    CHECK(set_holds(0x3003));
    CHECK_FALSE(set_holds(0x3001));
    send_some();
    CHECK(oseq(0x3002) == 9);
    SECTION("until one sends, and the old is no longer named") {
      put(successor, with({cbc(0x3003)}, {{0x3002, false, 0}}));
      CHECK(inbound() == Spis{0x3002, 0x3003});
      CHECK(outbound() == Spis{0x3003});
    }
  }
  SECTION("and go when they are no longer named") {
    put(successor, with({cbc(0x3004)}));
    CHECK(inbound() == Spis{0x3004});
    CHECK(outbound() == Spis{0x3004});
  }
}

TEST_CASE("a kept state that is not there is no error, nor is its SPI put into the set") {
  const test::Site site;
  auto plane = open();
  put(plane, with({}, {{0x3001, false, 0}, {0x3001, true, 0}}));
  CHECK(test::read_states().empty());
  CHECK_FALSE(set_holds(0x3001));
}

TEST_CASE("of two kept states of a class the one named sends, a newer one gets out of its way") {
  const test::Site site;
  {
    auto plane = open();
    put(plane, with({cbc(0x3001)}));
    put(plane, with({cbc(0x3001), cbc(0x3002)}));
  }
  auto successor = open();
  put(successor, with({}, {{0x3002, true, 0}, {0x3001, true, 0}}));
  CHECK(outbound() == Spis{0x3001});
}

// ---- drift

TEST_CASE("a state that others deleted is told of, named, and added again behind its numbers") {
  const test::Site site;
  auto plane = open();
  put(plane, with({cbc(0x4001)}));
  send_some();
  static_cast<void>(plane.read_events());
  SECTION("inbound") {
    test::run("ip xfrm state delete dst 240.0.0.1 proto esp spi 0x4001");
    CHECK(plane.read_events());
    CHECK(verified(plane) == Lines{"state in, SPI 0x00004001 is gone"});
    put(plane, with({cbc(0x4001)}));
    CHECK(oseq(0x4001) == 3);
  }
  SECTION("outbound, and the event told its last number") {
    test::run("ip xfrm state delete dst 240.0.0.2 proto esp spi 0x4001");
    CHECK(plane.read_events());
    CHECK(verified(plane) == Lines{"state out, SPI 0x00004001 is gone"});
    put(plane, with({cbc(0x4001)}));
    CHECK(oseq(0x4001) == 3 + (1U << 20));
  }
  SECTION("all by a flush, which tells no numbers: then the last look's count") {
    REQUIRE(plane.counters());
    test::run("ip xfrm state flush");
    CHECK(plane.read_events());
    CHECK(verified(plane).size() == 2);
    put(plane, with({cbc(0x4001)}));
    CHECK(oseq(0x4001) == 3 + (1U << 20));
  }
  CHECK(inbound() == Spis{0x4001});
  CHECK(outbound() == Spis{0x4001});
  CHECK(verified(plane).empty());
  CHECK_FALSE(plane.read_events());
}

TEST_CASE("extended sequence numbers go on as well") {
  const test::Site site;
  auto plane = open();
  auto sa = cbc(0x4002);
  sa.extended_sequence = true;
  sa.replay_window = 64;
  put(plane, with({sa}));
  send_some();
  test::run("ip xfrm state delete dst 240.0.0.2 proto esp spi 0x4002");
  CHECK(verified(plane).size() == 1);
  put(plane, with({sa}));
  const auto text = state_text("240.0.0.2", 0x4002);
  CAPTURE(text);
  CHECK(text.find("oseq 0x100003") != std::string::npos);
}

TEST_CASE("an earlier TEK that is to send again does not begin at 1 again") {
  const test::Site site;
  auto plane = open();
  put(plane, with({cbc(0x4001)}));
  send_some();
  auto first = cbc(0x4001);
  first.send = false;
  put(plane, with({first, cbc(0x4002)}));
  CHECK(outbound() == Spis{0x4002});
  put(plane, with({cbc(0x4002), cbc(0x4001)}));
  CHECK(outbound() == Spis{0x4001, 0x4002});
  CHECK(oseq(0x4001) == 3 + (1U << 20));
  send_some();
  CHECK(oseq(0x4001) == 6 + (1U << 20));
}

constexpr const char* keys =
    " enc 'cbc(aes)' 0x00000000000000000000000000000000 auth-trunc 'hmac(sha256)' "
    "0x0000000000000000000000000000000000000000000000000000000000000000 128";

TEST_CASE("a state put in the place of ours, or beside ours, is named and goes") {
  const test::Site site;
  auto plane = open();
  put(plane, with({cbc(0x5001)}));
  const auto add = [](const char* spi) {
    return std::string{"ip xfrm state add src 240.0.0.1 dst 240.0.0.2 proto esp spi "} + spi +
           " mode tunnel reqid 7000" + keys;
  };
  Lines expected;
  SECTION("in its place") {
    std::this_thread::sleep_for(std::chrono::milliseconds{1100});  // dates have whole seconds
    test::run("ip xfrm state delete dst 240.0.0.2 proto esp spi 0x5001; " + add("0x5001"));
    expected = {"state out, SPI 0x00005001 was changed"};
  }
  SECTION("beside it") {
    test::run(add("0x5002"));
    expected = {"state out, SPI 0x00005002 was added"};
  }
  CHECK(verified(plane) == expected);
  put(plane, with({cbc(0x5001)}));
  CHECK(outbound() == Spis{0x5001});
  CHECK(test::output("ip xfrm state").find("0x00000000000000000000000000000000") ==
        std::string::npos);
  CHECK(verified(plane).empty());
}

TEST_CASE("a state that expired by itself is no difference; one of another program's no matter") {
  const test::Site site;
  auto plane = open();
  auto brief = cbc(0x6001);
  brief.lifetime_seconds = 1;
  put(plane, with({brief}));
  test::run(std::string{"ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x9001 reqid "
                        "9 mode tunnel"} +
            keys);
  for (int i = 0; i < 300 && !outbound().empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  REQUIRE(outbound().empty());
  CHECK(verified(plane).empty());
  put(plane, with({brief}));
  CHECK(outbound().empty());
  put(plane, with({cbc(0x6002)}));
  CHECK(outbound() == Spis{0x6002});
  CHECK_FALSE(set_holds(0x6001));
  CHECK(spis("192.0.2.2") == Spis{0x9001});
}

}  // namespace

}  // namespace esp_drift_test
