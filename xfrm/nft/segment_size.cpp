// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/segment_size.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace xfrm {
namespace {

// SPI and sequence number 8, IV 16, padding 15 and 2, ICV 32, and 7 for good measure.
constexpr std::uint32_t esp = 80, tcp_header = 20;
constexpr std::uint32_t ipv4_header_size = 20, ipv6_header_size = 40;

// RFC 9293 section 3.7.1: what every host takes, and the most that the option can say.
constexpr std::uint32_t smallest = 536, largest = 0xffff;

constexpr std::uint32_t tcp_flags = 13;  // RFC 9293 section 3.1

}  // namespace

std::uint16_t segment_size(Family family, std::uint32_t mtu) {
  const std::uint32_t ip = family == Family::ipv4 ? ipv4_header_size : ipv6_header_size;
  const std::uint32_t overhead = ip + esp + ip + tcp_header;
  return static_cast<std::uint16_t>(std::clamp(mtu, smallest + overhead, largest) - overhead);
}

nft::Rule clamp(nft::Expressions rule, std::uint16_t size) {
  constexpr std::array syn_and_rst{std::byte{0x06}}, syn{std::byte{0x02}};
  const std::uint16_t value = htons(size);
  return rule.meta(NFT_META_L4PROTO)
      .equals(std::uint8_t{IPPROTO_TCP})
      .transport(tcp_flags, 1)
      .masked(syn_and_rst)
      .equals(syn)
      .immediate(std::as_bytes(std::span{&value, 1}))
      .write_segment_size()
      .rule();
}

}  // namespace xfrm
