// SPDX-License-Identifier: GPL-2.0-or-later
// AnchorSet: the address IN on lo, the route to OUT and, for senders that have anchors of their
// own, a local route to all of these, through libnl-route-3. Where the WAN is in a VRF they are in
// its table: the address on the VRF's device, since that of lo is not found by a table that ends in
// an unreachable default route.
//
// The route has no gateway: it only gives XFRM an MTU and an output device to build the packet
// with; before the packet leaves, it is routed afresh by its true destination. Were our rules
// taken away, the packets for OUT would wait for a neighbour that never answers, so nothing would
// leave the router. And there is no gateway to follow when the default route changes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "xfrm/ipsec/sa_codec.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/netlink/route_socket.h"
#include "xfrm/route/links.h"

namespace xfrm {

// The label of our address (IPv4) and the protocol of our route: what they are known by. 71 is no
// other program's in /etc/iproute2/rt_protos.
inline constexpr const char* anchor_label = "lo:getvpn-gm";
inline constexpr std::uint8_t anchor_protocol = 71;

// AnchorRoute is the part of the route to OUT that may change.
struct AnchorRoute {
  int interface = 0;
  std::uint32_t mtu = 0;  // 0: the interface's
  friend bool operator==(const AnchorRoute&, const AnchorRoute&) = default;
};

// AnchorPlace is where the two belong.
struct AnchorPlace {
  int device = 1;  // of the address; 1 is lo in every network namespace
  std::string name = "lo";
  int vrf = 0;              // the VRF's device, 0: none
  std::uint32_t table = 0;  // of the route; 0: main
  friend bool operator==(const AnchorPlace&, const AnchorPlace&) = default;
};

class AnchorSet {
 public:
  // `pool` has the anchors of senders.
  [[nodiscard]] static Result<AnchorSet> open(Anchors anchors, FaultInjector faults,
                                              const Prefix& pool = {});

  // follow takes the place that goes with the WAN interfaces. It fails when they are not all in one
  // VRF, or all in none.
  [[nodiscard]] Result<void> follow(const std::vector<Link>& interfaces);

  // wanted_route looks where traffic through the WAN interfaces goes now: by the first that is up,
  // with the smallest MTU of all.
  [[nodiscard]] Result<AnchorRoute> wanted_route(const std::vector<Link>& interfaces);

  // has_address and route tell what of ours is there. Somebody else's in its place is an error.
  [[nodiscard]] Result<bool> has_address();
  [[nodiscard]] Result<std::optional<AnchorRoute>> route();

  [[nodiscard]] Family family() const noexcept { return anchors_.in.family; }
  [[nodiscard]] std::string address_name() const;
  [[nodiscard]] std::string route_name() const;
  [[nodiscard]] std::uint32_t port() const noexcept;  // notifications of our changes carry it

  // add_address and set_route are false where IPv6 is switched off (sysctl disable_ipv6) on lo or
  // on the WAN: nothing of that family can pass there, so nothing is missing.
  [[nodiscard]] Result<bool> add_address();
  [[nodiscard]] Result<void> delete_address();                     // gone already: no error
  [[nodiscard]] Result<bool> set_route(const AnchorRoute& route);  // adds or replaces
  [[nodiscard]] Result<void> delete_route();                       // gone already: no error

  // The same for the anchors of senders: what is sent to one is delivered to us.
  [[nodiscard]] std::string pool_name() const;
  [[nodiscard]] Result<bool> has_pool();
  [[nodiscard]] Result<bool> add_pool();
  [[nodiscard]] Result<void> delete_pool();

  // is_on tells whether the family can be used on lo and on the route's interface.
  [[nodiscard]] bool is_on(const AnchorRoute& route);

 private:
  AnchorSet(Anchors anchors, FaultInjector faults, NlSocket socket, const Prefix& pool);
  [[nodiscard]] NlRoute make_pool_route() const;
  [[nodiscard]] Result<void> pass(const std::string& what);
  [[nodiscard]] Result<NlLocalAddress> make_address(int device);
  [[nodiscard]] Result<void> delete_address_of(int device);
  [[nodiscard]] NlRoute make_route(const AnchorRoute& route);
  [[nodiscard]] bool is_off(int nl_code) const;

  Anchors anchors_;
  Prefix pool_;
  AnchorPlace place_;
  std::optional<int> elsewhere_;  // a device that has our address and should not
  FaultInjector faults_;
  NlSocket socket_;
};

}  // namespace xfrm
