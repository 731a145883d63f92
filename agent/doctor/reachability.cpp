// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/doctor/reachability.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "agent/base/address.h"
#include "agent/base/fd.h"

namespace agent {
namespace {

using Weight = Diagnosis::Weight;

constexpr int icmp_patience = 1000;  // ms

// error_of_probe is 0 when no error came.
int error_of_probe(const KeyServer& server, const std::string& vrf) {
  const Fd fd{::socket(kernel_family(server.address.family), SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd) return errno;
  if (!vrf.empty() && ::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, vrf.c_str(),
                                   static_cast<socklen_t>(vrf.size())) != 0)
    return errno;
  const auto to = to_sockaddr(server);
  if (::connect(fd.get(), to.get(), to.size) != 0 || ::send(fd.get(), "", 0, MSG_NOSIGNAL) < 0)
    return errno;
  pollfd answer{fd.get(), POLLIN, 0};
  if (::poll(&answer, 1, icmp_patience) <= 0) return 0;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Diagnosis refusal_of(const std::string& subject, int error) {
  switch (error) {
    case ECONNREFUSED:
      return {Weight::fault, subject, "port unreachable: nothing listens there for GDOI",
              "start GDOI at the key server; compare address and port of 'ks'"};
    case EHOSTUNREACH:
    case ENETUNREACH:
      return {Weight::fault, subject, "unreachable: there is no route to it",
              "ip route get to its address; look at the routers in between"};
    case EACCES:
    case EPERM:
      return {Weight::fault, subject, "prohibited, here or by a router in between",
              "let UDP 848 (and 4500) pass in the firewall"};
    case EMSGSIZE:
      return {Weight::hint, subject, "a router wants smaller packets", "compare the MTUs"};
    default:
      return {Weight::fault, subject, std::strerror(error), "ip route get to its address"};
  }
}

Diagnosis examine_key_server(const KeyServer& server, const std::string& vrf) {
  const auto subject = "key server " + key_server_text(server);
  const int error = error_of_probe(server, vrf);
  if (error != 0) return refusal_of(subject, error);
  return {Weight::fine, subject, "no ICMP error came for UDP from here", ""};
}

}  // namespace agent
