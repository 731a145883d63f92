// SPDX-License-Identifier: GPL-2.0-or-later
// The model kernel itself: a model that never says no proves nothing.
#include "tests/rollover/model_kernel.h"

#include "agent/base/address.h"
#include "agent/kernel/prefixes.h"
#include "tests/exchange/network.h"
#include "tests/support/catch.h"

namespace model_kernel_test {

using namespace rollover;
using Kind = ModelKernel::Verdict::Kind;

namespace {

const gdoi::Bytes one(16, std::byte{1}), two(16, std::byte{2});
const auto here = exchange::address("10.1.0.10"), there = exchange::address("10.3.0.10");
constexpr Instant noon{std::chrono::hours{12}};

xfrm::Prefix net(const std::string& dotted) {
  return {agent::to_xfrm(exchange::address(dotted)), 24};
}

xfrm::Desired protecting() {
  xfrm::Desired out;
  xfrm::Entry entry;
  entry.selector.source = net("10.1.0.0");
  entry.selector.destination = net("10.3.0.0");
  out.entries.push_back(entry);
  return out;
}

xfrm::SaSpec sa_of(std::uint32_t spi, const gdoi::Bytes& key, std::uint32_t life = 100) {
  xfrm::SaSpec out;
  out.spi = spi;
  out.cipher_key = key;
  out.lifetime_seconds = life;
  return out;
}

}  // namespace

TEST_CASE("without a list packets pass in clear, with one they are dropped or encrypted") {
  ModelKernel kernel;
  CHECK(kernel.send(here, there, noon).kind == Kind::clear);
  auto desired = protecting();
  kernel.apply(desired, noon);
  CHECK(kernel.send(here, there, noon).kind == Kind::dropped);
  CHECK(kernel.send(there, here, noon).kind == Kind::clear);  // the other way is another line
  desired.sas.push_back(sa_of(7, one));
  kernel.apply(desired, noon);
  REQUIRE(kernel.send(here, there, noon).kind == Kind::encrypted);
  CHECK(kernel.send(here, there, noon).state->spi == 7);
  CHECK(kernel.send(here, there, noon + seconds{100}).kind == Kind::dropped);
  desired.entries.front().action = xfrm::Entry::Action::bypass;
  kernel.apply(desired, noon);
  CHECK(kernel.send(here, there, noon).kind == Kind::clear);
  kernel.clear();
  CHECK(kernel.send(here, there, noon).kind == Kind::clear);
}

TEST_CASE("the last TEK to send on is used, and an older one when that has expired") {
  ModelKernel kernel;
  auto desired = protecting();
  desired.sas = {sa_of(7, one, 100)};
  kernel.apply(desired, noon);
  desired.sas = {sa_of(7, one, 100), sa_of(8, two, 50)};
  kernel.apply(desired, noon);
  CHECK(kernel.send(here, there, noon).state->spi == 8);
  CHECK(kernel.send(here, there, noon + seconds{60}).state->spi == 7);
  desired.sas = {sa_of(8, two, 50), sa_of(7, one, 100)};
  kernel.apply(desired, noon);
  CHECK(kernel.send(here, there, noon).state->spi == 7);
}

TEST_CASE("a packet is read with its own key in time, and not otherwise") {
  ModelKernel sender, receiver;
  auto desired = protecting();
  desired.sas = {sa_of(7, one)};
  sender.apply(desired, noon);
  const auto& state = *sender.send(here, there, noon).state;
  CHECK_FALSE(receiver.decrypts(state, noon));
  desired.sas.front().receive = false;
  receiver.apply(desired, noon);
  CHECK_FALSE(receiver.decrypts(state, noon));
  desired.sas = {sa_of(7, two)};
  receiver.apply(desired, noon);
  CHECK_FALSE(receiver.decrypts(state, noon));
  desired.sas = {sa_of(7, one)};
  receiver.apply(desired, noon);
  CHECK(receiver.decrypts(state, noon));
  CHECK_FALSE(receiver.decrypts(state, noon + seconds{100}));
}

TEST_CASE("kept states stay as long as they are named") {
  ModelKernel kernel;
  auto desired = protecting();
  desired.sas = {sa_of(7, one)};
  kernel.apply(desired, noon);
  auto successor = protecting();
  successor.kept = {{7, false, 0}, {7, true, 0}};
  kernel.apply(successor, noon);
  CHECK(kernel.send(here, there, noon).state->spi == 7);
  successor.kept.pop_back();
  kernel.apply(successor, noon);
  CHECK(kernel.send(here, there, noon).kind == Kind::dropped);
  CHECK(kernel.states().size() == 1);
}

}  // namespace model_kernel_test
