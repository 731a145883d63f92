// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/udp_port.h"

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

// Behind the C library's: else the kernel's forms of ipv6_mreq and in6_pktinfo hide its own.
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include <array>

#include "agent/base/address.h"

namespace agent {
namespace {

// A rekey is signed and may be large, and many members answer at once where a key server sits: what
// the kernel can queue while we talk to it must not be the default 208 KiB.
constexpr int receive_buffer = 4 << 20;

// RFC 4594 section 3.1: network control is CS6, as Cisco marks IKE and GDOI. As the octet of the IP
// header, RFC 2474 section 3.
constexpr int network_control = 48 << 2;

// The options of both address families, side by side.
struct FamilyOptions {
  int domain, level, packet_info, control_type, multicast_all, xfrm_policy, join, leave, dscp;
  std::string_view packet_info_name, multicast_all_name, xfrm_policy_name, dscp_name;
};
constexpr FamilyOptions ipv4{AF_INET,           IPPROTO_IP,         IP_PKTINFO,
                             IP_PKTINFO,        IP_MULTICAST_ALL,   IP_XFRM_POLICY,
                             IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_TOS,
                             "IP_PKTINFO",      "IP_MULTICAST_ALL", "IP_XFRM_POLICY",
                             "IP_TOS"};
constexpr FamilyOptions ipv6{AF_INET6,           IPPROTO_IPV6,         IPV6_RECVPKTINFO,
                             IPV6_PKTINFO,       IPV6_MULTICAST_ALL,   IPV6_XFRM_POLICY,
                             IPV6_JOIN_GROUP,    IPV6_LEAVE_GROUP,     IPV6_TCLASS,
                             "IPV6_RECVPKTINFO", "IPV6_MULTICAST_ALL", "IPV6_XFRM_POLICY",
                             "IPV6_TCLASS"};

const FamilyOptions& options_of(gdoi::Address::Family family) noexcept {
  return family == gdoi::Address::Family::ipv4 ? ipv4 : ipv6;
}

template <class Value>
bool set_option(int fd, int level, int option, const Value& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool set_bypass(int fd, const FamilyOptions& family, std::uint8_t direction) {
  xfrm_userpolicy_info policy{};
  policy.sel.family = static_cast<__u16>(family.domain);
  policy.dir = direction;
  policy.action = XFRM_POLICY_ALLOW;
  policy.lft.soft_byte_limit = policy.lft.hard_byte_limit = XFRM_INF;
  policy.lft.soft_packet_limit = policy.lft.hard_packet_limit = XFRM_INF;
  return set_option(fd, family.level, family.xfrm_policy, policy);
}

bool set_membership(int fd, const gdoi::Address& group, const std::string& interface, bool join) {
  const FamilyOptions& family = options_of(group.family);
  const int option = join ? family.join : family.leave;
  // 0, when there is no such interface, would mean any.
  const auto index = ::if_nametoindex(interface.c_str());
  const int named = index == 0 ? -1 : static_cast<int>(index);
  if (group.family == gdoi::Address::Family::ipv4) {
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group.bytes.data(), sizeof request.imr_multiaddr);
    request.imr_ifindex = named;
    return set_option(fd, family.level, option, request);
  }
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, group.bytes.data(), sizeof request.ipv6mr_multiaddr);
  request.ipv6mr_interface = static_cast<unsigned>(named);
  return set_option(fd, family.level, option, request);
}

// Room for the packet information of either family, aligned as a control message wants to be.
struct Control {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> octets{};
};

msghdr message(SocketAddress& peer, iovec& part, Control& control) {
  msghdr out{};
  out.msg_name = peer.get();
  out.msg_namelen = peer.size;
  out.msg_iov = &part;
  out.msg_iovlen = 1;
  out.msg_control = control.octets.data();
  out.msg_controllen = control.octets.size();
  return out;
}

template <class Info>
void put_control(msghdr& out, const FamilyOptions& family, const Info& info) {
  out.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* head = CMSG_FIRSTHDR(&out);
  head->cmsg_level = family.level;
  head->cmsg_type = family.control_type;
  head->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(head), &info, sizeof info);
}

void put_source(msghdr& out, const gdoi::Address& source) {
  if (source.family == gdoi::Address::Family::ipv4) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, source.bytes.data(), sizeof info.ipi_spec_dst);
    return put_control(out, ipv4, info);
  }
  in6_pktinfo info{};
  std::memcpy(&info.ipi6_addr, source.bytes.data(), sizeof info.ipi6_addr);
  put_control(out, ipv6, info);
}

gdoi::Address destination_of(msghdr& received, gdoi::Address::Family family) {
  const FamilyOptions& options = options_of(family);
  gdoi::Address out;
  out.family = family;
  for (cmsghdr* head = CMSG_FIRSTHDR(&received); head; head = CMSG_NXTHDR(&received, head)) {
    if (head->cmsg_level != options.level || head->cmsg_type != options.control_type) continue;
    if (family == gdoi::Address::Family::ipv4) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(head), sizeof info);
      std::memcpy(out.bytes.data(), &info.ipi_addr, sizeof info.ipi_addr);
    } else {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(head), sizeof info);
      std::memcpy(out.bytes.data(), &info.ipi6_addr, sizeof info.ipi6_addr);
    }
  }
  return out;
}

