// SPDX-License-Identifier: GPL-2.0-or-later
// Socket: one netlink socket, closed by itself. Reports errors with the kernel's own words
// (NETLINK_EXT_ACK) and without echoing our requests, which may hold keys (NETLINK_CAP_ACK).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "xfrm/base/result.h"

struct mnl_socket;

namespace xfrm {

class Socket {
 public:
  // open makes a socket on `bus` (NETLINK_XFRM, NETLINK_NETFILTER) of the network namespace the
  // caller is in.
  [[nodiscard]] static Result<Socket> open(int bus);

  // listen makes one that gets the notifications of `groups`; its receive never waits.
  [[nodiscard]] static Result<Socket> listen(int bus, std::span<const int> groups);

  // send hands the messages in `bytes` to the kernel, which has dealt with all of them when this
  // returns: what it answers waits in the receive queue. The value on failure is the errno.
  [[nodiscard]] int send(std::span<const std::byte> bytes) const noexcept;

  // make_room has the queues hold one message of `octets` and that many answers. The kernel takes
  // memory for them only when they come.
  void make_room(std::size_t octets, std::size_t answers) const noexcept;

  // receive takes one datagram of the kernel's off the queue; datagrams that are not from the
  // kernel are dropped. Returns its size, or the errno negated: EAGAIN when nothing came in time,
  // ENOBUFS when answers were lost.
  [[nodiscard]] std::ptrdiff_t receive(std::span<std::byte> buffer) const noexcept;

  [[nodiscard]] std::size_t receive_queue_size() const noexcept { return receive_queue_size_; }
  [[nodiscard]] int fd() const noexcept;
  [[nodiscard]] std::uint32_t port() const noexcept;

 private:
  struct Close {
    void operator()(mnl_socket* socket) const noexcept;
  };
  explicit Socket(mnl_socket* handle) noexcept : handle_{handle} {}
  std::unique_ptr<mnl_socket, Close> handle_;
  std::size_t receive_queue_size_ = 0;
};

}  // namespace xfrm
