// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/control_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "agent/base/timers.h"
#include "agent/control/requests.h"

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

Result<Fd> listen_on(const std::string& path, mode_t mode) {
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
  if (!bound) return fail_errno("control socket " + path, problem);
  if (::listen(fd.get(), static_cast<int>(ControlServer::max_clients)) != 0)
    return fail_errno("control socket " + path);
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

Result<std::unique_ptr<ControlServer>> ControlServer::open(EventLoop& loop, const std::string& path,
                                                           const ControlAccess& access,
                                                           Answer answer) {
  auto lock = SocketLock::take(path);
  if (!lock) return tl::unexpected<Error>{lock.error()};
  if (auto removed = remove_stale(path); !removed) return tl::unexpected<Error>{removed.error()};
  auto fd = listen_on(path, access.is_for_groups() ? 0666 : 0600);
  if (!fd) return tl::unexpected<Error>{fd.error()};

  std::unique_ptr<ControlServer> out{
      new ControlServer{loop, std::move(*lock), std::move(*fd), path, access, std::move(answer)}};
  auto* self = out.get();
  auto watched = loop.watch(
      out->fd_.get(), EPOLLIN, [self](std::uint32_t) { self->accept(); },
      EventLoop::Served::always);
  if (!watched) return tl::unexpected<Error>{watched.error()};
  return out;
}

ControlServer::ControlServer(EventLoop& loop, SocketLock lock, Fd fd, std::string path,
                             const ControlAccess& access, Answer answer)
    : loop_{loop},
      lock_{std::move(lock)},
      fd_{std::move(fd)},
      path_{std::move(path)},
      access_{access},
      answer_{std::move(answer)} {}

ControlServer::~ControlServer() {
  for (const auto& [fd, client] : clients_) loop_.unwatch(fd);
  loop_.unwatch(fd_.get());
  ::unlink(path_.c_str());
}

void ControlServer::accept() {
  Fd fd{::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!fd) {
    // Who waits stays in the queue, so that the loop would be told of it again and again.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      accept_at_ = boot_time() + accept_pause;
      watch_for_clients();
    }
    return;
  }
  const int key = fd.get();
  const auto right = right_of(key, access_);
  if (right == Right::none) {
    const auto text =
        error_answer("this needs root, or a member of operator-group or admin-group") + '\n';
    static_cast<void>(::send(key, text.data(), text.size(), MSG_NOSIGNAL));
    return;
  }
  const auto serving = loop_.watch(
      key, EPOLLIN, [this, key](std::uint32_t) { serve(key); }, EventLoop::Served::always);
  if (!serving) return;
  clients_.emplace(key, Client{std::move(fd), boot_time() + client_timeout, right, {}, {}, 0});
  watch_for_clients();
}

// watch_for_clients: at the client limit, and in a pause, they wait in the kernel's queue.
void ControlServer::watch_for_clients() {
  const bool ready = clients_.size() < max_clients && !accept_at_;
  (void)loop_.modify(fd_.get(), ready ? std::uint32_t{EPOLLIN} : 0);
}

void ControlServer::serve(int fd) {
  auto& client = clients_.at(fd);
  if (client.asking) return;
  const bool stays = client.answer.empty() ? read_request(client) : write_answer(client);
  if (!stays) close_client(fd);
}

// read_request returns whether the client may stay.
bool ControlServer::read_request(Client& client) {
  std::array<char, 1024> part{};
  const auto size = ::recv(client.fd.get(), part.data(), part.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  client.request.append(part.data(), static_cast<std::size_t>(size));
  const auto end = client.request.find('\n');
  if (end == std::string::npos) return client.request.size() <= max_request;

  client.asking = true;
  client.answer = answer_(std::string_view{client.request}.substr(0, end), client.right);
  client.asking = false;
  client.answer += '\n';
  return write_answer(client);
}

bool ControlServer::write_answer(Client& client) {
  while (client.sent < client.answer.size()) {
    const auto rest = std::string_view{client.answer}.substr(client.sent);
    const auto sent = ::send(client.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return loop_.modify(client.fd.get(), EPOLLOUT).has_value();
    if (sent < 0) return false;
    client.sent += static_cast<std::size_t>(sent);
  }
  return false;
}

void ControlServer::close_client(int fd) {
  loop_.unwatch(fd);
  clients_.erase(fd);
  accept_at_.reset();  // a descriptor is free
  watch_for_clients();
}

void ControlServer::wake(Instant now) {
  std::vector<int> late;
  for (const auto& [fd, client] : clients_)
    if (client.leave_at <= now && !client.asking) late.push_back(fd);
  for (const int fd : late) close_client(fd);
  if (!accept_at_ || *accept_at_ > now) return;
  accept_at_.reset();
  watch_for_clients();
}

std::optional<Instant> ControlServer::deadline() const {
  std::optional<Instant> first = accept_at_;
  for (const auto& [fd, client] : clients_) first = earliest({first, client.leave_at});
  return first;
}

}  // namespace agent
