// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/netlink/route_socket.h"

#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "xfrm/base/kernel_address.h"

namespace xfrm {
namespace {

int pick_route(nl_msg* message, void* out) {
  rtnl_route* route = nullptr;
  if (::rtnl_route_parse(::nlmsg_hdr(message), &route) == 0)
    static_cast<NlRoute*>(out)->reset(route);
  return NL_OK;
}

}  // namespace

Result<NlSocket> open_route_socket() {
  NlSocket socket{::nl_socket_alloc()};
  if (!socket) return fail(ENOMEM, "open a route netlink socket");
  errno = 0;
  if (const int code = ::nl_connect(socket.get(), NETLINK_ROUTE); code < 0) {
    // libnl has one number for most of what the kernel may say, such as EMFILE.
    if (code == -NLE_FAILURE && errno != 0) return fail(errno, "open a route netlink socket");
    return nl_fail(code, "open a route netlink socket");
  }
  return socket;
}

int errno_of(int nl_code) {
  switch (-nl_code) {
    case NLE_EXIST:
      return EEXIST;
    case NLE_OBJ_NOTFOUND:
      return ESRCH;
    case NLE_PERM:
      return EPERM;
    case NLE_NOACCESS:
      return EACCES;
    case NLE_NODEV:
      return ENODEV;
    case NLE_NOADDR:
      return EADDRNOTAVAIL;
    case NLE_NOMEM:
      return ENOMEM;
    case NLE_BUSY:
      return EBUSY;
    case NLE_INVAL:
    case NLE_RANGE:
      return EINVAL;
    case NLE_OPNOTSUPP:
    case NLE_PROTO_MISMATCH:
      return EOPNOTSUPP;
    case NLE_AF_NOSUPPORT:
      return EAFNOSUPPORT;
    default:  // not an enum: libnl has some thirty, and may get more
      return EIO;
  }
}

tl::unexpected<Error> nl_fail(int nl_code, std::string what) {
  return fail(errno_of(nl_code), std::move(what), ::nl_geterror(nl_code));
}

NlAddress to_nl(const Address& address) {
  const auto size = address_size(address.family);
  NlAddress out{::nl_addr_build(kernel_family(address.family), address.bytes.data(), size)};
  if (!out) throw std::bad_alloc{};
  ::nl_addr_set_prefixlen(out.get(), static_cast<int>(size * 8));
  return out;
}

Address from_nl(const nl_addr* address) {
  Address out{::nl_addr_get_family(address) == AF_INET6 ? Family::ipv6 : Family::ipv4, {}};
  const auto size = std::min<std::size_t>(::nl_addr_get_len(address), out.bytes.size());
  std::memcpy(out.bytes.data(), ::nl_addr_get_binary_addr(address), size);
  return out;
}

Result<NlRoute> look_up_route(nl_sock* socket, const Address& destination, int interface,
                              std::uint32_t flags, const std::string& what) {
  const NlMessage message{::nlmsg_alloc_simple(RTM_GETROUTE, 0)};
  rtmsg fixed{};
  fixed.rtm_family = static_cast<unsigned char>(kernel_family(destination.family));
  fixed.rtm_flags = flags;
  fixed.rtm_dst_len = static_cast<unsigned char>(address_size(destination.family) * 8);
  const auto address = to_nl(destination);
  if (!message || ::nlmsg_append(message.get(), &fixed, sizeof fixed, NLMSG_ALIGNTO) < 0 ||
      ::nla_put_addr(message.get(), RTA_DST, address.get()) < 0 ||
      (interface != 0 &&
       ::nla_put_u32(message.get(), RTA_OIF, static_cast<std::uint32_t>(interface)) < 0))
    return fail(ENOMEM, what);
  NlRoute found;
  ::nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, pick_route, &found);
  int code = ::nl_send_auto(socket, message.get());
  if (code >= 0) code = ::nl_recvmsgs_default(socket);  // the route
  if (code >= 0) code = ::nl_wait_for_ack(socket);
  ::nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_DEFAULT, nullptr, nullptr);
  // What libnl has no word for is, of such a question, that no route leads there.
  if (code == -NLE_FAILURE || (code >= 0 && !found)) return fail(ENETUNREACH, what);
  if (code < 0) return nl_fail(code, what);
  return found;
}

}  // namespace xfrm
