// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/event_loop.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace agent {
namespace {

constexpr std::uint64_t timer_token = 0;

itimerspec absolute(Instant when) {
  const auto since_boot = when.time_since_epoch();
  const auto whole = std::chrono::floor<seconds>(since_boot);
  itimerspec out{};
  out.it_value.tv_sec = whole.count();
  out.it_value.tv_nsec = std::chrono::nanoseconds{since_boot - whole}.count();
  return out;
}

}  // namespace

Result<EventLoop> EventLoop::create() {
  Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll) return fail_errno("epoll_create1");
  Fd timer{::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)};
  if (!timer) return fail_errno("timerfd_create");

  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = timer_token;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, timer.get(), &event) != 0)
    return fail_errno("epoll_ctl for the timer");
  return EventLoop{std::move(epoll), std::move(timer)};
}

std::map<std::uint64_t, EventLoop::Watch>::iterator EventLoop::find(int fd) noexcept {
  return std::find_if(watches_.begin(), watches_.end(),
                      [fd](const auto& entry) { return entry.second.fd == fd; });
}

Result<void> EventLoop::watch(int fd, std::uint32_t epoll_events, Handler handler, Served served) {
  epoll_event event{};
  event.events = epoll_events;
  event.data.u64 = next_token_;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno("epoll_ctl");
  watches_.emplace(next_token_++, Watch{fd, std::make_shared<Handler>(std::move(handler)), served});
  return {};
}

Result<void> EventLoop::modify(int fd, std::uint32_t epoll_events) {
  const auto found = find(fd);
  epoll_event event{};
  event.events = epoll_events;
  if (found != watches_.end()) event.data.u64 = found->first;
  if (found == watches_.end() || ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0)
    return fail_errno("epoll_ctl");
  return {};
}

void EventLoop::unwatch(int fd) noexcept {
  const auto found = find(fd);
  if (found == watches_.end()) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  watches_.erase(found);
}

Result<void> EventLoop::on_signals(std::initializer_list<int> signals,
                                   std::function<void(int)> handler) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("sigprocmask");
  signals_ = Fd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals_) return fail_errno("signalfd");

  return watch(
      signals_.get(), EPOLLIN,
      [fd = signals_.get(), handler = std::move(handler)](std::uint32_t) {
        signalfd_siginfo info{};
        while (::read(fd, &info, sizeof info) == sizeof info)
          handler(static_cast<int>(info.ssi_signo));
      },
      Served::always);
}

Result<void> EventLoop::wait_until(std::optional<Instant> deadline, Instant now) {
  itimerspec when{};  // all zero: disarmed
  if (deadline) when = absolute(*deadline <= now ? boot_time() + min_interval : *deadline);
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr) != 0)
    return fail_errno("timerfd_settime");

  std::array<epoll_event, 16> events{};
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), /*timeout*/ -1);
  if (count < 0 && errno != EINTR) return fail_errno("epoll_wait");
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    dispatch(event.data.u64, event.events);
  }
  return {};
}

void EventLoop::dispatch(std::uint64_t token, std::uint32_t events) {
  if (token == timer_token) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto size = ::read(timer_.get(), &expirations, sizeof expirations);
    return;
  }
  const auto found = watches_.find(token);
  if (found == watches_.end()) return;
  const auto handler = found->second.handler;  // outlives an unwatch from inside
  (*handler)(events);
}

// attend: events of others stay, since none of the descriptors is watched for edges. The kernel
// takes its list in turn, so many of those keep none of ours from being seen.
void EventLoop::attend() {
  std::array<epoll_event, 64> events{};
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), /*timeout*/ 0);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const std::uint64_t token = event.data.u64;  // a copy: the structure is packed
    const auto found = watches_.find(token);
    if (found != watches_.end() && found->second.served == Served::always)
      dispatch(token, event.events);
  }
}

Result<void> EventLoop::run(const Tick& tick) {
  stopped_ = false;
  while (!stopped_) {
    const Instant now = boot_time();
    const auto deadline = tick(now);
    if (stopped_) break;
    if (auto waited = wait_until(deadline, now); !waited) return waited;
  }
  return {};
}

}  // namespace agent
