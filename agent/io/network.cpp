// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/network.h"

#include "agent/base/address.h"

namespace agent {

Result<void> Network::use(const std::string& vrf) {
  if (domains_.count(vrf) != 0) return {};
  auto sockets = GdoiSockets::open(
      loop_, vrf, [this, vrf](const Datagram& datagram) { receive_(vrf, datagram); },
      [this](const PortName& name) {
        std::vector<const UdpPort*> out;
        for (const auto& [other, theirs] : domains_)
          if (const auto* port = theirs->find(name.number, name.family)) out.push_back(port);
        return out;
      });
  if (!sockets) return tl::unexpected<Error>{sockets.error()};
  domains_.emplace(vrf, std::move(*sockets));
  return {};
}

void Network::hold_nat_traversal(const std::set<std::string>& vrfs) {
  for (const auto& [vrf, sockets] : domains_)
    if (const auto held = sockets->hold_nat_traversal(vrfs.count(vrf) != 0); !held)
      log_.warning(
          "{}: where a NAT is on the way to a key server, no registration will succeed. Stop that "
          "program, or set nat-t = no where there is no NAT",
          held.error().what);
}

void Network::send(const std::string& vrf, const gdoi::Endpoint& from, const gdoi::Endpoint& to,
                   gdoi::View datagram) {
  auto sent = domains_.at(vrf)->send(from, to, datagram);
  if (!sent) send_failures_.count(sent.error().what, to_string(to), boot_time());
}

void Network::listen(const std::string& vrf, Listener listener,
                     std::span<const gdoi::Endpoint> groups,
                     const std::vector<std::string>& interfaces) {
  complain(domains_.at(vrf)->listen(listener, groups, interfaces));
}

void Network::refresh() {
  for (const auto& [vrf, sockets] : domains_) complain(sockets->refresh());
}

void Network::complain(const std::vector<Error>& errors) const {
  for (const auto& error : errors) log_.error("rekeys by multicast: {}", error.what);
}

void Network::wake(Instant now) {
  if (const auto summary = send_failures_.summary(now)) log_.warning("{}", *summary);
}

}  // namespace agent
