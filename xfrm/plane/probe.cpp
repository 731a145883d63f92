// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/probe.h"

#include <sys/random.h>

#include <array>
#include <cerrno>

#include "xfrm/nft/multicast.h"
#include "xfrm/nft/segment_size.h"

namespace xfrm {
namespace {

// explain says what the kernel lacks, and how to get it where it is there as a module.
Error explain(Error error, const std::string& need, const std::string& modules) {
  if (error.code == EPERM) return Error{EPERM, "CAP_NET_ADMIN", "missing: " + error.message()};
  return Error{error.code, need, error.message() + "; try: modprobe -a " + modules};
}

}  // namespace

// A kernel without ESP takes policies and even larval states; only a complete state shows. So one
// is added and removed. It is an inbound one: an outbound one, being the newest, would be what
// traffic of a predecessor's states leaves on until it is gone. Its SPI is in no set, and its reqid
// is nobody's. Should we die in between, the kernel removes it after a second.
Result<void> probe_esp(NetlinkChannel& xfrm, const Anchors& anchors) {
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
  add_state(request, sa, Direction::inbound, anchors, 0);
  if (auto added = xfrm.request(request, "trial state"); !added)
    return tl::unexpected{explain(std::move(added.error()),
                                  "IPsec ESP (kernel options INET_ESP and XFRM_USER, AES, SHA-256)",
                                  "xfrm_user esp4 esp6")};
  delete_state(request, sa.spi, anchors.in);
  auto gone = xfrm.request(request, "trial state");
  if (!gone && gone.error().code != ESRCH) return gone;
  return {};
}

// All our rules, those that not every ACL needs as well, checked by the kernel and taken back by
// it.
Result<void> probe_rules(NetlinkChannel& netfilter, RulesSpec spec) {
  const Family family = spec.anchors.in.family;
  spec.table += ".trial";
  Entry to_groups;
  to_groups.selector.destination = all_groups(family);
  to_groups.selector.source.address.family = family;
  spec.multicast = {to_groups};
  spec.mss = segment_size(family, 0);
  spec.senders = {{{{family, {}}, 0}, spec.pool.address}};
  Transaction transaction;
  add_rules(transaction, spec);
  if (auto valid = netfilter.transact(transaction, true); !valid)
    return tl::unexpected{
        explain(std::move(valid.error()),
                std::string{"nftables (kernel options "} +
                    (family == Family::ipv4 ? "NF_TABLES_IPV4" : "NF_TABLES_IPV6, NFT_DUP_IPV6") +
                    ", NFT_XFRM, NFT_TPROXY, NFT_CT)",
                "nf_tables nft_xfrm nft_tproxy nft_ct nft_fib_ipv4 nft_fib_ipv6 nft_dup_ipv6")};
  return {};
}

}  // namespace xfrm
