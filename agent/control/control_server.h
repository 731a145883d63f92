// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/control/access.h"
#include "agent/io/stream_server.h"
#include "agent/io/unix_listener.h"

namespace agent {

// ControlServer answers requests of getvpnctl: one line in, one line out, on a unix socket that
// only its owner may open (0600), or everybody where groups have rights (0666); then who has none
// is told so and sent away. Visits are short and few at once, as StreamServer has them.
class ControlServer {
 public:
  // Answer turns a request line of somebody with a right into an answer line, both without the line
  // break. Nothing: there is no answer yet; it is asked again by ask_again(), and for the last time
  // when the client's time is up.
  using Answer = std::function<std::optional<std::string>(std::string_view request,
                                                          const Asker& asker, bool time_is_up)>;

  static constexpr std::size_t max_clients = StreamServer::max_clients;
  static constexpr seconds client_timeout = StreamServer::client_timeout;
  static constexpr seconds accept_pause = StreamServer::accept_pause;

  // open replaces a socket that a dead predecessor left; the lock says that it is dead. `loop` must
  // outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(EventLoop& loop,
                                                                   const std::string& path,
                                                                   const ControlAccess& access,
                                                                   Answer answer);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer() = default;

  // wake sends clients away whose time is up, and accepts others again after a pause.
  void wake(Instant now) { server_->wake(now); }
  [[nodiscard]] std::optional<Instant> deadline() const { return server_->deadline(); }

  // ask_again is for when there may be answers to those who wait; waiting is how many do.
  void ask_again() { server_->ask_again(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return server_->waiting(); }

 private:
  ControlServer(UnixListener listener, const ControlAccess& access, Answer answer)
      : listener_{std::move(listener)}, access_{access}, answer_{std::move(answer)} {}
  [[nodiscard]] std::optional<std::string> refuse(int fd) const;
  [[nodiscard]] std::optional<std::string> answer(int fd, std::string_view request,
                                                  bool time_is_up) const;

  UnixListener listener_;
  ControlAccess access_;
  Answer answer_;
  std::unique_ptr<StreamServer> server_;  // gone before what it serves
};

}  // namespace agent
