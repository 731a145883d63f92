// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/doctor/examine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "agent/base/address.h"
#include "agent/config/daemon_config.h"
#include "agent/control/control_client.h"
#include "agent/control/registration_wait.h"
#include "agent/control/requests.h"
#include "agent/doctor/kernel_modules.h"
#include "agent/doctor/reachability.h"
#include "agent/doctor/xfrm_counters.h"
#include "agent/kernel/host_findings.h"
#include "agent/kernel/uplink.h"

namespace agent {
namespace {

using Weight = Diagnosis::Weight;
using Diagnoses = std::vector<Diagnosis>;

// contents_of is what a file of the kernel's has; empty where there is none.
std::string contents_of(const std::string& file) {
  std::ostringstream out;
  out << std::ifstream{file}.rdbuf();
  return out.str();
}

std::string first_line_of(const std::string& file) {
  const auto text = contents_of(file);
  return text.substr(0, text.find('\n'));
}

void examine_daemon(const std::string& socket, Diagnoses& out) {
  const auto answer = ask_daemon(socket, request_text("show", std::nullopt));
  if (!answer) {
    out.push_back({Weight::hint, "daemon", answer.error().what,
                   "systemctl start getvpn-gm; journalctl -u getvpn-gm tells why it ended"});
    return;
  }
  const auto groups = registrations_in(*answer);
  if (!groups) {
    out.push_back({Weight::fault, "daemon", groups.error().what, "run this as root"});
    return;
  }
  for (const auto& group : *groups) {
    const bool registered = group.state == "registered";
    out.push_back({registered ? Weight::fine : Weight::fault, "group " + group.group,
                   group.state + (group.last_failure.empty() || registered
                                      ? ""
                                      : ", last failure: " + group.last_failure),
                   registered ? "" : "see the log: journalctl -u getvpn-gm"});
  }
}

void examine_secrets(const GroupConfig& config, Diagnoses& out) {
  const auto loaded = Credentials::load(config.authentication, config.key_servers);
  const auto subject = "secrets of group " + config.group_name;
  if (!loaded) {
    out.push_back({Weight::fault, subject, loaded.error().what,
                   "run this as root; compare the file with getvpn-gm.conf(5)"});
    return;
  }
  for (const auto& warning : loaded->warnings())
    out.push_back({Weight::fault, subject, warning, "compare the clock: date -u"});
  if (loaded->warnings().empty()) out.push_back({Weight::fine, subject, "they can be used", ""});
}

void examine_uplink(const GroupConfig& config, Diagnoses& out) {
  const auto subject = "uplink of group " + config.group_name;
  const auto uplink = current_uplink(config);
  if (!uplink) {
    out.push_back({Weight::fault, subject, uplink.error().what, "ip route get to a key server"});
    return;
  }
  out.push_back({Weight::fine, subject,
                 fmt::format("{}, registering from {}", fmt::join(uplink->interfaces, ", "),
                             to_string(uplink->source)),
                 ""});
  if (const auto text = advice(*uplink); !text.empty())
    out.push_back({Weight::hint, subject, text, ""});
  // Several ways out may be asymmetric, of which strict filtering knows nothing.
  const auto strict = [](const std::string& name) {
    return first_line_of("/proc/sys/net/ipv4/conf/" + name + "/rp_filter") == "1";
  };
  for (const auto& name : uplink->interfaces) {
    if (uplink->interfaces.size() > 1 && (strict("all") || strict(name)))
      out.push_back({Weight::hint, "interface " + name,
                     "rp_filter is strict, and there are several WANs: what comes in by another "
                     "than it would leave by is dropped",
                     fmt::format("sysctl -w net.ipv4.conf.all.rp_filter=0 "
                                 "net.ipv4.conf.{}.rp_filter=2",
                                 name)});
    const auto mtu = first_line_of("/sys/class/net/" + name + "/mtu");
    if (!config.mss_clamp && !mtu.empty())
      out.push_back({Weight::hint, "interface " + name,
                     fmt::format("its MTU is {}, and ESP needs up to 80 octets of it; TCP is not "
                                 "told of that, and relies on path MTU discovery",
                                 mtu),
                     "mss-clamp = yes"});
  }
}

void examine_host(const GroupConfig& config, HostFindings& host, Diagnoses& out) {
  const auto found = host.look_for(config);
  const auto subject = "settings of this machine";
  if (!found) {
    out.push_back({Weight::hint, subject, found.error().what, "run this as root"});
    return;
  }
  for (const auto& [where, what, remedy] : *found)
    out.push_back({Weight::fault, where, what, remedy});
  if (found->empty()) out.push_back({Weight::fine, subject, "none works against encryption", ""});
}

void examine_kernel(Diagnoses& out) {
  utsname system{};
  ::uname(&system);
  const auto folder = std::string{"/lib/modules/"} + system.release;
  const ModuleLists texts{system.release, contents_of("/proc/modules"),
                          contents_of(folder + "/modules.builtin"),
                          contents_of(folder + "/modules.dep")};
  const bool ipv6 = !contents_of("/proc/net/if_inet6").empty();
  const auto modules =
      examine_modules(texts, ipv6, first_line_of("/proc/sys/kernel/modules_disabled") == "1");
  out.insert(out.end(), modules.begin(), modules.end());
  const auto statistics = contents_of("/proc/net/xfrm_stat");
  if (statistics.empty()) {
    out.push_back({Weight::hint, "counters of IPsec", "the kernel has none", ""});
    return;
  }
  const auto counters = examine_counters(statistics);
  out.insert(out.end(), counters.begin(), counters.end());
}

void add_once(const Diagnosis& one, Diagnoses& out) {
  if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
}

void examine_group(const GroupConfig& config, HostFindings& host, Diagnoses& out) {
  Diagnoses found;
  examine_secrets(config, found);
  auto located = config;
  std::erase_if(located.key_servers, [](const KeyServer& one) { return !one.name.empty(); });
  for (const auto& server : config.key_servers)
    found.push_back(server.name.empty()
                        ? examine_key_server(server, config.vrf)
                        : Diagnosis{Weight::hint, "key server " + key_server_text(server),
                                    "given by name, which is not looked up here",
                                    "getvpn-gm --check tells where it is"});
  if (!located.key_servers.empty()) examine_uplink(located, found);
  examine_host(located, host, found);
  for (const auto& one : found) add_once(one, out);  // groups may share much of it
}

}  // namespace

std::vector<Diagnosis> examine(const Patient& patient) {
  Diagnoses out;
  examine_daemon(patient.socket, out);
  const auto settings = read_settings(patient.config_file);
  auto config = settings ? make_daemon_config(*settings, {})
                         : Result<DaemonConfig>{tl::unexpected<Error>{settings.error()}};
  if (!config) {
    out.push_back({Weight::fault, "configuration", config.error().what,
                   "getvpn-gm --check; run this as root"});
  } else {
    out.push_back({Weight::fine, "configuration", patient.config_file + " can be used", ""});
    HostFindings host;
    for (const auto& group : config->groups) examine_group(group.config, host, out);
  }
  examine_kernel(out);
  return out;
}

}  // namespace agent
