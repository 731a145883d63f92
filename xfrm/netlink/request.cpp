// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/netlink/request.h"

#include <cstring>

namespace xfrm {

Request::Request() noexcept : head_{::mnl_nlmsg_put_header(buffer_.data())} {}

void Request::start(std::uint16_t type, std::uint16_t flags) noexcept {
  ::explicit_bzero(buffer_.data(), head_->nlmsg_len);
  head_ = ::mnl_nlmsg_put_header(buffer_.data());
  head_->nlmsg_type = type;
  head_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  overflowed_ = false;
}

Request::~Request() { ::explicit_bzero(buffer_.data(), head_->nlmsg_len); }

void Request::attribute(std::uint16_t type, std::span<const std::byte> value) noexcept {
  put_two(type, value, {});
}

void Request::put_two(std::uint16_t type, std::span<const std::byte> head,
                      std::span<const std::byte> tail) noexcept {
  const std::size_t size = head.size() + tail.size();
  const std::size_t start = head_->nlmsg_len;
  const std::size_t room = MNL_ATTR_HDRLEN + static_cast<std::size_t>(MNL_ALIGN(size));
  if (overflowed_ || size > buffer_.size() || start + room > buffer_.size()) {
    overflowed_ = true;
    return;
  }
  // libmnl's put_check takes one source; the parts of an algorithm come from two, and a copy of the
  // key in between would be one more place to wipe. So: reserve through libmnl, then fill.
  std::memset(buffer_.data() + start, 0, room);
  auto* const attribute = static_cast<nlattr*>(::mnl_nlmsg_get_payload_tail(head_));
  attribute->nla_type = type;
  attribute->nla_len = static_cast<std::uint16_t>(MNL_ATTR_HDRLEN + size);
  auto* const payload = static_cast<std::byte*>(::mnl_attr_get_payload(attribute));
  if (!head.empty()) std::memcpy(payload, head.data(), head.size());
  if (!tail.empty()) std::memcpy(payload + head.size(), tail.data(), tail.size());
  head_->nlmsg_len = static_cast<std::uint32_t>(start + room);
}

void Request::number(std::uint32_t sequence, std::uint16_t more_flags,
                     std::uint32_t port) noexcept {
  head_->nlmsg_pid = port;
  head_->nlmsg_seq = sequence;
  head_->nlmsg_flags = static_cast<std::uint16_t>(head_->nlmsg_flags | more_flags);
}

std::span<const std::byte> Request::bytes() const noexcept {
  return std::span{buffer_}.first(head_->nlmsg_len);
}

}  // namespace xfrm
