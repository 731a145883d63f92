// SPDX-License-Identifier: GPL-2.0-or-later
// Flowtables of nftables, whosesoever they are. What is in one is forwarded at ingress: neither
// policies of XFRM nor the hooks after ingress see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xfrm/base/result.h"
#include "xfrm/netlink/channel.h"

namespace xfrm {

struct FlowtableDevice {
  std::string name;
  bool prefix = false;  // all interfaces whose names begin so
  friend bool operator==(const FlowtableDevice&, const FlowtableDevice&) = default;
};

struct Flowtable {
  std::uint8_t family = 0;  // NFPROTO_...
  std::string table, name;
  std::int32_t priority = 0;
  std::vector<FlowtableDevice> devices;

  // device_for is the one of its devices by which it takes packets of `interface`; or nullptr.
  [[nodiscard]] const FlowtableDevice* device_for(std::string_view interface) const;
};

// read_flowtable reads one answer to NFT_MSG_GETFLOWTABLE; nothing when it is something else.
[[nodiscard]] std::optional<Flowtable> read_flowtable(const nlmsghdr& message);

// list_flowtables asks a channel of NETLINK_NETFILTER, for all families.
[[nodiscard]] Result<std::vector<Flowtable>> list_flowtables(NetlinkChannel& channel);

// nft_family is what nft(8) calls an address family: "inet".
[[nodiscard]] std::string nft_family(std::uint8_t family);

}  // namespace xfrm
