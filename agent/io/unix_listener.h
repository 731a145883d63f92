// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <string>

#include "agent/base/fd.h"
#include "agent/base/result.h"

namespace agent {

// SocketLock keeps a second instance off a socket: the lock file "PATH.lock" is held for the life
// of the object, and goes with it.
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

// UnixListener is a listening unix stream socket in the file system, its lock and its end: all of
// it goes with the object.
class UnixListener {
 public:
  // open replaces a socket that a dead predecessor left; the lock says that it is dead. `what`
  // names the socket in errors, `path` fits into a socket address.
  [[nodiscard]] static Result<UnixListener> open(const std::string& path, mode_t mode, int backlog,
                                                 const std::string& what);
  UnixListener(UnixListener&&) = default;
  UnixListener& operator=(UnixListener&&) = delete;
  ~UnixListener();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  UnixListener(SocketLock lock, Fd fd, std::string path)
      : lock_{std::move(lock)}, fd_{std::move(fd)}, path_{std::move(path)} {}
  SocketLock lock_;
  Fd fd_;
  std::string path_;
};

}  // namespace agent
