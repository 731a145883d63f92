// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/checks.h"

#include <arpa/inet.h>  // before the kernel's headers, which then leave out what both define
#include <net/if.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <limits>

#include "xfrm/base/describe.h"
#include "xfrm/base/kernel_address.h"
#include "xfrm/ipsec/algorithms.h"
#include "xfrm/ipsec/sa_codec.h"
#include "xfrm/plane/config.h"
#include "xfrm/plane/senders.h"

namespace xfrm {
namespace {

constexpr std::size_t longest_name = 64;
constexpr std::uint32_t first_free_spi = 256;  // RFC 4303 §2.1: 1 through 255 are reserved

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= longest_name &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

Result<void> check_interfaces(std::vector<std::string> names) {
  if (names.empty()) return fail(EINVAL, "WAN interfaces", "none given");
  for (const auto& name : names)
    if (name.empty() || name.size() >= IFNAMSIZ)
      return fail(EINVAL, "interface " + name, "not a name of 1 to 15 characters");
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return fail(EINVAL, "interface " + *twice, "given twice");
  return {};
}

// host_bits_are_zero: the kernel would match such a prefix well, but not see it equal to its twin.
bool host_bits_are_zero(const Prefix& prefix) {
  for (std::size_t bit = prefix.length; bit < address_size(prefix.address.family) * 8; ++bit)
    if (std::to_integer<unsigned>(prefix.address.bytes[bit / 8]) & 0x80U >> bit % 8) return false;
  return true;
}

Result<void> check_prefix(const Prefix& prefix, Family family, const std::string& what) {
  if (prefix.address.family != family) return fail(EAFNOSUPPORT, what, "IPv4 and IPv6 mixed");
  if (prefix.length > address_size(family) * 8)
    return fail(EINVAL, what, "a prefix longer than its address");
  if (!host_bits_are_zero(prefix)) return fail(EINVAL, what, "address bits beyond the prefix");
  return {};
}

Result<void> check_entry(const Entry& entry, Family family) {
  for (const Prefix* prefix : {&entry.selector.source, &entry.selector.destination}) {
    // Written out only when wrong: there may be very many entries.
    if (auto done = check_prefix(*prefix, family, {}); !done)
      return check_prefix(*prefix, family, "entry, " + describe(entry.selector));
  }
  if (entry.key_class >= max_key_classes)
    return fail(EINVAL, "entry, " + describe(entry.selector), "a key class out of range");
  return {};
}

Result<void> check_sa(const SaSpec& sa) {
  const std::string what = describe(sa.receive ? Direction::inbound : Direction::outbound, sa.spi);
  if (sa.spi < first_free_spi) return fail(EINVAL, what, "a reserved SPI");
  if (sa.key_class >= max_key_classes) return fail(EINVAL, what, "a key class out of range");
  if (sa.replay_window > max_replay_window)
    return fail(EINVAL, what, "a replay window above " + std::to_string(max_replay_window));
  if (sa.extended_sequence && sa.receive && sa.replay_window == 0)
    return fail(EINVAL, what, "extended sequence numbers without a replay window");
  if (auto known = check_algorithms(sa); !known)
    return fail(known.error().code, what, known.error().message());
  return {};
}

}  // namespace

Result<void> check(const InstallerConfig& config) {
  if (!is_name(config.name))
    return fail(EINVAL, "name " + config.name, "not 1 to 64 letters, digits, '-', '_' and '.'");
  for (const Address* anchor : {&config.anchors.in, &config.anchors.out})
    if (*anchor == any_address(anchor->family)) return fail(EINVAL, "anchor", "no address");
  if (config.anchors.in.family != config.anchors.out.family)
    return fail(EAFNOSUPPORT, "anchors " + describe(config.anchors.in), "IPv4 and IPv6 mixed");
  if (config.anchors.in == config.anchors.out)
    return fail(EINVAL, "anchors " + describe(config.anchors.in), "in and out are the same");
  if (!std::has_single_bit(config.mark)) return fail(EINVAL, "mark", "not a single bit");
  if (config.reqid == 0 ||
      config.reqid > std::numeric_limits<std::uint32_t>::max() - max_key_classes)
    return fail(EINVAL, "reqid " + std::to_string(config.reqid), "out of range");
  if (config.options.precedence >= max_planes)
    return fail(EINVAL, "precedence " + std::to_string(config.options.precedence), "out of range");
  return check_interfaces(config.interfaces);
}

Result<void> check_acl(const std::vector<Entry>& entries, Family family) {
  if (entries.size() > max_entries)
    return fail(E2BIG, "ACL of " + std::to_string(entries.size()) + " entries",
                "more than " + std::to_string(max_entries));
  for (const Entry& entry : entries)
    if (auto valid = check_entry(entry, family); !valid) return valid;
  return {};
}

Result<void> check_keys(const Desired& desired) {
  for (const KeptSa& kept : desired.kept)
    if (kept.key_class >= max_key_classes)
      return fail(EINVAL,
                  describe(kept.outbound ? Direction::outbound : Direction::inbound, kept.spi),
                  "a key class out of range");
  std::vector<std::uint32_t> spis;
  for (const SaSpec& sa : desired.sas) {
    if (auto valid = check_sa(sa); !valid) return valid;
    if (std::find(spis.begin(), spis.end(), sa.spi) != spis.end())
      return fail(EINVAL, describe(Direction::inbound, sa.spi), "given twice");
    spis.push_back(sa.spi);
  }
  return {};
}

Result<void> check_senders(const std::vector<Prefix>& senders, const InstallerConfig& config) {
  if (senders.empty()) return {};
  if (senders.size() > max_senders)
    return fail(E2BIG, std::to_string(senders.size()) + " senders",
                "more than " + std::to_string(max_senders));
  for (const Prefix& network : senders)
    if (auto valid = check_prefix(network, config.family(), "sender " + describe(network)); !valid)
      return valid;
  for (const Address* anchor : {&config.anchors.in, &config.anchors.out})
    if (is_in(*anchor, config.pool()))
      return fail(EINVAL, "anchor " + describe(*anchor),
                  "it is among those of senders, " + describe(config.pool()));
  return {};
}

}  // namespace xfrm
