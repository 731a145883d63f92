// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/fd.h"
#include "agent/control/access.h"
#include "agent/io/event_loop.h"

namespace agent {

// SocketLock keeps a second instance off a control socket: the lock file "PATH.lock" is held for
// the life of the object, and goes with it.
class SocketLock {
 public:
  // take fails, naming the holder, when another process has the lock. The directory of `socket` is
  // made when it is missing (one level, 0755).
  [[nodiscard]] static Result<SocketLock> take(const std::string& socket);
  SocketLock(SocketLock&&) = default;
  SocketLock& operator=(SocketLock&&) = delete;
  ~SocketLock();

 private:
  SocketLock(Fd fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}
  Fd fd_;
  std::string path_;
};

// ControlServer answers requests of getvpnctl: one line in, one line out, on a unix socket that
// only its owner may open (0600), or everybody where groups have rights (0666); then who has none
// is told so and sent away. A client has `client_timeout` for its whole visit, and few are
// served at once; none can hold up the loop. Where the machine has no descriptor or memory for
// another one, they wait `accept_pause`.
class ControlServer {
 public:
  // Answer turns a request line of somebody with a right into an answer line, both without the line
  // break.
  using Answer = std::function<std::string(std::string_view request, Right right)>;

  static constexpr std::size_t max_clients = 8, max_request = 4096;
  static constexpr seconds client_timeout{5}, accept_pause{1};

  // open replaces a socket that a dead predecessor left; the lock says that it is dead. `loop` must
  // outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(EventLoop& loop,
                                                                   const std::string& path,
                                                                   const ControlAccess& access,
                                                                   Answer answer);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();

  // wake sends clients away whose time is up, and accepts others again after a pause.
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  struct Client {
    Fd fd;
    Instant leave_at;
    Right right;
    std::string request, answer;
    std::size_t sent = 0;
    bool asking = false;  // its request is being answered, which may serve others meanwhile
  };

  ControlServer(EventLoop& loop, SocketLock lock, Fd fd, std::string path,
                const ControlAccess& access, Answer answer);
  void accept();
  void serve(int fd);
  [[nodiscard]] bool read_request(Client& client);
  [[nodiscard]] bool write_answer(Client& client);
  void close_client(int fd);
  void watch_for_clients();

  EventLoop& loop_;
  SocketLock lock_;
  Fd fd_;
  std::string path_;
  ControlAccess access_;
  Answer answer_;
  std::map<int, Client> clients_;
  std::optional<Instant> accept_at_;  // after a failure
};

}  // namespace agent
