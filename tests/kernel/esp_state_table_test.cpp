// SPDX-License-Identifier: GPL-2.0-or-later
// The table of states alone: what install() adds and an Undo takes back, what is stale, what others
// changed. The other tables are in tables_test.cpp.
#include "tests/kernel/failures.h"
#include "tests/kernel/kernel_reader.h"
#include "xfrm/plane/state_table.h"

namespace esp_state_table_test {

namespace {

using test::cbc;
using xfrm::Direction;
using Lines = std::vector<std::string>;

static_assert(!std::is_move_constructible_v<xfrm::StateTable>);

template <class Value>
void check(const xfrm::Result<Value>& done) {
  if (!done) FAIL(done.error().message());
}

struct States {
  xfrm::InstallerConfig config = test::ipv4_config();
  test::Failing failing;
  xfrm::NetlinkChannel channel =
      std::move(*xfrm::NetlinkChannel::open(NETLINK_XFRM, failing.injector()));
  xfrm::StateTable table{config, channel, [] {}};
  xfrm::Undo undo;

  void install(const xfrm::Desired& desired) {
    for (const auto direction : {Direction::inbound, Direction::outbound})
      check(table.install(desired, direction, undo));
  }
  std::vector<xfrm::Error> remove_stale(const xfrm::Desired& desired) {
    std::vector<xfrm::Error> failed;
    for (const auto direction : {Direction::outbound, Direction::inbound})
      table.remove_stale(desired, direction, failed);
    return failed;
  }
  Lines compared() {
    Lines out;
    const auto found = table.look();
    check(found);
    table.compare(*found, out);
    return out;
  }
};

xfrm::Desired with(std::vector<xfrm::SaSpec> sas) { return {{}, std::move(sas)}; }

// "in 00001001" and so on, sorted.
Lines states() {
  Lines out;
  for (const auto& state : test::read_states())
    out.push_back((state.destination == "240.0.0.1" ? "in " : "out ") + std::to_string(state.spi));
  std::sort(out.begin(), out.end());
  return out;
}

TEST_CASE("states: every SA is received, the last of a class is sent on") {
  const test::Site site;
  States table;
  const auto desired = with({cbc(1001), cbc(1002), cbc(1003, 1)});
  table.install(desired);
  CHECK(states() == Lines{"in 1001", "in 1002", "in 1003", "out 1002", "out 1003"});
  CHECK(table.table.inbound_spis(desired) == std::vector<std::uint32_t>{1001, 1002, 1003});
  CHECK(table.compared().empty());
  check(table.undo.run());
  CHECK(states().empty());
}

TEST_CASE("states: an undo leaves what was there before") {
  const test::Site site;
  States table;
  table.install(with({cbc(1001)}));
  table.undo = {};
  table.install(with({cbc(1001), cbc(1002)}));
  check(table.undo.run());
  CHECK(states() == Lines{"in 1001", "out 1001"});
}

TEST_CASE("states: what is stale is removed, and known when it cannot be") {
  const test::Site site;
  States table;
  table.install(with({cbc(1001)}));
  const auto next = with({cbc(1001), cbc(1002)});
  table.install(next);
  CHECK(table.remove_stale(next).empty());  // 1001 may still send; the newer is preferred
  const auto last = with({cbc(1002)});
  table.failing.arm(1);
  const auto failed = table.remove_stale(last);
  table.failing.arm(0);
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].what == "state out, SPI 0x000003e9");
  CHECK(states() == Lines{"in 1002", "out 1001", "out 1002"});
  CHECK(table.compared().empty());
  CHECK(table.remove_stale(last).empty());
  CHECK(states() == Lines{"in 1002", "out 1002"});
}

TEST_CASE("states: outbound ones that the kernel would prefer to the wanted one go") {
  const test::Site site;
  States table;
  table.install(with({cbc(1001)}));
  table.install(with({cbc(1001), cbc(1002)}));
  auto demoted = cbc(1002);
  demoted.send = false;
  CHECK(table.remove_stale(with({cbc(1001), demoted})).empty());
  CHECK(states() == Lines{"in 1001", "in 1002", "out 1001"});
}

TEST_CASE("states: what is superseded goes when that is asked for, and comes back numbered on") {
  const test::Site site;
  States table;
  table.install(with({cbc(1001), cbc(1009, 1)}));
  auto next = with({cbc(1001), cbc(1002), cbc(1009, 1)});
  table.install(next);
  CHECK(table.remove_stale(next).empty());
  CHECK(states() == Lines{"in 1001", "in 1002", "in 1009", "out 1001", "out 1002", "out 1009"});
  xfrm::State sent;
  sent.spi = 1001;
  sent.destination = table.config.anchors.out;
  sent.sent = 7;
  table.table.note_sequence(sent);
  next.remove_superseded = true;
  CHECK(table.remove_stale(next).empty());
  CHECK(states() == Lines{"in 1001", "in 1002", "in 1009", "out 1002", "out 1009"});
  CHECK(table.compared().empty());
  // When the later one is taken away, the earlier one is used again, behind what it sent.
  const auto back = with({cbc(1001), cbc(1009, 1)});
  table.install(back);
  CHECK(table.remove_stale(back).empty());
  CHECK(states() == Lines{"in 1001", "in 1009", "out 1001", "out 1009"});
  CHECK(test::output("ip xfrm state").find("oseq 0x100007") != std::string::npos);
}

