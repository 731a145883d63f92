// SPDX-License-Identifier: GPL-2.0-or-later
// A plan names the states that apply() then adds and removes, of both families, and changes
// nothing.
#include <algorithm>
#include <iterator>
#include <memory>
#include <set>

#include "tests/kernel/kernel_reader.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/plane.h"

namespace esp_plan_test {

namespace {

using Lines = std::multiset<std::string>;
using Kind = xfrm::PlannedChange::Kind;
using Object = xfrm::PlannedChange::Object;

xfrm::Plane opened() {
  auto plane = xfrm::Plane::open(test::config());
  if (!plane) throw std::runtime_error{plane.error().message()};
  return std::move(*plane);
}

xfrm::Prefix ipv6_site(unsigned number) {
  xfrm::Prefix out{{xfrm::Family::ipv6, {}}, 48};
  out.address.bytes[0] = std::byte{0x20};
  out.address.bytes[1] = std::byte{0x01};
  out.address.bytes[5] = static_cast<std::byte>(number);
  return out;
}

// Lines of one kind of object: "+ ...".
Lines lines_of(const std::vector<xfrm::PlannedChange>& changes, Object object) {
  Lines out;
  for (const auto& one : changes)
    if (one.object == object)
      out.insert((one.kind == Kind::add      ? "+ "
                  : one.kind == Kind::remove ? "- "
                                             : "~ ") +
                 one.what);
  return out;
}

// What libnl-xfrm sees of states, by SPI and destination.
std::multiset<std::string> states() {
  std::multiset<std::string> out;
  for (const auto& state : test::read_states())
    out.insert(std::to_string(state.spi) + " " + state.destination);
  return out;
}

std::size_t missing_in(const std::multiset<std::string>& other,
                       const std::multiset<std::string>& some) {
  std::multiset<std::string> out;
  std::set_difference(some.begin(), some.end(), other.begin(), other.end(),
                      std::inserter(out, out.end()));
  return out.size();
}

std::vector<xfrm::PlannedChange> planned(xfrm::Plane& plane, const xfrm::Desired& desired) {
  const auto before = test::snapshot();
  auto changes = plane.plan(desired, {});
  if (!changes) FAIL(changes.error().message());
  CHECK(test::snapshot() == before);
  return std::move(*changes);
}

// carry_out applies what was planned: as many states come and go as the plan has, and nothing is
// left to be planned.
Lines carry_out(xfrm::Plane& plane, const xfrm::Desired& desired) {
  auto lines = lines_of(planned(plane, desired), Object::state);
  const auto before = states();
  const auto done = plane.apply(desired);
  if (!done) FAIL(done.error().message());
  const auto after = states();
  std::size_t come = 0, go = 0;
  for (const auto& line : lines) {
    come += line[0] == '+' ? 1 : 0;
    go += line[0] == '-' ? 1 : 0;
  }
  CHECK(come == missing_in(before, after));
  CHECK(go == missing_in(after, before));
  CHECK(planned(plane, desired).empty());
  return lines;
}

}  // namespace

TEST_CASE("a plan follows a TEK from the first one over a change of keys to none") {
  const test::Site site;
  auto plane = opened();
  CHECK(carry_out(plane, {test::both_ways(), {test::cbc(0x2001)}}).size() == 2);
  auto next = test::cbc(0x2002);
  next.send = false;
  const auto received = carry_out(plane, {test::both_ways(), {test::cbc(0x2001), next}});
  REQUIRE(received.size() == 1);
  CHECK_THAT(*received.begin(), Catch::Contains("0x00002002"));
  next.send = true;
  CHECK(carry_out(plane, {test::both_ways(), {test::cbc(0x2001), next}}).size() == 1);
  xfrm::Desired settled{test::both_ways(), {test::cbc(0x2001), next}};
  settled.remove_superseded = true;
  const auto removed = carry_out(plane, settled);
  REQUIRE(removed.size() == 1);
  CHECK_THAT(*removed.begin(), Catch::StartsWith("- ") && Catch::Contains("0x00002001"));
  CHECK(carry_out(plane, {test::both_ways(), {}}).size() == 3);
}

TEST_CASE("a state that others deleted or changed would be put there again") {
  const test::Site site;
  auto plane = opened();
  const xfrm::Desired desired{test::both_ways(), {test::cbc(0x2001)}};
  static_cast<void>(carry_out(plane, desired));
  test::run("ip xfrm state delete dst 240.0.0.2 proto esp spi 0x2001");
  const auto lines = lines_of(planned(plane, desired), Object::state);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(*lines.begin(), Catch::StartsWith("+ ") && Catch::Contains("0x00002001"));
  CHECK(plane.verify()->size() == 1);
  CHECK(lines_of(planned(plane, desired), Object::state) == lines);
  static_cast<void>(carry_out(plane, desired));
}

TEST_CASE("a predecessor's states are planned by their keys") {
  const test::Site site;
  const xfrm::Desired desired{test::both_ways(), {test::cbc(0x2001)}};
  static_cast<void>(carry_out(*std::make_unique<xfrm::Plane>(opened()), desired));
  auto plane = opened();
  CHECK(lines_of(planned(plane, desired), Object::state).empty());
  auto other = test::cbc(0x2001);
  other.cipher_key = std::span{test::key_octets}.subspan(1, 16);
  const auto lines = lines_of(planned(plane, {test::both_ways(), {other}}), Object::state);
  CHECK(lines.size() == 2);
  for (const auto& line : lines) CHECK_THAT(line, Catch::StartsWith("~ "));
}

TEST_CASE("windows of senders have states of their own in a plan") {
  const test::Site site;
  auto plane = opened();
  static_cast<void>(carry_out(plane, {test::both_ways(), {test::cbc(0x2001)}}));
  xfrm::Desired desired{test::both_ways(), {test::cbc(0x2001)}};
  desired.sas[0].replay_window = 64;
  desired.sender_windows = true;
  desired.senders = {test::site3};
  const auto changes = planned(plane, desired);
  const auto lines = lines_of(changes, Object::state);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(*lines.begin(), Catch::StartsWith("+ ") && Catch::Contains(", anchor 240.2."));
  CHECK(lines_of(changes, Object::route).size() == 1);
  static_cast<void>(carry_out(plane, desired));
  CHECK(carry_out(plane, {test::both_ways(), {test::cbc(0x2001)}}).size() == 1);
}

TEST_CASE(
    "IPv6 comes with its first entry, goes with its last, and a removal takes both families") {
  const std::size_t on = GENERATE(0U, 1U);  // where IPv6 is switched off, no address can be
  const test::Site site;
  if (on == 1)
    test::run("for i in all lo wan0; do echo 0 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done");
  auto plane = opened();
  auto entries = test::both_ways();
  CAPTURE(on);
  static_cast<void>(carry_out(plane, {entries, {test::cbc(0x2001)}}));
  entries.push_back(test::permit(ipv6_site(1), ipv6_site(3)));
  const auto changes = planned(plane, {entries, {test::cbc(0x2001)}});
  CHECK(lines_of(changes, Object::policy).size() == 3);
  CHECK(lines_of(changes, Object::state).size() == 2);
  CHECK(lines_of(changes, Object::rules).size() == 3);
  CHECK(lines_of(changes, Object::address).size() == on);
  CHECK(lines_of(changes, Object::route).size() == on);
  static_cast<void>(carry_out(plane, {entries, {test::cbc(0x2001)}}));

  const auto removal = plane.plan_removal();
  REQUIRE(removal);
  CHECK(lines_of(*removal, Object::policy).size() == 9);
  CHECK(lines_of(*removal, Object::state).size() == 4);
  CHECK(lines_of(*removal, Object::address).size() == 1 + on);
  CHECK(carry_out(plane, {test::both_ways(), {test::cbc(0x2001)}}).size() == 2);
  CHECK(plane.clear().has_value());
  CHECK(plane.plan_removal()->empty());
}

}  // namespace esp_plan_test
