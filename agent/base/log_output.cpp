// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/log_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace agent {

namespace {

// The journal's own protocol: a field a line. No value has a line break (Log::write).
std::string datagram_of(Level level, std::string_view line, const LogFields& fields) {
  auto out = fmt::format("MESSAGE={}\nPRIORITY={}\nSYSLOG_IDENTIFIER=getvpn-gm\n", line,
                         priority_of(level));
  for (const auto& [name, value] : fields) out += fmt::format("{}={}\n", name, value);
  return out;
}

}  // namespace

LogOutput::LogOutput(int fd, bool journal, std::string journal_socket)
    : fd_{fd}, journal_{journal}, journal_socket_{std::move(journal_socket)} {
  if (journal) to_journal_ = Fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  struct stat status {};
  if (::fstat(fd, &status) != 0 || S_ISREG(status.st_mode)) return;
  kind_ = S_ISSOCK(status.st_mode) ? Kind::socket : Kind::other;
  if (kind_ == Kind::socket) return;
  // O_NONBLOCK belongs to what was opened, which others may have as well, such as our shell.
  own_ = Fd{::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                   O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

Log::Sink LogOutput::sink() {
  return [this](Level level, std::string_view line, const LogFields& fields) {
    Entry out;
    if (journal_) out.line = {'<', priority_of(level), '>'};
    out.line.append(line).push_back('\n');
    if (to_journal_) out.datagram = datagram_of(level, line, fields);
    put(std::move(out));
  };
}

void LogOutput::put(Entry entry) {
  const auto size = entry.line.size() + entry.datagram.size();
  if (kept_octets_ + size > room) {
    ++lost_;
    return flush();
  }
  kept_octets_ += size;
  kept_.push_back(std::move(entry));
  flush();
}

// write_some of an entry returns how much of the line's rest is done. What the journal's socket
// does not take for another reason than that it is full goes to standard error.
long LogOutput::write_some(Entry& entry) const {
  const auto rest = std::string_view{entry.line}.substr(written_);
  if (entry.datagram.empty()) return write_some(rest);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  journal_socket_.copy(name.sun_path, sizeof name.sun_path - 1);
  const auto sent =
      ::sendto(to_journal_.get(), entry.datagram.data(), entry.datagram.size(),
               MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  if (sent >= 0) return static_cast<long>(rest.size());
  if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return -1;
  return write_some(rest);
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
          {fmt::format("{}{} lines of this log were lost: standard error did not take them\n",
                       journal_ ? "<4>" : "", lost_),
           {}});
      kept_octets_ += kept_.back().line.size();
      lost_ = 0;
    }
    auto& entry = kept_.front();
    const auto rest = entry.line.size() - written_;
    const auto put = write_some(entry);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)) {
      if (!retry_at_) retry_at_ = boot_time() + retry_after;
      return;
    }
    if (put >= 0 && static_cast<std::size_t>(put) < rest) {
      written_ += static_cast<std::size_t>(put);
      entry.datagram.clear();  // what was begun on standard error ends there
      continue;
    }
    // Written, or never to be: nobody reads any more, the disk is full.
    kept_octets_ -= std::min(kept_octets_, entry.line.size() + entry.datagram.size());
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
