// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>

#include "agent/base/clock.h"
#include "agent/base/fd.h"
#include "agent/base/result.h"

namespace agent {

// EventLoop waits for descriptors, signals and one deadline, on one thread. It knows nothing of
// what it waits for.
class EventLoop {
 public:
  using Handler = std::function<void(std::uint32_t epoll_events)>;
  // Tick does what is due and says when it wants to be called next.
  using Tick = std::function<std::optional<Instant>(Instant now)>;

  [[nodiscard]] static Result<EventLoop> create();

  // Handlers that are `always` served are so by attend(), too.
  enum class Served : std::uint8_t { between_ticks, always };

  // watch calls `handler` when `fd` has one of `epoll_events`. The loop does not own `fd`:
  // unwatch it before it is closed. A handler may unwatch itself and others.
  [[nodiscard]] Result<void> watch(int fd, std::uint32_t epoll_events, Handler handler,
                                   Served served = Served::between_ticks);
  [[nodiscard]] Result<void> modify(int fd, std::uint32_t epoll_events);
  void unwatch(int fd) noexcept;

  // on_signals blocks `signals` for the process and reports them through the loop, always.
  [[nodiscard]] Result<void> on_signals(std::initializer_list<int> signals,
                                        std::function<void(int signal)> handler);

  // run calls `tick` before each wait, until stop(); it may be run again. A tick that asks for an
  // instant in the past is called again after `min_interval`, never at once, so that no mistake can
  // make a busy loop.
  [[nodiscard]] Result<void> run(const Tick& tick);
  void stop() noexcept { stopped_ = true; }

  // attend is for who is at work inside a tick or a handler for long: it serves what is waiting now
  // and is `always` served, and leaves the rest for later.
  void attend();

  static constexpr milliseconds min_interval{50};

 private:
  struct Watch {
    int fd;
    std::shared_ptr<Handler> handler;
    Served served;
  };

  EventLoop(Fd epoll, Fd timer) : epoll_{std::move(epoll)}, timer_{std::move(timer)} {}
  [[nodiscard]] Result<void> wait_until(std::optional<Instant> deadline, Instant now);
  void dispatch(std::uint64_t token, std::uint32_t events);
  [[nodiscard]] std::map<std::uint64_t, Watch>::iterator find(int fd) noexcept;

  Fd epoll_, timer_, signals_;
  // By token, not by descriptor: an event already fetched for a closed descriptor must not reach
  // the next owner of its number.
  std::map<std::uint64_t, Watch> watches_;
  std::uint64_t next_token_ = 1;
  bool stopped_ = false;
};

}  // namespace agent