std::string text_of(const PortName& name) {
  return fmt::format("UDP port {}{}{}", name.number,
                     name.family == gdoi::Address::Family::ipv6 ? " (IPv6)" : "",
                     name.device.empty() ? "" : " on " + name.device);
}

// prepare sets all options of a port that is not bound yet.
Result<void> prepare(int fd, const PortName& name, const std::string& text) {
  const FamilyOptions& family = options_of(name.family);
  const auto refused = [&](std::string_view option) {
    return fail_errno(fmt::format("{}: {}", text, option));
  };
  if (name.family == gdoi::Address::Family::ipv6) {
    if (!set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, int{1})) return refused("IPV6_V6ONLY");
  } else if (!set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, int{IP_PMTUDISC_DONT})) {
    // Routers may cut what we send: a message that is too large for a path must arrive all the
    // same.
    return refused("IP_MTU_DISCOVER");
  }
  if (!set_option(fd, family.level, family.dscp, network_control)) return refused(family.dscp_name);
  if (!set_option(fd, family.level, family.packet_info, int{1}))
    return refused(family.packet_info_name);
  // Else we would hear the groups that other programs joined.
  if (!set_option(fd, family.level, family.multicast_all, int{0}))
    return refused(family.multicast_all_name);
  if (!name.device.empty() && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.device.c_str(),
                                           static_cast<socklen_t>(name.device.size())) != 0)
    return refused("SO_BINDTODEVICE");
  // The kernel knows IP_XFRM_POLICY once its module xfrm_user is there; a socket of its family has
  // it loaded.
  const Fd loader{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM)};
  if (!set_bypass(fd, family, XFRM_POLICY_OUT) || !set_bypass(fd, family, XFRM_POLICY_IN))
    return refused(fmt::format("exemption from XFRM policies ({}, needs CAP_NET_ADMIN)",
                               family.xfrm_policy_name));
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer) &&
      !set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer))
    return refused("SO_RCVBUF");
  return {};
}

}  // namespace

Result<UdpPort> UdpPort::open(PortName name, std::span<const UdpPort* const> beside) {
  const auto text = text_of(name);
  Fd fd{::socket(kernel_family(name.family), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return fail_errno(text);
  if (auto prepared = prepare(fd.get(), name, text); !prepared)
    return tl::unexpected<Error>{prepared.error()};

  // Never with SO_REUSEADDR: two members on one port would steal each other's datagrams. Only for
  // our own ports, and while this one is bound, is there an exception.
  const auto share = [&](int on) {
    for (const auto* port : beside) (void)set_option(port->fd(), SOL_SOCKET, SO_REUSEADDR, on);
    if (!beside.empty()) (void)set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, on);
  };
  gdoi::Endpoint any;
  any.address.family = name.family;
  any.port = name.number;
  const auto here = to_sockaddr(any);
  share(1);
  const bool bound = ::bind(fd.get(), here.get(), here.size) == 0;
  const int problem = errno;
  share(0);
  if (bound) return UdpPort{std::move(fd), std::move(name)};
  errno = problem;
  if (errno == EADDRINUSE && name.number == gdoi::gdoi_port)
    return fail(text +
                " is taken: another getvpn-gm or GDOI daemon runs in this network namespace");
  if (errno == EADDRINUSE) return fail(text + " is taken by another program");
  if (errno == EACCES) return fail_errno(text + ": needs CAP_NET_BIND_SERVICE");
  return fail_errno(text);
}

Result<void> UdpPort::join(const gdoi::Address& group, const std::string& interface) const {
  if (set_membership(fd_.get(), group, interface, true) || errno == EADDRINUSE) return {};
  return fail_errno(fmt::format("join multicast group {} on {}", to_string(group), interface));
}

void UdpPort::leave(const gdoi::Address& group, const std::string& interface) const noexcept {
  (void)set_membership(fd_.get(), group, interface, false);
}

Result<void> UdpPort::send(const gdoi::Address& source, const gdoi::Endpoint& to,
                           gdoi::View datagram) const {
  auto peer = to_sockaddr(to);
  iovec part{const_cast<std::byte*>(datagram.data()), datagram.size()};
  Control control;
  auto out = message(peer, part, control);
  put_source(out, source);

  ssize_t sent = -1;
  do {
    sent = ::sendmsg(fd_.get(), &out, 0);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail_errno(fmt::format("send to {}", to_string(to)));
  return {};
}

std::optional<Datagram> UdpPort::receive() {
  SocketAddress peer;
  iovec part{buffer_.get(), room};
  Control control;
  auto in = message(peer, part, control);
  const auto size = ::recvmsg(fd_.get(), &in, 0);
  if (size < 0) return std::nullopt;
  return Datagram{to_endpoint(peer),
                  {destination_of(in, name_.family), name_.number},
                  gdoi::View{buffer_.get(), static_cast<std::size_t>(size)}};
}

}  // namespace agent
