// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/udp_port.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "agent/address.h"

namespace agent {
namespace {

// A rekey is signed and may be large, and many members answer at once where a key server sits: what
// the kernel can queue while we talk to it must not be the default 208 KiB.
constexpr int receive_buffer = 4 << 20;

template <class Value>
bool set_option(int fd, int level, int option, const Value& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool set_bypass(int fd, std::uint8_t direction) {
  xfrm_userpolicy_info policy{};
  policy.sel.family = AF_INET;
  policy.dir = direction;
  policy.action = XFRM_POLICY_ALLOW;
  policy.lft.soft_byte_limit = policy.lft.hard_byte_limit = XFRM_INF;
  policy.lft.soft_packet_limit = policy.lft.hard_packet_limit = XFRM_INF;
  return set_option(fd, IPPROTO_IP, IP_XFRM_POLICY, policy);
}

ip_mreqn membership(const gdoi::Address& group, const std::string& interface) noexcept {
  ip_mreqn out{};
  std::memcpy(&out.imr_multiaddr, group.bytes.data(), sizeof out.imr_multiaddr);
  // 0, when there is no such interface, would mean any.
  const auto index = ::if_nametoindex(interface.c_str());
  out.imr_ifindex = index == 0 ? -1 : static_cast<int>(index);
  return out;
}

// Room for one IP_PKTINFO, aligned as a control message wants to be.
struct Control {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in_pktinfo))> octets{};
};

msghdr message(sockaddr_in& peer, iovec& part, Control& control) {
  msghdr out{};
  out.msg_name = &peer;
  out.msg_namelen = sizeof peer;
  out.msg_iov = &part;
  out.msg_iovlen = 1;
  out.msg_control = control.octets.data();
  out.msg_controllen = control.octets.size();
  return out;
}

gdoi::Address destination_of(msghdr& received) {
  gdoi::Address out;
  for (cmsghdr* head = CMSG_FIRSTHDR(&received); head; head = CMSG_NXTHDR(&received, head)) {
    if (head->cmsg_level != IPPROTO_IP || head->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(head), sizeof info);
    std::memcpy(out.bytes.data(), &info.ipi_addr, sizeof info.ipi_addr);
  }
  return out;
}

}  // namespace

Result<UdpPort> UdpPort::open(std::uint16_t port) {
  const auto name = fmt::format("UDP port {}", port);
  Fd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return fail_errno(name);
  if (!set_option(fd.get(), IPPROTO_IP, IP_PKTINFO, int{1}))
    return fail_errno(name + ": IP_PKTINFO");
  // Else we would hear the groups that other programs joined.
  if (!set_option(fd.get(), IPPROTO_IP, IP_MULTICAST_ALL, int{0}))
    return fail_errno(name + ": IP_MULTICAST_ALL");
  // The kernel knows IP_XFRM_POLICY once its module xfrm_user is there; a socket of its family has
  // it loaded.
  const Fd loader{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM)};
  if (!set_bypass(fd.get(), XFRM_POLICY_OUT) || !set_bypass(fd.get(), XFRM_POLICY_IN))
    return fail_errno(name +
                      ": exemption from XFRM policies (IP_XFRM_POLICY, needs CAP_NET_ADMIN)");
  if (!set_option(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer) &&
      !set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, receive_buffer))
    return fail_errno(name + ": SO_RCVBUF");

  // Never with SO_REUSEADDR: two members on one port would steal each other's datagrams.
  const auto here = to_sockaddr(gdoi::Endpoint{{}, port});
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0)
    return UdpPort{std::move(fd), port};
  if (errno == EADDRINUSE)
    return fail(name +
                " is taken: another getvpn-gm or GDOI daemon runs in this network namespace");
  if (errno == EACCES) return fail_errno(name + ": needs CAP_NET_BIND_SERVICE");
  return fail_errno(name);
}

Result<void> UdpPort::join(const gdoi::Address& group, const std::string& interface) const {
  const auto request = membership(group, interface);
  if (set_option(fd_.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, request) || errno == EADDRINUSE)
    return {};
  return fail_errno(fmt::format("join multicast group {} on {}", to_string(group), interface));
}

void UdpPort::leave(const gdoi::Address& group, const std::string& interface) const noexcept {
  (void)set_option(fd_.get(), IPPROTO_IP, IP_DROP_MEMBERSHIP, membership(group, interface));
}

Result<void> UdpPort::send(const gdoi::Address& source, const gdoi::Endpoint& to,
                           gdoi::View datagram) const {
  auto peer = to_sockaddr(to);
  iovec part{const_cast<std::byte*>(datagram.data()), datagram.size()};
  Control control;
  auto out = message(peer, part, control);

  in_pktinfo info{};
  std::memcpy(&info.ipi_spec_dst, source.bytes.data(), sizeof info.ipi_spec_dst);
  cmsghdr* head = CMSG_FIRSTHDR(&out);
  head->cmsg_level = IPPROTO_IP;
  head->cmsg_type = IP_PKTINFO;
  head->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(head), &info, sizeof info);

  ssize_t sent = -1;
  do {
    sent = ::sendmsg(fd_.get(), &out, 0);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail_errno(fmt::format("send to {}", to_string(to)));
  return {};
}

std::optional<Datagram> UdpPort::receive() {
  sockaddr_in peer{};
  iovec part{buffer_.data(), buffer_.size()};
  Control control;
  auto in = message(peer, part, control);
  const auto size = ::recvmsg(fd_.get(), &in, 0);
  if (size < 0) return std::nullopt;
  return Datagram{to_endpoint(peer), destination_of(in),
                  gdoi::View{buffer_}.first(static_cast<std::size_t>(size))};
}

}  // namespace agent
