// SPDX-License-Identifier: GPL-2.0-or-later
// Traffic as an operator writes it: in the words of Cisco access lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "gdoi/policy/selector.h"

namespace agent {

// parse_selectors reads "PROTOCOL SOURCE [PORTS] DESTINATION [PORTS]". PROTOCOL is ip, ipv6, icmp,
// icmpv6, igmp, tcp, udp, gre, esp, ahp, eigrp, ospf, pim or a number. SOURCE and DESTINATION are
// "any", "host ADDRESS", "ADDRESS/LENGTH" or "ADDRESS WILDCARD". PORTS are "eq N", "neq N", "gt N",
// "lt N" or "range N M", for tcp and udp only. A wildcard with zeros among its ones and "neq" mean
// several selectors, in ascending order. IPv6 is spoken of by an IPv6 address at one end at least
// ("::/0" is all) or by the protocols ipv6 and icmpv6; "any any" alone is IPv4.
[[nodiscard]] Result<std::vector<gdoi::TrafficSelector>> parse_selectors(std::string_view text);

// parse_prefix reads "ADDRESS/LENGTH" or a single address; host bits must be zero.
[[nodiscard]] Result<gdoi::AddressRange> parse_prefix(std::string_view text);

// range_text is "ADDRESS/LENGTH" for a prefix.
[[nodiscard]] std::string range_text(const gdoi::AddressRange& range);

// mirrored exchanges source and destination.
[[nodiscard]] gdoi::TrafficSelector mirrored(const gdoi::TrafficSelector& selector);

// is_within tells whether all of `range` lies in `scope`, several prefixes of it together included.
// An empty scope is everywhere.
[[nodiscard]] bool is_within(const gdoi::AddressRange& range,
                             const std::vector<gdoi::AddressRange>& scope);

}  // namespace agent
