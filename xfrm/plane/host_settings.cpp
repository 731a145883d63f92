// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/host_settings.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>

#include "xfrm/base/contains.h"

namespace xfrm {
namespace {

// What sysctl(8) calls the setting of an interface: there a dot in a name is a slash.
std::string setting_of(const char* family, std::string interface, const char* key) {
  std::replace(interface.begin(), interface.end(), '.', '/');
  return std::string{"net."} + family + ".conf." + interface + "." + key;
}

// The other way round it is the path below /proc/sys.
std::string path_of(std::string name) {
  for (char& c : name) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return "/proc/sys/" + name;
}

Result<std::optional<std::int64_t>> read_setting(const std::string& name) {
  const auto path = path_of(name);
  errno = 0;
  std::ifstream file{path};
  std::string text;
  if (!std::getline(file, text)) {
    const int code = errno == 0 ? EIO : errno;
    // An interface that went away, or one without that family.
    if (code == ENOENT || code == ENODEV) return std::optional<std::int64_t>{};
    return fail(code, path);
  }
  std::int64_t value = 0;
  if (const auto end = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
      end == text.data())
    return fail(EINVAL, path, "not a number: " + text);
  return value;
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (!contains(names, name)) names.push_back(name);
}

std::vector<std::string> names_of(std::span<const HostInterface> interfaces,
                                  std::string HostInterface::*which) {
  std::vector<std::string> out;
  for (const auto& interface : interfaces) add_once(out, interface.*which);
  return out;
}

// Search collects findings; after the first setting that cannot be read it reads no more.
class Search {
 public:
  Search(const HostView& view, const ReadSetting& read) : view_{view}, read_{read} {}

  Result<std::vector<Finding>> run() {
    const std::string all = "all";
    // Each kernel has it: without, nothing is known.
    if (!value("net.ipv4.conf.all.disable_policy") && !failed_)
      failed_ = Error{ENOENT, path_of("net.ipv4.conf.all.disable_policy"),
                      "not there, so that no setting can be looked at"};
    auto leaving = names_of(view_.wans, &HostInterface::name);
    leaving.insert(leaving.begin(), all);
    for (const auto& name : leaving)
      must_be_off(setting_of("ipv4", name, "disable_xfrm"),
                  "IPv4 packets are not encrypted, and so dropped where the list protects them");
    auto arriving = names_of(view_.wans, &HostInterface::receives_as);
    arriving.insert(arriving.begin(), all);
    for (const auto& name : arriving)
      must_be_off(setting_of("ipv4", name, "disable_policy"),
                  "policies do not keep IPv4 packets in clear out, only the second lock does");
    auto local = view_.with_ipv6;
    for (const auto& wan : view_.wans) add_once(local, wan.name);
    local.insert(local.begin(), all);
    for (const auto& name : local)
      must_be_off(setting_of("ipv6", name, "disable_policy"),
                  "policies do not keep IPv6 packets in clear from this machine's own addresses, "
                  "only the second lock does");
    look_at_flowtables();
    look_at_forwarding();
    must_be_on("net.ipv4.ipfrag_high_thresh", "fragments of ESP are not put together, and so lost",
               4194304);
    must_be_on("net.netfilter.nf_conntrack_frag6_high_thresh",
               "IPv6 fragments of ESP are not put together, and so lost", 4194304);
    if (failed_) return tl::unexpected{*failed_};
    return std::move(found_);
  }

 private:
  // value is nothing where there is no such setting.
  std::optional<std::int64_t> value(const std::string& name) {
    if (failed_) return std::nullopt;
    auto read = read_(name);
    if (!read) failed_ = read.error();
    return read ? *read : std::nullopt;
  }

  void add(const std::string& name, std::int64_t is, const std::string& what,
           std::int64_t should_be) {
    found_.push_back({name + " = " + std::to_string(is), what,
                      "sysctl -w " + name + "=" + std::to_string(should_be)});
  }

  void must_be_off(const std::string& name, const std::string& what) {
    if (const auto is = value(name); is && *is != 0) add(name, *is, what, 0);
  }

  void must_be_on(const std::string& name, const std::string& what, std::int64_t should_be) {
    if (const auto is = value(name); is && *is == 0) add(name, 0, what, should_be);
  }

  void look_at_flowtables() {
    for (const auto& table : view_.flowtables) {
      const auto owner = nft_family(table.family) + " " + table.table + " " + table.name;
      std::vector<std::string> told;
      for (const auto& wan : view_.wans) {
        const auto* device = table.device_for(wan.name);
        if (device == nullptr || contains(told, device->name)) continue;
        told.push_back(device->name);
        const auto listed = device->name + (device->prefix ? "*" : "");
        found_.push_back({"nftables flowtable " + owner + " has device " + listed,
                          "packets of its connections are forwarded before policies are looked at, "
                          "only the second lock keeps those in clear out",
                          "nft 'delete flowtable " + owner + " { hook ingress priority " +
                              std::to_string(table.priority) + "; devices = { " +
                              (device->prefix ? "\"" + listed + "\"" : listed) + " }; }'"});
      }
    }
  }

