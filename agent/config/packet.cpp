// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/packet.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include "agent/base/address.h"
#include "agent/config/config_values.h"
#include "gdoi/policy/protocol_words.h"

namespace agent {
namespace {

constexpr std::uint16_t first_dynamic_port = 49152;  // RFC 6335

using PacketWords = std::span<const std::string>;

bool is_icmp(std::uint8_t protocol) {
  return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

bool needs_ports(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
         protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

Result<void> read_port(const std::string& word, std::uint32_t most, std::uint16_t& out) {
  const auto number = parse_number(word, 0, most);
  if (!number) return tl::unexpected<Error>{number.error()};
  out = static_cast<std::uint16_t>(*number);
  return {};
}

// read_protocol: "icmp" is that of the addresses' family.
Result<void> read_protocol(const std::string& word, Packet& out) {
  const auto named = gdoi::protocol_number(word);
  const auto number = named ? Result<std::uint32_t>{*named} : parse_number(word, 1, 255);
  if (!number) return fail(fmt::format("'{}' is no protocol", word));
  const bool ipv6 = out.source.family == gdoi::Address::Family::ipv6;
  out.protocol = static_cast<std::uint8_t>(*number);
  if (word == "icmp" && ipv6) out.protocol = IPPROTO_ICMPV6;
  return {};
}

Result<void> read_ports(PacketWords words, Packet& out) {
  constexpr std::uint32_t last_port = 65535, last_octet = 255;
  if (words.size() > 2) return fail(fmt::format("'{}' is too much", words[2]));
  if (is_icmp(out.protocol)) {
    constexpr std::uint16_t echo = 8, echo6 = 128;
    out.source_port = out.protocol == IPPROTO_ICMP ? echo : echo6;
    if (!words.empty())
      if (auto read = read_port(words[0], last_octet, out.source_port); !read) return read;
    return words.size() < 2 ? Result<void>{}
                            : read_port(words[1], last_octet, out.destination_port);
  }
  if (!needs_ports(out.protocol))
    return words.empty()
               ? Result<void>{}
               : fail(fmt::format("'{}' is too much: the protocol has no ports", words[0]));
  if (words.empty()) return fail("a destination port is missing");
  out.source_port = first_dynamic_port;
  if (words.size() == 2)
    if (auto read = read_port(words[0], last_port, out.source_port); !read) return read;
  return read_port(words.back(), last_port, out.destination_port);
}

bool is_about(const gdoi::TrafficEnd& end, const gdoi::Address& address, std::uint16_t port) {
  const auto& [first, last] = end.addresses;
  if (address.family != first.family || address < first || last < address) return false;
  if (end.port == 0) return true;
  return port >= end.port && port <= (end.last_port != 0 ? end.last_port : end.port);
}

std::string host_and_port(const gdoi::Address& address, std::uint16_t port, bool with_port) {
  return with_port ? fmt::format("{} port {}", to_string(address), port) : to_string(address);
}

}  // namespace

Result<Packet> parse_packet(std::span<const std::string> words) {
  if (words.size() < 2) return fail("a packet has a source and a destination");
  Packet out;
  for (const bool source : {true, false}) {
    const auto& word = words[source ? 0 : 1];
    const auto address = parse_address(word);
    if (!address) return fail(fmt::format("'{}' is no address", word));
    (source ? out.source : out.destination) = *address;
  }
  if (out.source.family != out.destination.family) return fail("IPv4 and IPv6 are mixed");
  if (words.size() == 2) return out;
  if (auto read = read_protocol(words[2], out); !read) return tl::unexpected<Error>{read.error()};
  if (auto read = read_ports(words.subspan(3), out); !read)
    return tl::unexpected<Error>{read.error()};
  return out;
}

std::string packet_text(const Packet& packet) {
  const bool ports = needs_ports(packet.protocol);
  auto out = fmt::format("{} {} to {}", gdoi::protocol_word(packet.protocol, packet.source.family),
                         host_and_port(packet.source, packet.source_port, ports),
                         host_and_port(packet.destination, packet.destination_port, ports));
  if (is_icmp(packet.protocol))
    out += fmt::format(" type {} code {}", packet.source_port, packet.destination_port);
  return out;
}

bool matches(const gdoi::TrafficSelector& selector, const Packet& packet) {
  return (selector.protocol == 0 || selector.protocol == packet.protocol) &&
         is_about(selector.source, packet.source, packet.source_port) &&
         is_about(selector.destination, packet.destination, packet.destination_port);
}

}  // namespace agent
