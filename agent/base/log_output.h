// SPDX-License-Identifier: GPL-2.0-or-later
// LogOutput: the daemon's log lines on their way to standard error.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/fd.h"
#include "agent/base/log.h"

namespace agent {

// LogOutput writes log lines and never waits for whoever reads them: a pipe that nobody empties or
// a journal that hangs must not hold up rekeys. What cannot be written at once is kept, up to
// `room`; the lines after that are lost and counted, and the log says how many once there is room
// again. A log that cannot be written at all is no reason to stop protecting traffic.
class LogOutput {
 public:
  static constexpr std::size_t room = 256 << 10;  // octets
  static constexpr milliseconds retry_after{200};

  static constexpr const char* usual_journal_socket = "/run/systemd/journal/socket";

  // `fd` stays the caller's. With `journal` a line goes to the journal's socket with its fields, or
  // where there is none to `fd`, and starts with its priority as "<N>" (sd-daemon(3)).
  LogOutput(int fd, bool journal, std::string journal_socket = usual_journal_socket);
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;
  ~LogOutput() { flush(); }

  // sink is for a Log, which the output outlives.
  [[nodiscard]] Log::Sink sink();

  // wake tries again to write what is kept; deadline says when that is worth it.
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const noexcept { return retry_at_; }

 private:
  enum class Kind : std::uint8_t { file, socket, other };
  struct Entry {
    std::string line;
    std::string datagram;  // the same for the journal's socket; empty: it is not to go there
  };

  void put(Entry entry);
  void flush();
  [[nodiscard]] long write_some(std::string_view text) const;
  [[nodiscard]] long write_some(Entry& entry) const;

  int fd_;
  bool journal_;
  Kind kind_ = Kind::file;
  std::string journal_socket_;
  Fd to_journal_;
  Fd own_;  // the same pipe or terminal opened once more: not to wait there is our own affair
  std::deque<Entry> kept_;
  std::size_t kept_octets_ = 0, written_ = 0;  // of the first line kept
  std::uint64_t lost_ = 0;
  std::optional<Instant> retry_at_;
};

// stderr_is_journal tells whether standard error is the journal's stream that JOURNAL_STREAM names
// (systemd.exec(5)); an inherited variable alone does not count.
[[nodiscard]] bool stderr_is_journal();

}  // namespace agent
