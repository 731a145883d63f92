// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/doctor/kernel_modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace agent {
namespace {

struct KernelPart {
  std::string_view module, what;
  bool ipv6_only = false;
};

constexpr std::array kernel_parts{
    KernelPart{"esp4", "ESP"},
    KernelPart{"esp6", "ESP of IPv6", true},
    KernelPart{"xfrm_user", "states and policies by netlink"},
    KernelPart{"nf_tables", "nftables"},
    KernelPart{"nft_xfrm", "nftables: keys of IPsec"},
    KernelPart{"nft_tproxy", "nftables: header rules"},
    KernelPart{"nft_ct", "nftables: connections"},
    KernelPart{"nft_fib", "nftables: the second lock"},
    KernelPart{"nft_dup_ipv6", "nftables: header rules of IPv6", true},
};

// module_names are the names of files ("kernel/net/ipv4/esp4.ko.xz: ...") or of loaded modules.
std::vector<std::string> module_names(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    auto name = line.substr(0, line.find_first_of(" :"));
    name = name.substr(name.rfind('/') + 1);
    name = name.substr(0, name.find(".ko"));
    std::replace(name.begin(), name.end(), '-', '_');
    out.push_back(std::move(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool lists(const std::vector<std::string>& names, std::string_view module) {
  return std::binary_search(names.begin(), names.end(), module);
}

}  // namespace

std::vector<Diagnosis> examine_modules(const ModuleLists& texts, bool ipv6,
                                       bool loading_forbidden) {
  using Weight = Diagnosis::Weight;
  const auto loaded = module_names(texts.loaded), builtin = module_names(texts.builtin),
             on_disk = module_names(texts.on_disk);
  std::vector<Diagnosis> out;
  if (builtin.empty() && on_disk.empty()) {
    out.push_back({Weight::hint, "kernel modules",
                   fmt::format("there is no list of those of kernel {}", texts.release),
                   "getvpn-gm names in its log what the kernel lacks"});
    return out;
  }
  for (const auto& [module, what, ipv6_only] : kernel_parts) {
    if ((ipv6_only && !ipv6) || lists(loaded, module) || lists(builtin, module)) continue;
    const auto subject = fmt::format("kernel module {}", module);
    if (!lists(on_disk, module))
      out.push_back({Weight::hint, subject,
                     fmt::format("{}: neither loaded, nor built in, nor on disk for kernel {}",
                                 what, texts.release),
                     fmt::format("modprobe {}; if that fails, the kernel that has it", module)});
    else if (loading_forbidden)
      out.push_back(
          {Weight::fault, subject,
           fmt::format("{}: not loaded, and kernel.modules_disabled is 1", what),
           fmt::format("load it at start: echo {} >> /etc/modules-load.d/getvpn-gm.conf", module)});
  }
  if (out.empty())
    out.push_back({Weight::fine, "kernel modules", "loaded, built in, or there to be loaded", ""});
  return out;
}

}  // namespace agent
