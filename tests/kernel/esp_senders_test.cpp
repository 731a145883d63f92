// SPDX-License-Identifier: GPL-2.0-or-later
// Replay windows of senders, as iproute2, nft and libnl-xfrm-3 see them. What they do to packets is
// in scenario replay-senders.
#include <algorithm>
#include <map>

#include "tests/kernel/failures.h"
#include "tests/kernel/kernel_reader.h"
#include "xfrm/plane/senders.h"

namespace esp_senders_test {

namespace {

using test::cbc;
using Lines = std::vector<std::string>;

const xfrm::Prefix host3{test::ipv4(10, 3, 0, 9), 32};

xfrm::Plane open() {
  auto plane = xfrm::Plane::open(test::config());
  if (!plane) throw std::runtime_error{plane.error().message()};
  return std::move(*plane);
}

xfrm::Desired with(std::vector<xfrm::SaSpec> sas, std::vector<xfrm::Prefix> senders) {
  xfrm::Desired out{test::both_ways(), std::move(sas)};
  for (auto& sa : out.sas) sa.replay_window = 32;
  out.sender_windows = true;
  out.senders = std::move(senders);
  return out;
}

void put(xfrm::Plane& plane, const xfrm::Desired& desired) {
  const auto done = plane.apply(desired);
  if (!done) FAIL(done.error().message());
  for (const auto& failed : plane.failed_removals()) FAIL(failed.message());
}

Lines verified(xfrm::Plane& plane) {
  const auto lines = plane.verify();
  if (!lines) FAIL(lines.error().message());
  return *lines;
}

// "240.0.0.1 4097 0": destination, SPI, window of inbound states.
Lines inbound() {
  Lines out;
  for (const auto& state : test::read_states())
    if (state.destination != "240.0.0.2")
      out.push_back(state.destination + " " + std::to_string(state.spi) + " " +
                    std::to_string(state.replay_window));
  std::sort(out.begin(), out.end());
  return out;
}

bool map_has(const std::string& map, const std::string& network, const std::string& anchor) {
  const auto text = test::output("nft list map ip getvpn-test " + map);
  return text.find(network + " : " + anchor) != std::string::npos;
}

bool has_route() {
  return test::output("ip route show table local 240.2.0.0/21").find("proto 71") !=
         std::string::npos;
}

TEST_CASE("each sender has a state of each TEK, with a window, and an element of the map") {
  const test::Site site;
  auto plane = open();
  put(plane, with({cbc(1001), cbc(1002)}, {test::site1, test::site3}));
  CHECK(inbound() == Lines{"240.0.0.1 1001 0", "240.0.0.1 1002 0", "240.2.0.1 1001 32",
                           "240.2.0.1 1002 32", "240.2.0.2 1001 32", "240.2.0.2 1002 32"});
  CHECK(map_has("senders-24", "10.1.0.0", "240.2.0.1"));
  CHECK(map_has("senders-24", "10.3.0.0", "240.2.0.2"));
  CHECK(has_route());
  CHECK(verified(plane).empty());
  const auto counters = plane.counters();
  REQUIRE(counters);
  std::map<std::uint32_t, int> of_senders;
  for (const auto& one : *counters)
    if (one.sender) ++of_senders[one.spi];
  CHECK(of_senders == std::map<std::uint32_t, int>{{1001, 2}, {1002, 2}});
  REQUIRE(plane.clear());
  CHECK(test::read_states().empty());
  CHECK_FALSE(has_route());
}

TEST_CASE("a rekey, and senders that come and go, leave the others' states alone") {
  const test::Site site;
  auto plane = open();
  put(plane, with({cbc(1001)}, {test::site3}));
  put(plane, with({cbc(1001), cbc(1002)}, {test::site1, test::site3, host3}));
  CHECK(map_has("senders-24", "10.3.0.0", "240.2.0.1"));
  CHECK(map_has("senders-24", "10.1.0.0", "240.2.0.2"));
  CHECK(map_has("senders-32", "10.3.0.9", "240.2.0.3"));
  CHECK(inbound().size() == 8);
  CHECK(verified(plane).empty());
  put(plane, with({cbc(1002)}, {host3}));
  CHECK(inbound() == Lines{"240.0.0.1 1002 0", "240.2.0.3 1002 32"});
  CHECK(verified(plane).empty());
  auto without = with({cbc(1002)}, {});
  without.sender_windows = false;
  put(plane, without);
  CHECK(inbound() == Lines{"240.0.0.1 1002 0"});
  CHECK_FALSE(has_route());
  CHECK(test::output("nft list table ip getvpn-test").find("senders") == std::string::npos);
  CHECK(verified(plane).empty());
}

TEST_CASE("a successor finds whose anchor is whose, and changes nothing") {
  const test::Site site;
  {
    auto predecessor = open();
    put(predecessor, with({cbc(1001)}, {test::site3}));
    put(predecessor, with({cbc(1001)}, {test::site1, test::site3}));
  }
  const auto before = test::snapshot();
  auto successor = open();
  const auto survey = successor.survey();
  REQUIRE(survey);
  REQUIRE(survey->sas.size() == 2);
  CHECK(std::max(survey->sas[0].replay_window, survey->sas[1].replay_window) == 32);
  SECTION("that has the keys") {
    put(successor, with({cbc(1001)}, {test::site1, test::site3}));
    CHECK(test::snapshot() == before);
  }
  SECTION("that does not, and knows of a sender more: it is received without a window") {
    auto desired = with({}, {test::site1, test::site3, host3});
    desired.kept = {{1001, false, 0}, {1001, true, 0}};
    put(successor, desired);
    CHECK(inbound() == Lines{"240.0.0.1 1001 0", "240.2.0.1 1001 32", "240.2.0.2 1001 32"});
    CHECK(test::output("nft list set ip getvpn-test bare").find("1001") != std::string::npos);
    put(successor, with({cbc(1001)}, {test::site1, test::site3, host3}));
    CHECK(inbound().size() == 4);
    CHECK(test::output("nft list set ip getvpn-test bare").find("1001") == std::string::npos);
  }
  SECTION("after somebody took the table away: no window becomes another's") {
    test::run("nft delete table ip getvpn-test");
    put(successor, with({cbc(1001)}, {test::site1, test::site3}));
    CHECK(inbound() == Lines{"240.0.0.1 1001 0", "240.2.0.3 1001 32", "240.2.0.4 1001 32"});
  }
  CHECK(verified(successor).empty());
}

TEST_CASE("what others take away is named and put back") {
  const test::Site site;
  auto plane = open();
  const auto desired = with({cbc(1001)}, {test::site1, test::site3});
  put(plane, desired);
  const auto states = inbound();
  static_cast<void>(plane.read_events());
  test::run("ip xfrm state delete dst 240.2.0.2 proto esp spi 1001");
  CHECK(plane.read_events());
  test::run("ip route delete local 240.2.0.0/21 dev lo table local");
  CHECK(plane.read_events());
  CHECK(verified(plane) == Lines{"state in, SPI 0x000003e9, anchor 240.2.0.2 is gone",
                                 "local route to the anchors of senders, 240.2.0.0/21 is gone"});
  put(plane, desired);
  CHECK(inbound() == states);
  CHECK(has_route());
  CHECK(verified(plane).empty());
}

TEST_CASE("senders that are unknown can be dropped, and too many are refused") {
  const test::Site site;
  auto plane = open();
  auto desired = with({cbc(1001)}, {test::site1});
  desired.drop_unknown_senders = true;
  put(plane, desired);
  CHECK(test::output("nft list chain ip getvpn-test senders").find("drop") != std::string::npos);
  CHECK(verified(plane).empty());
  desired.senders.clear();
  for (unsigned i = 0; i <= xfrm::max_senders; ++i)
    desired.senders.push_back({test::ipv4(10, i / 256, i % 256, 0), 24});
  const auto refused = plane.apply(desired);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() == "1001 senders: more than 1000");
}

TEST_CASE("senders: whatever request fails, all is as before") {
  const auto prepare = [](xfrm::FaultInjector faults) {
    auto plane = xfrm::Installer::open(test::ipv4_config(), std::move(faults));
    REQUIRE(plane);
    REQUIRE((*plane)->clear());
    REQUIRE((*plane)->apply(with({cbc(1001)}, {test::site1})));
    return std::move(*plane);
  };
  CHECK(test::check_every_failure(prepare, with({cbc(1002)}, {test::site3, host3})) > 10);
}

}  // namespace

}  // namespace esp_senders_test
