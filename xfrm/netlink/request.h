// SPDX-License-Identifier: GPL-2.0-or-later
// Request: one netlink message under construction. Puts are bounded, and since the message may hold
// keys it stays where it was made and is wiped when it goes.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace xfrm {

class Request {
 public:
  Request() noexcept;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request();

  // start wipes what was there and begins a message. `flags` beside NLM_F_REQUEST; NetlinkChannel
  // adds NLM_F_ACK and the sequence number.
  void start(std::uint16_t type, std::uint16_t flags = 0) noexcept;

  // fixed appends the zeroed fixed part. Call it once, before any attribute.
  template <class Fixed>
  [[nodiscard]] Fixed& fixed() noexcept {
    static_assert(std::is_trivially_copyable_v<Fixed> && sizeof(Fixed) <= 512);
    return *static_cast<Fixed*>(::mnl_nlmsg_put_extra_header(head_, sizeof(Fixed)));
  }

  // attribute appends one; when it does not fit, the whole request counts as overflowed and will
  // not be sent.
  void attribute(std::uint16_t type, std::span<const std::byte> value) noexcept;

  template <class Value>
  void attribute(std::uint16_t type, const Value& value) noexcept
      requires(std::is_trivially_copyable_v<Value>&& std::is_standard_layout_v<Value> &&
               !std::is_convertible_v<Value, std::span<const std::byte>>) {
    attribute(type, std::as_bytes(std::span{&value, 1}));
  }

  // An attribute may also be a fixed part and the bytes after it, as algorithms are: the key is
  // copied once, here.
  template <class Head>
  void attribute(std::uint16_t type, const Head& head, std::span<const std::byte> tail) noexcept {
    static_assert(std::is_trivially_copyable_v<Head>);
    put_two(type, std::as_bytes(std::span{&head, 1}), tail);
  }

  // number also puts our port: notifications of what a request did carry it (XFRM takes it from
  // here), and so are known as our own doing.
  void number(std::uint32_t sequence, std::uint16_t more_flags, std::uint32_t port) noexcept;
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept;

 private:
  void put_two(std::uint16_t type, std::span<const std::byte> head,
               std::span<const std::byte> tail) noexcept;

  // A state with the longest keys and the widest replay window needs some 1,400 octets.
  alignas(nlmsghdr) std::array<std::byte, 2048> buffer_;
  nlmsghdr* head_;
  bool overflowed_ = false;
};

}  // namespace xfrm
