// SPDX-License-Identifier: GPL-2.0-or-later
// Installer's questions to the kernel before anything is installed.
#include <sys/random.h>

#include <array>
#include <cerrno>

#include "xfrm/nft/multicast.h"
#include "xfrm/nft/segment_size.h"
#include "xfrm/plane/installer.h"

namespace xfrm {
namespace {

Error explain(Error error, const std::string& need) {
  if (error.code == EPERM) return Error{EPERM, "CAP_NET_ADMIN", "missing: " + error.message()};
  return Error{error.code, need, error.message()};
}

}  // namespace

// A kernel without ESP takes policies and even larval states; only a complete state shows. So one
// is added and removed. It is an inbound one: an outbound one, being the newest, would be what
// traffic of a predecessor's states leaves on until it is gone. Its SPI is in no set, and its reqid
// is nobody's. Should we die in between, the kernel removes it after a second.
Result<void> Installer::probe_esp() {
  std::array<std::byte, 48> keys{};
  std::uint32_t spi = 0;
  if (::getrandom(keys.data(), keys.size(), 0) < 0 || ::getrandom(&spi, sizeof spi, 0) < 0)
    return fail(errno, "random number for a trial state");
  SaSpec sa;
  sa.spi = spi | 0x100U;  // not one of the reserved ones
  sa.cipher = "cbc(aes)";
  sa.cipher_key = std::span{keys}.first(16);
  sa.integrity = "hmac(sha256)";
  sa.integrity_key = std::span{keys}.subspan(16, 32);
  sa.icv_bits = 128;
  sa.lifetime_seconds = 1;
  Request request;
  xfrm::add_state(request, sa, Direction::inbound, anchor_pair(), 0);
  if (auto added = xfrm_.request(request, "trial state"); !added)
    return tl::unexpected{
        explain(std::move(added.error()),
                "IPsec ESP (kernel options INET_ESP and XFRM_USER, AES, SHA-256)")};
  delete_state(request, sa.spi, config_.in_anchor);
  auto gone = xfrm_.request(request, "trial state");
  if (!gone && gone.error().code != ESRCH) return gone;
  return {};
}

// All our rules, those that not every list needs as well, checked by the kernel and taken back by
// it.
Result<void> Installer::probe_rules() {
  RulesSpec trial = rules({}, {});
  trial.table += ".trial";
  Entry to_groups;
  to_groups.selector.destination = all_groups(config_.in_anchor.family);
  to_groups.selector.source.address.family = config_.in_anchor.family;
  trial.multicast = {to_groups};
  trial.mss = segment_size(config_.in_anchor.family, 0);
  Transaction transaction;
  add_rules(transaction, trial);
  if (auto good = netfilter_.transact(transaction, true); !good)
    return tl::unexpected{
        explain(std::move(good.error()),
                std::string{"nftables (kernel options "} +
                    (config_.in_anchor.family == Family::ipv4 ? "NF_TABLES_IPV4"
                                                              : "NF_TABLES_IPV6, NFT_DUP_IPV6") +
                    ", NFT_XFRM, NFT_TPROXY, NFT_CT)")};
  return {};
}

Result<void> Installer::probe() {
  if (const auto links = find_interfaces(); !links) return tl::unexpected{links.error()};
  if (auto good = probe_rules(); !good) return good;
  return probe_esp();
}

}  // namespace xfrm
