// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/fd.h"
#include "agent/io/event_loop.h"

namespace agent {

// StreamServer serves short visits at a listening stream socket: a client asks, gets one answer and
// is sent away. A client has `client_timeout` for its request, with `max_request` octets, and as
// much for taking the answer, and few are served at once; none can hold up the loop. Where the
// machine has no descriptor or memory for another one, they wait `accept_pause`. Answers are wiped
// when their client is gone.
class StreamServer {
 public:
  // Refuse is asked about each client that comes: what to tell one that is sent away at once;
  // nothing: it may ask.
  using Refuse = std::function<std::optional<std::string>(int fd)>;
  // Answer is asked whenever a client sent more, with all it sent, by ask_again(), and when its
  // time is up: the whole answer; nothing: the request is not complete, or there is no answer to it
  // yet. It may have the loop attend to others meanwhile.
  using Answer =
      std::function<std::optional<std::string>(int fd, std::string_view request, bool time_is_up)>;

  static constexpr std::size_t max_clients = 8, max_request = 4096;
  static constexpr seconds client_timeout{5}, accept_pause{1};

  // open serves `listening`, which does not block. That and `loop` outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<StreamServer>> open(EventLoop& loop, int listening,
                                                                  Refuse refuse, Answer answer);
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;
  ~StreamServer();

  // wake sends clients away whose time is up, and accepts others again after a pause.
  void wake(Instant now);

  // ask_again is for when there may be answers to those who wait for one.
  void ask_again();
  // waiting is how many sent something and have no answer.
  [[nodiscard]] std::size_t waiting() const noexcept;

  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  struct Client {
    Fd fd;
    Instant leave_at;
    std::string request, answer;
    std::size_t sent = 0;
    bool asking = false;  // its request is being answered, which may serve others meanwhile
  };

  StreamServer(EventLoop& loop, int listening, Refuse refuse, Answer answer);
  void accept();
  void serve(int fd);
  [[nodiscard]] bool read_request(Client& client);
  [[nodiscard]] bool ask(Client& client, bool time_is_up);
  [[nodiscard]] bool write_answer(Client& client);
  static void wipe(Client& client) noexcept;
  void close_client(int fd);
  void watch_for_clients();

  EventLoop& loop_;
  int listening_;
  Refuse refuse_;
  Answer answer_;
  std::map<int, Client> clients_;
  std::optional<Instant> accept_at_;  // after a failure
};

}  // namespace agent
