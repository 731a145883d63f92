// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/unix_listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cassert>

namespace agent {
namespace {

Result<void> make_directory(const std::string& socket) {
  const auto directory = socket.substr(0, socket.find_last_of('/'));
  if (directory.empty() || ::mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return fail_errno("make directory " + directory);
}

std::string holder_of(int lock) {
  std::array<char, 32> text{};
  const auto size = ::pread(lock, text.data(), text.size(), 0);
  if (size <= 0) return "another process";
  const std::string_view pid{text.data(), static_cast<std::size_t>(size)};
  return fmt::format("process {}", pid.substr(0, pid.find_first_not_of("0123456789")));
}

bool same_file(int fd, const std::string& path) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

Result<void> remove_stale(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) return {};
  if (!S_ISSOCK(status.st_mode)) return fail(path + ": exists and is not a socket");
  if (::unlink(path.c_str()) != 0) return fail_errno("remove old socket " + path);
  return {};
}

Result<Fd> listen_on(const std::string& path, mode_t mode, int backlog, const std::string& what) {
  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  assert(path.size() < sizeof name.sun_path);  // config saw to it
  path.copy(name.sun_path, path.size());
  // The mask is process wide; we have one thread.
  const auto mask = ::umask(0777 & ~mode);
  const bool bound =
      fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  const int problem = errno;
  ::umask(mask);
  if (!bound) return fail_errno(fmt::format("{} {}", what, path), problem);
  if (::listen(fd.get(), backlog) != 0) return fail_errno(fmt::format("{} {}", what, path));
  return fd;
}

}  // namespace

Result<SocketLock> SocketLock::take(const std::string& socket) {
  if (auto made = make_directory(socket); !made) return tl::unexpected<Error>{made.error()};
  const auto path = socket + ".lock";
  // A predecessor removes its lock file when it ends; if that happens between our open and our
  // lock, we hold a file nobody else will find, and start over.
  for (int tries = 0; tries < 10; ++tries) {
    Fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd) return fail_errno("lock file " + path);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
      return fail(
          fmt::format("another getvpn-gm is running: {} holds {}", holder_of(fd.get()), path));
    if (!same_file(fd.get(), path)) continue;
    const auto pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0)
      return fail_errno("lock file " + path);
    return SocketLock{std::move(fd), path};
  }
  return fail("lock file " + path + ": keeps disappearing");
}

SocketLock::~SocketLock() {
  if (fd_) ::unlink(path_.c_str());
}

Result<UnixListener> UnixListener::open(const std::string& path, mode_t mode, int backlog,
                                        const std::string& what) {
  auto lock = SocketLock::take(path);
  if (!lock) return tl::unexpected<Error>{lock.error()};
  if (auto removed = remove_stale(path); !removed) return tl::unexpected<Error>{removed.error()};
  auto fd = listen_on(path, mode, backlog, what);
  if (!fd) return tl::unexpected<Error>{fd.error()};
  return UnixListener{std::move(*lock), std::move(*fd), path};
}

UnixListener::~UnixListener() {
  if (fd_) ::unlink(path_.c_str());
}

}  // namespace agent
