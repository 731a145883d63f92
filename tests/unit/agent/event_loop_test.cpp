// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <csignal>

#include "tests/support/catch.h"

namespace event_loop_test {

using namespace agent;

namespace {

Fd event() { return Fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}; }
void raise_event(const Fd& fd) { REQUIRE(::eventfd_write(fd.get(), 1) == 0); }

}  // namespace

TEST_CASE("a deadline wakes the loop, not before it") {
  auto loop = EventLoop::create().value();
  const auto due = boot_time() + milliseconds{30};
  int ticks = 0;
  REQUIRE(loop.run([&](Instant now) -> std::optional<Instant> {
                ++ticks;
                if (now >= due) loop.stop();
                return due;
              })
              .has_value());
  CHECK(ticks == 2);
  CHECK(boot_time() >= due);
}

TEST_CASE("a tick that is never satisfied does not make a busy loop") {
  auto loop = EventLoop::create().value();
  const auto begin = boot_time();
  int ticks = 0;
  REQUIRE(loop.run([&](Instant now) -> std::optional<Instant> {
                if (++ticks == 4) loop.stop();
                return now - seconds{1};
              })
              .has_value());
  CHECK(boot_time() - begin >= 3 * EventLoop::min_interval);
}

TEST_CASE("a descriptor that is ready reaches its handler") {
  auto loop = EventLoop::create().value();
  const auto ready = event(), quiet = event();
  int calls = 0;
  REQUIRE(loop.watch(ready.get(), EPOLLIN,
                     [&](std::uint32_t) {
                       ++calls;
                       loop.stop();
                     })
              .has_value());
  REQUIRE(loop.watch(quiet.get(), EPOLLIN, [&](std::uint32_t) { FAIL("nothing happened here"); })
              .has_value());
  raise_event(ready);
  REQUIRE(loop.run([](Instant) { return std::nullopt; }).has_value());
  CHECK(calls == 1);
}

TEST_CASE("who is at work for long has served what is always to be, and nothing else") {
  auto loop = EventLoop::create().value();
  const auto always = event(), later = event();
  int served = 0, called = 0;
  std::vector<int> signals;
  REQUIRE(loop.watch(
                  always.get(), EPOLLIN,
                  [&](std::uint32_t) {
                    eventfd_t value = 0;
                    REQUIRE(::eventfd_read(always.get(), &value) == 0);
                    ++served;
                  },
                  EventLoop::Served::always)
              .has_value());
  REQUIRE(loop.watch(later.get(), EPOLLIN, [&](std::uint32_t) { ++called; }).has_value());
  REQUIRE(loop.on_signals({SIGUSR2}, [&](int signal) { signals.push_back(signal); }).has_value());
  loop.attend();
  CHECK(served == 0);
  raise_event(always);
  raise_event(later);
  REQUIRE(::raise(SIGUSR2) == 0);
  loop.attend();
  loop.attend();
  CHECK(served == 1);
  CHECK(signals == std::vector{SIGUSR2});
  CHECK(called == 0);
  REQUIRE(loop.run([&](Instant) -> std::optional<Instant> {
                if (called > 0) loop.stop();
                return std::nullopt;
              })
              .has_value());
  CHECK(called == 1);
}

TEST_CASE("a handler may unwatch itself and others that are about to be called") {
  auto loop = EventLoop::create().value();
  const auto a = event(), b = event();
  int calls = 0;
  const auto handler = [&](std::uint32_t) {
    ++calls;
    loop.unwatch(a.get());
    loop.unwatch(b.get());
    loop.stop();
  };
  REQUIRE(loop.watch(a.get(), EPOLLIN, handler).has_value());
  REQUIRE(loop.watch(b.get(), EPOLLIN, handler).has_value());
  raise_event(a);
  raise_event(b);
  REQUIRE(loop.run([](Instant) { return std::nullopt; }).has_value());
  CHECK(calls == 1);
}

TEST_CASE("an event of a closed descriptor does not reach the next owner of its number") {
  auto loop = EventLoop::create().value();
  const auto first = event();
  auto second = event();
  const int number = second.get();
  bool fooled = false;
  const auto replace = [&](std::uint32_t) {
    loop.unwatch(first.get());
    loop.stop();
    if (!second) return;
    loop.unwatch(second.get());
    second = Fd{};
    second = event();  // gets the same number
    REQUIRE(second.get() == number);
    REQUIRE(loop.watch(second.get(), EPOLLIN, [&](std::uint32_t) { fooled = true; }).has_value());
  };
  REQUIRE(loop.watch(first.get(), EPOLLIN, replace).has_value());
  REQUIRE(loop.watch(second.get(), EPOLLIN, [](std::uint32_t) {}).has_value());
  raise_event(first);
  raise_event(second);
  REQUIRE(loop.run([](Instant) { return std::nullopt; }).has_value());
  CHECK_FALSE(fooled);
}

TEST_CASE("signals come through the loop") {
  auto loop = EventLoop::create().value();
  std::vector<int> got;
  REQUIRE(loop.on_signals({SIGUSR1, SIGUSR2},
                          [&](int signal) {
                            got.push_back(signal);
                            if (got.size() == 2) loop.stop();
                          })
              .has_value());
  REQUIRE(::raise(SIGUSR1) == 0);
  REQUIRE(::raise(SIGUSR2) == 0);
  REQUIRE(loop.run([](Instant) { return std::nullopt; }).has_value());
  CHECK(got == std::vector<int>{SIGUSR1, SIGUSR2});
}

TEST_CASE("a descriptor that cannot be watched is an error") {
  auto loop = EventLoop::create().value();
  CHECK_FALSE(loop.watch(-1, EPOLLIN, [](std::uint32_t) {}).has_value());
  CHECK_FALSE(loop.modify(12345, EPOLLIN).has_value());
}

TEST_CASE("seconds until an instant are rounded up, and never negative") {
  const Instant now{seconds{100}};
  CHECK(whole_seconds_until(now + milliseconds{1}, now) == seconds{1});
  CHECK(whole_seconds_until(now + seconds{1}, now) == seconds{1});
  CHECK(whole_seconds_until(now, now) == seconds{0});
  CHECK(whole_seconds_until(now - seconds{5}, now) == seconds{0});
}

}  // namespace event_loop_test
