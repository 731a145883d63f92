// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/flowtables.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>

#include "xfrm/netlink/request.h"

namespace xfrm {
namespace {

// NFTA_DEVICE_PREFIX, of kernels that know it; their headers are newer than ours may be.
constexpr std::uint16_t device_prefix = 2;

// The kernel says when its lists changed under a dump.
constexpr int attempts = 10;

std::string text(const nlattr* attribute) {
  const auto* octets = static_cast<const char*>(::mnl_attr_get_payload(attribute));
  std::string_view out{octets, ::mnl_attr_get_payload_len(attribute)};
  return std::string{out.substr(0, out.find('\0'))};
}

int pick_device(const nlattr* attribute, void* out) {
  const auto type = ::mnl_attr_get_type(attribute);
  if (type == NFTA_DEVICE_NAME || type == device_prefix)
    static_cast<Flowtable*>(out)->devices.push_back({text(attribute), type == device_prefix});
  return MNL_CB_OK;
}

int pick_hook(const nlattr* attribute, void* out) {
  const auto type = ::mnl_attr_get_type(attribute);
  if (type == NFTA_FLOWTABLE_HOOK_PRIORITY &&
      ::mnl_attr_get_payload_len(attribute) == sizeof(std::uint32_t))
    static_cast<Flowtable*>(out)->priority =
        static_cast<std::int32_t>(ntohl(::mnl_attr_get_u32(attribute)));
  if (type == NFTA_FLOWTABLE_HOOK_DEVS) ::mnl_attr_parse_nested(attribute, pick_device, out);
  return MNL_CB_OK;
}

int pick(const nlattr* attribute, void* out) {
  const auto type = ::mnl_attr_get_type(attribute);
  if (type == NFTA_FLOWTABLE_TABLE) static_cast<Flowtable*>(out)->table = text(attribute);
  if (type == NFTA_FLOWTABLE_NAME) static_cast<Flowtable*>(out)->name = text(attribute);
  if (type == NFTA_FLOWTABLE_HOOK) ::mnl_attr_parse_nested(attribute, pick_hook, out);
  return MNL_CB_OK;
}

}  // namespace

const FlowtableDevice* Flowtable::device_for(std::string_view interface) const {
  const auto at = std::find_if(devices.begin(), devices.end(), [&](const FlowtableDevice& device) {
    return device.prefix ? interface.starts_with(device.name) : interface == device.name;
  });
  return at == devices.end() ? nullptr : &*at;
}

std::optional<Flowtable> read_flowtable(const nlmsghdr& message) {
  if (message.nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWFLOWTABLE) ||
      ::mnl_nlmsg_get_payload_len(&message) < sizeof(nfgenmsg))
    return std::nullopt;
  Flowtable out;
  out.family = static_cast<const nfgenmsg*>(::mnl_nlmsg_get_payload(&message))->nfgen_family;
  ::mnl_attr_parse(&message, sizeof(nfgenmsg), pick, &out);
  return out;
}

Result<std::vector<Flowtable>> list_flowtables(NetlinkChannel& channel) {
  for (int attempt = 1;; ++attempt) {
    std::vector<Flowtable> out;
    Request request;
    request.start(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETFLOWTABLE));
    request.fixed<nfgenmsg>().nfgen_family = NFPROTO_UNSPEC;
    const auto read = channel.dump(request, "nftables flowtables", [&](const nlmsghdr& message) {
      if (auto found = read_flowtable(message)) out.push_back(std::move(*found));
    });
    if (read) return out;
    if (read.error().code != EINTR || attempt == attempts) return tl::unexpected{read.error()};
  }
}

std::string nft_family(std::uint8_t family) {
  switch (family) {
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_NETDEV:
      return "netdev";
    default:
      return "family " + std::to_string(family);
  }
}

}  // namespace xfrm
