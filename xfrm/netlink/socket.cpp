// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/netlink/socket.h"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace xfrm {
namespace {

// Answers are there when a send returns, so this is no tuning knob: it only keeps a kernel bug from
// hanging us for ever.
constexpr timeval answer_limit{.tv_sec = 30, .tv_usec = 0};

// With the default limits (net.core.rmem_max) an unprivileged size is enough for a batch of 128.
constexpr int wanted_queue = 1 << 20;

bool configure(int fd) noexcept {
  const int on = 1;
  // NETLINK_CAP_ACK, NETLINK_EXT_ACK: in every kernel we support (4.12 and later), so required.
  if (::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0) return false;
  if (::setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) < 0) return false;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &answer_limit, sizeof answer_limit) < 0)
    return false;
  // Larger buffers help with long lists and are not needed: a refusal leaves the default.
  for (const int option : {SO_SNDBUFFORCE, SO_RCVBUFFORCE})
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, option, &wanted_queue, sizeof wanted_queue));
  return true;
}

}  // namespace

void Socket::Close::operator()(mnl_socket* socket) const noexcept { ::mnl_socket_close(socket); }

Result<Socket> Socket::open(int bus) {
  Socket socket{::mnl_socket_open2(bus, SOCK_CLOEXEC)};
  if (!socket.handle_ || ::mnl_socket_bind(socket.handle_.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
      !configure(::mnl_socket_get_fd(socket.handle_.get())))
    return fail(errno,
                bus == NETLINK_XFRM ? "open an XFRM netlink socket" : "open a netlink socket");

  int size = 0;
  socklen_t length = sizeof size;
  if (::getsockopt(::mnl_socket_get_fd(socket.handle_.get()), SOL_SOCKET, SO_RCVBUF, &size,
                   &length) < 0)
    return fail(errno, "read the size of a netlink socket's queue");
  socket.receive_queue_size_ = static_cast<std::size_t>(size);
  return socket;
}

Result<Socket> Socket::listen(int bus, std::span<const int> groups) {
  Socket socket{::mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!socket.handle_ || ::mnl_socket_bind(socket.handle_.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    return fail(errno, "open a netlink socket for events");
  static_cast<void>(
      ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted_queue, sizeof wanted_queue));
  for (int group : groups)
    if (::mnl_socket_setsockopt(socket.handle_.get(), NETLINK_ADD_MEMBERSHIP, &group,
                                sizeof group) < 0)
      return fail(errno, "listen to netlink events");
  return socket;
}

void Socket::make_room(std::size_t octets, std::size_t answers) const noexcept {
  // What the kernel counts for an acknowledgement: its socket buffer, and room for an explanation.
  constexpr std::size_t answer_size = 1024;
  constexpr std::size_t least = wanted_queue, most = std::numeric_limits<int>::max() / 2;
  const auto set = [&](int option, std::size_t size) {
    const int wanted = static_cast<int>(std::clamp(size, least, most));
    static_cast<void>(::setsockopt(fd(), SOL_SOCKET, option, &wanted, sizeof wanted));
  };
  // A refusal shows when the message is sent.
  set(SO_SNDBUFFORCE, octets);
  set(SO_RCVBUFFORCE, answers * answer_size);
}

int Socket::send(std::span<const std::byte> bytes) const noexcept {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = -1;
  do {
    sent = ::sendto(::mnl_socket_get_fd(handle_.get()), bytes.data(), bytes.size(), 0,
                    reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno;
  return static_cast<std::size_t>(sent) == bytes.size() ? 0 : EIO;
}

std::ptrdiff_t Socket::receive(std::span<std::byte> buffer) const noexcept {
  for (;;) {
    sockaddr_nl from{};
    socklen_t length = sizeof from;
    const auto got = ::recvfrom(::mnl_socket_get_fd(handle_.get()), buffer.data(), buffer.size(),
                                MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (from.nl_pid != 0) continue;  // any process may write to a netlink port
    if (static_cast<std::size_t>(got) > buffer.size()) return -EMSGSIZE;
    return got;
  }
}

int Socket::fd() const noexcept { return ::mnl_socket_get_fd(handle_.get()); }

std::uint32_t Socket::port() const noexcept { return ::mnl_socket_get_portid(handle_.get()); }

}  // namespace xfrm
