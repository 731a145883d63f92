// SPDX-License-Identifier: GPL-2.0-or-later
// Settings of this machine, made by whomsoever, under which the kernel does not do what a plane
// asks of it. Read in the kernel's source from 5.10 on:
//
//   disable_xfrm      IPv4 only, of `all` or of the interface a packet leaves by: no policy out is
//                     looked up
//   disable_policy    IPv4: of `all`, or of the interface a packet came in by, which is a VRF's
//                     device for an interface in a VRF: no policy fwd or in is looked up. IPv6: of
//                     `all`, or of the interface that has the address a packet is for; packets that
//                     are forwarded are not concerned
//   a flowtable       with a WAN interface forwards what it knows before all else
//   forwarding        IPv4: of the interface a packet came in by, or its VRF's device. IPv6: of
//                     `all`, or force_forwarding (6.17) of that interface
//   ...frag_..thresh  0: fragments are not put together, so that those of ESP are lost. That
//                     nf_defrag itself is on needs no look: the plane's rules have the kernel turn
//                     it on, and it stays on as long as they are there
//
// The second lock holds under all of them: what the list protects is dropped, not seen in clear.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xfrm/base/finding.h"
#include "xfrm/base/result.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/nft/flowtables.h"
#include "xfrm/route/links.h"

namespace xfrm {

// ReadSetting reads one of the kernel's settings by its name in the notation of sysctl(8):
// "net.ipv4.conf.eth0/100.disable_xfrm" is of interface eth0.100. Nothing: there is no such one.
using ReadSetting = std::function<Result<std::optional<std::int64_t>>(const std::string& name)>;

// HostInterface is an interface, and the one that packets seem to have come in by: of the VRF it is
// in, or itself.
struct HostInterface {
  std::string name;
  std::string receives_as;
};

// HostView is what there is to look at.
struct HostView {
  std::vector<HostInterface> wans;                      // those that there are
  std::vector<HostInterface> inside_ipv4, inside_ipv6;  // others to forward from and to
  std::vector<std::string> with_ipv6;  // all that have an IPv6 address others may send to
  std::vector<Flowtable> flowtables;
};

// findings_in is pure, but for what `read` does.
[[nodiscard]] Result<std::vector<Finding>> findings_in(const HostView& view,
                                                       const ReadSetting& read);

// HostSettings looks at this machine. It keeps its socket: when one of netfilter closes, the kernel
// waits until all that was deleted in nftables is freed, which may take seconds under load.
class HostSettings {
 public:
  // CAP_NET_ADMIN is needed to list flowtables.
  [[nodiscard]] static Result<HostSettings> open();

  // find tells what is hostile now. `wans` are names; one that is not there is left out.
  [[nodiscard]] Result<std::vector<Finding>> find(std::span<const std::string> wans);

 private:
  explicit HostSettings(NetlinkChannel netfilter) : netfilter_{std::move(netfilter)} {}
  NetlinkChannel netfilter_;
};

}  // namespace xfrm
