// SPDX-License-Identifier: GPL-2.0-or-later
// What traffic an entry of the group's list speaks of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gdoi/base/ids.h"

namespace gdoi {

// AddressRange runs from first to last, both included and of one family. Hosts, subnets and ranges
// of the wire all are ranges; "any" is the whole family.
struct AddressRange {
  Address first, last;
  friend auto operator<=>(const AddressRange&, const AddressRange&) = default;

  [[nodiscard]] static AddressRange any(Address::Family family) noexcept;
  [[nodiscard]] bool is_any() const noexcept { return *this == any(first.family); }
};

struct TrafficEnd {
  AddressRange addresses;
  std::uint16_t port = 0;       // 0: any (RFC 6407 section 5.5.1)
  std::uint16_t last_port = 0;  // of a range that begins at `port`; 0: that port alone
  friend auto operator<=>(const TrafficEnd&, const TrafficEnd&) = default;
};

struct TrafficSelector {
  std::uint8_t protocol = 0;  // 0: any
  TrafficEnd source, destination;
  friend auto operator<=>(const TrafficSelector&, const TrafficSelector&) = default;
};

// describe writes a selector as the rest of a Cisco access-list line after permit or deny:
// "ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255", "tcp any eq 179 any", "udp any any range 1 9". Ranges
// that are no subnet are written first-last; IPv6 as prefixes.
[[nodiscard]] std::string describe(const TrafficSelector& selector);
// describe names the first of several and tells how many more there are; empty when there is none.
[[nodiscard]] std::string describe(const std::vector<TrafficSelector>& selectors);
[[nodiscard]] std::string describe(const Address& address);
[[nodiscard]] std::string describe(const GroupId& group);

}  // namespace gdoi