TEST_CASE("states: a successor keeps those it is told to, and replaces one with other keys") {
  const test::Site site;
  {
    States predecessor;
    predecessor.install(with({cbc(1001), cbc(1002, 1)}));
  }
  auto other = cbc(1002, 1);
  other.cipher_key = std::span{test::key_octets}.subspan(3, 16);
  xfrm::Desired desired = with({other});
  desired.kept = {{1001, false, 0}, {1001, true, 0}, {1009, false, 0}};
  States table;
  check(table.table.load(desired.sas));
  CHECK(table.table.inbound_spis(desired) == std::vector<std::uint32_t>{1002, 1001});
  table.install(desired);
  CHECK(table.remove_stale(desired).empty());
  CHECK(states() == Lines{"in 1001", "in 1002", "out 1001", "out 1002"});
  const auto existing = table.table.existing();
  check(existing);
  CHECK(existing->size() == 4);
  std::vector<xfrm::Error> failed;
  table.table.clear(failed);
  CHECK(failed.empty());
  CHECK(states().empty());
}

TEST_CASE("states: what others change is named, and installed anew behind its sequence numbers") {
  const test::Site site;
  States table;
  const auto desired = with({cbc(1001)});
  table.install(desired);
  xfrm::State sent;
  sent.spi = 1001;
  sent.destination = table.config.anchors.out;
  sent.sent = 7;
  table.table.note_sequence(sent);
  test::run("ip xfrm state delete dst 240.0.0.2 proto esp spi 1001");
  CHECK(table.compared() == Lines{"state out, SPI 0x000003e9 is gone"});
  table.install(desired);
  CHECK(states() == Lines{"in 1001", "out 1001"});
  CHECK(test::output("ip xfrm state").find("oseq 0x100007") != std::string::npos);

  table.table.forget_sequences(with({}));
  test::run("ip xfrm state delete dst 240.0.0.2 proto esp spi 1001");
  CHECK(table.compared() == Lines{"state out, SPI 0x000003e9 is gone"});
  table.install(desired);
  CHECK(test::output("ip xfrm state").find("oseq 0x100007") == std::string::npos);
}

TEST_CASE("states: one of an unknown past begins where what is left of its key's life says") {
  const test::Site site;
  States table;
  auto desired = with({cbc(1001)});
  auto& sa = desired.sas.front();
  sa.lifetime_seconds = 3600;
  const auto holds = [](const char* number) {
    return test::output("ip xfrm state list dst 240.0.0.2").find(number) != std::string::npos;
  };
  SECTION("in 32 bits, and another second later") {
    table.install(desired);
    CHECK(holds("oseq 0x65cff700"));  // 2,140,128,000 - 3,600 * 120,000
    CHECK(table.remove_stale(with({})).empty());
    sa.lifetime_seconds = 3599;
    table.install(desired);
    CHECK(holds("oseq 0x65d1cbc0"));
  }
  SECTION("with extended ones the upper half is 0") {
    sa.extended_sequence = true;
    sa.replay_window = 64;
    table.install(desired);
    CHECK(holds("oseq-hi 0x0, oseq 0x65cff700"));
  }
  SECTION("what is known of its past counts when that is further") {
    xfrm::State sent;
    sent.spi = 1001;
    sent.destination = table.config.anchors.out;
    sent.sent = 0x70000000;
    table.table.note_sequence(sent);
    table.install(desired);
    CHECK(holds("oseq 0x70100000"));
  }
  CHECK(test::output("ip xfrm state list dst 240.0.0.1").find("oseq 0x6") == std::string::npos);
}

TEST_CASE("states: a key put away and installed again goes on with its sequence numbers") {
  const test::Site site;
  States table;
  const auto desired = with({cbc(1001)});
  xfrm::State sent;
  sent.spi = 1001;
  sent.destination = table.config.anchors.out;
  sent.sent = 7;
  sent.added = static_cast<std::uint64_t>(::time(nullptr));
  sent.hard_seconds = 3600;
  const auto again = [&] {
    table.install(desired);
    CHECK(table.remove_stale(with({})).empty());
    table.table.forget_sequences(with({}));
    table.table.note_sequence(sent);
    table.table.forget_sequences(with({}));
    table.install(desired);
    const bool goes_on = test::output("ip xfrm state").find("oseq 0x100007") != std::string::npos;
    CHECK(table.remove_stale(with({})).empty());
    return goes_on;
  };
  CHECK(again());
  sent.added -= 3601;  // its lifetime is over
  CHECK_FALSE(again());
}

}  // namespace

}  // namespace esp_state_table_test
