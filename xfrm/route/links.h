// SPDX-License-Identifier: GPL-2.0-or-later
// Which interface leads where: links, addresses and routes, read through libnl-3 and libnl-route-3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xfrm/base/result.h"
#include "xfrm/base/types.h"

namespace xfrm {

// Path is how the kernel would send to an address now.
struct Path {
  std::string interface;
  int index = 0;
  Address source;  // the address the kernel would choose
  bool gateway = false;
  Address next_hop;  // valid when `gateway`
  std::uint32_t mtu = 0;
};

// path_to asks the kernel's routing (RTM_GETROUTE). `interface` may be empty, or force the way out.
[[nodiscard]] Result<Path> path_to(const Address& destination, const std::string& interface = {});

struct Link {
  std::string name;
  int index = 0;
  std::uint32_t mtu = 0;
  bool up = false;
  std::string vrf;          // the VRF it is in; empty: none
  int vrf_index = 0;        // of that VRF's device, and
  std::uint32_t table = 0;  // its routing table
};
[[nodiscard]] Result<Link> find_link(const std::string& name);

// AddressedLink is an interface that has an address others may send to: none of the loopback's own
// (127.0.0.0/8, ::1), none that is good on its link only.
struct AddressedLink {
  std::string name;
  bool loopback = false, up = false;
  bool ipv4 = false, ipv6 = false;
  friend bool operator==(const AddressedLink&, const AddressedLink&) = default;
};
[[nodiscard]] Result<std::vector<AddressedLink>> addressed_links();

// name_of is what the interface with that index is called now; empty: there is none.
[[nodiscard]] std::string name_of(int index);

// addresses_of lists the addresses of an interface in the kernel's order, IPv6 link-local ones left
// out; none when there is no such interface.
[[nodiscard]] Result<std::vector<Address>> addresses_of(const std::string& interface);

// is_local tells whether an address is one of this machine's now, on whatever interface.
[[nodiscard]] bool is_local(const Address& address);

}  // namespace xfrm
