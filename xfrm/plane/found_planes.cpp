// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/found_planes.h"

#include <arpa/inet.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

#include "xfrm/base/describe.h"
#include "xfrm/base/kernel_address.h"
#include "xfrm/nft/lock_rules.h"
#include "xfrm/nft/rules.h"
#include "xfrm/nft/rules_snapshot.h"

namespace xfrm {
namespace {

bool read_address(const char* text, Family family, Address& out) {
  out = Address{};
  out.family = family;
  return ::inet_pton(family == Family::ipv4 ? AF_INET : AF_INET6, text, out.bytes.data()) == 1;
}

}  // namespace

std::string comment_of(const InstallerConfig& config) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(),
                "%.*s reqid %" PRIu32 " owner %" PRIu32 " mark 0x%08" PRIx32 " in %s out %s",
                static_cast<int>(table_comment.size()), table_comment.data(), config.reqid,
                config.owner, config.mark, describe(config.anchors.in).c_str(),
                describe(config.anchors.out).c_str());
  return text.data();
}

bool read_comment(const std::string& comment, InstallerConfig& config) {
  if (comment.rfind(table_comment, 0) != 0) return false;
  std::array<char, 46> in{}, out{};  // INET6_ADDRSTRLEN
  const int found =
      std::sscanf(comment.c_str() + table_comment.size(),
                  " reqid %" SCNu32 " owner %" SCNu32 " mark 0x%" SCNx32 " in %45s out %45s",
                  &config.reqid, &config.owner, &config.mark, in.data(), out.data());
  if (found != 5) return false;
  const Family family = config.family();
  return read_address(in.data(), family, config.anchors.in) &&
         read_address(out.data(), family, config.anchors.out);
}

namespace {

Result<void> find_planes(NetlinkChannel& netfilter, Family family,
                         std::vector<InstallerConfig>& out) {
  auto names = RulesSnapshot::tables(netfilter, kernel_family(family));
  if (!names) return tl::unexpected{names.error()};
  std::sort(names->begin(), names->end());
  for (const auto& name : *names) {
    // By its name already, so that a large table of somebody else is not read.
    if (name.rfind(table_comment, 0) != 0) continue;
    // The lock tells what plane there was, too, when somebody deleted that plane's own table.
    const std::string locked = plane_of(name);
    if (!locked.empty() && std::binary_search(names->begin(), names->end(), locked)) continue;
    const auto table = RulesSnapshot::read(netfilter, name, family);
    if (!table) return tl::unexpected{table.error()};
    InstallerConfig plane;
    plane.name = locked.empty() ? name : locked;
    plane.anchors.in.family = plane.anchors.out.family = family;
    if (!*table || !read_comment((*table)->comment(), plane)) continue;
    plane.interfaces = (*table)->interfaces();
    out.push_back(std::move(plane));
  }
  return {};
}

}  // namespace

Result<std::vector<InstallerConfig>> found_planes() {
  std::vector<InstallerConfig> out;
  auto netfilter = NetlinkChannel::open(NETLINK_NETFILTER);
  if (!netfilter) return tl::unexpected{netfilter.error()};
  for (const Family family : {Family::ipv4, Family::ipv6})
    if (auto found = find_planes(*netfilter, family, out); !found)
      return tl::unexpected{found.error()};
  return out;
}

}  // namespace xfrm