  // forwards: what came in by it may be forwarded; true where nothing is known.
  bool forwards_ipv4(const std::string& interface) {
    const auto is = value(setting_of("ipv4", interface, "forwarding"));
    return !is || *is != 0;
  }
  bool forwards_ipv6(const std::string& interface) {
    const auto forced = value(setting_of("ipv6", interface, "force_forwarding"));
    return forced && *forced != 0;
  }

  void look_at_forwarding() {
    constexpr auto what = "packets are not forwarded between the WAN and the networks behind it";
    if (!view_.wans.empty() && !view_.inside_ipv4.empty()) {
      std::vector<std::string> closed;
      const auto wans = names_of(view_.wans, &HostInterface::receives_as);
      auto inside = names_of(view_.inside_ipv4, &HostInterface::receives_as);
      for (const auto& name : wans)
        if (!forwards_ipv4(name)) add_once(closed, name);
      // Of several some may be there for other things, such as management.
      const bool one_forwards = std::any_of(inside.begin(), inside.end(),
                                            [&](const auto& name) { return forwards_ipv4(name); });
      if (!one_forwards)
        for (const auto& name : inside) add_once(closed, name);
      const auto ip_forward = value("net.ipv4.ip_forward");
      if (ip_forward && *ip_forward == 0 && !closed.empty())
        add("net.ipv4.ip_forward", 0, what, 1);
      else
        for (const auto& name : closed) add(setting_of("ipv4", name, "forwarding"), 0, what, 1);
    }
    if (view_.wans.empty() || view_.inside_ipv6.empty()) return;
    const auto all = value("net.ipv6.conf.all.forwarding");
    if (!all || *all != 0) return;
    const auto wans = names_of(view_.wans, &HostInterface::receives_as);
    const bool forced = std::all_of(wans.begin(), wans.end(),
                                    [&](const auto& name) { return forwards_ipv6(name); });
    if (!forced) add("net.ipv6.conf.all.forwarding", 0, what, 1);
  }

  const HostView& view_;
  const ReadSetting& read_;
  std::vector<Finding> found_;
  std::optional<Error> failed_;
};

HostInterface as_received(const Link& link) {
  return {link.name, link.vrf.empty() ? link.name : link.vrf};
}

// view_of_host asks the kernel for all but the settings.
Result<HostView> view_of_host(std::span<const std::string> wans, NetlinkChannel& netfilter) {
  HostView out;
  std::vector<std::string> vrfs;
  for (const auto& name : wans) {
    const auto link = find_link(name);
    if (!link && link.error().code == ENODEV) continue;
    if (!link) return tl::unexpected{link.error()};
    out.wans.push_back(as_received(*link));
    vrfs.push_back(link->vrf);
  }
  const auto addressed = addressed_links();
  if (!addressed) return tl::unexpected{addressed.error()};
  for (const auto& interface : *addressed) {
    if (interface.ipv6) out.with_ipv6.push_back(interface.name);
    if (interface.loopback || !interface.up) continue;
    const auto is_it = [&](const auto& wan) {
      return wan.name == interface.name || wan.receives_as == interface.name;
    };
    if (std::any_of(out.wans.begin(), out.wans.end(), is_it)) continue;
    const auto link = find_link(interface.name);
    if (!link || !contains(vrfs, link->vrf)) continue;  // gone, or in another routing domain
    if (interface.ipv4) out.inside_ipv4.push_back(as_received(*link));
    if (interface.ipv6) out.inside_ipv6.push_back(as_received(*link));
  }
  auto flowtables = list_flowtables(netfilter);
  if (!flowtables) return tl::unexpected{flowtables.error()};
  out.flowtables = std::move(*flowtables);
  return out;
}

}  // namespace

Result<std::vector<Finding>> findings_in(const HostView& view, const ReadSetting& read) {
  return Search{view, read}.run();
}

Result<HostSettings> HostSettings::open() {
  auto netfilter = NetlinkChannel::open(NETLINK_NETFILTER);
  if (!netfilter) return tl::unexpected{netfilter.error()};
  return HostSettings{std::move(*netfilter)};
}

Result<std::vector<Finding>> HostSettings::find(std::span<const std::string> wans) {
  const auto view = view_of_host(wans, netfilter_);
  if (!view) return tl::unexpected{view.error()};
  return findings_in(*view, read_setting);
}

}  // namespace xfrm
