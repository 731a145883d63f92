// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/log_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace agent {

LogOutput::LogOutput(int fd, bool journal) : fd_{fd}, journal_{journal} {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || S_ISREG(status.st_mode)) return;
  kind_ = S_ISSOCK(status.st_mode) ? Kind::socket : Kind::other;
  if (kind_ == Kind::socket) return;
  // O_NONBLOCK belongs to what was opened, which others may have as well, such as our shell.
  own_ = Fd{::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                   O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

Log::Sink LogOutput::sink() {
  return [this](Level level, std::string_view line) {
    std::string out;
    if (journal_) out = {'<', priority_of(level), '>'};
    out.append(line).push_back('\n');
    put(std::move(out));
  };
}

void LogOutput::put(std::string line) {
  if (kept_octets_ + line.size() > room) {
    ++lost_;
    return flush();
  }
  kept_octets_ += line.size();
  kept_.push_back(std::move(line));
  flush();
}

// write_some returns what write(2) does, and EAGAIN where that would wait.
long LogOutput::write_some(std::string_view text) const {
  if (kind_ == Kind::socket)
    return ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (kind_ == Kind::file) return ::write(fd_, text.data(), text.size());
  if (own_) return ::write(own_.get(), text.data(), text.size());
  // It could not be opened once more. A pipe that can be written takes PIPE_BUF octets at once.
  pollfd wanted{fd_, POLLOUT, 0};
  if (::poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLOUT) != 0)
    return ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
  errno = EAGAIN;
  return -1;
}

void LogOutput::flush() {
  while (!kept_.empty() || lost_ != 0) {
    if (kept_.empty()) {
      kept_.push_back(
          fmt::format("{}{} lines of this log were lost: standard error did not take them\n",
                      journal_ ? "<4>" : "", lost_));
      kept_octets_ += kept_.back().size();
      lost_ = 0;
    }
    const auto rest = std::string_view{kept_.front()}.substr(written_);
    const auto put = write_some(rest);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!retry_at_) retry_at_ = boot_time() + retry_after;
      return;
    }
    if (put >= 0 && static_cast<std::size_t>(put) < rest.size()) {
      written_ += static_cast<std::size_t>(put);
      continue;
    }
    // Written, or never to be: nobody reads any more, the disk is full.
    kept_octets_ -= kept_.front().size();
    kept_.pop_front();
    written_ = 0;
  }
  retry_at_.reset();
}

void LogOutput::wake(Instant now) {
  if (!retry_at_ || now < *retry_at_) return;
  retry_at_.reset();
  flush();
}

bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

}  // namespace agent
