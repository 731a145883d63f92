// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/access_list.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>

#include "agent/address.h"
#include "agent/config_values.h"

namespace agent {
namespace {

struct ProtocolName {
  std::string_view name;
  std::uint8_t number;
};
constexpr std::array protocols{
    ProtocolName{"ip", 0},    ProtocolName{"icmp", 1},  ProtocolName{"igmp", 2},
    ProtocolName{"tcp", 6},   ProtocolName{"udp", 17},  ProtocolName{"gre", 47},
    ProtocolName{"esp", 50},  ProtocolName{"ahp", 51},  ProtocolName{"eigrp", 88},
    ProtocolName{"ospf", 89}, ProtocolName{"pim", 103},
};

std::uint32_t number_of(const gdoi::Address& address) noexcept {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i)
    out = out << 8 | std::to_integer<std::uint32_t>(address.bytes[i]);
  return out;
}

gdoi::Address address_of(std::uint32_t number) noexcept {
  gdoi::Address out;
  for (std::size_t i = 0; i < 4; ++i)
    out.bytes[i] = static_cast<std::byte>(number >> (24 - 8 * i) & 0xff);
  return out;
}

// block is the addresses that differ from `first` in the bits of `host_bits` only.
Result<gdoi::AddressRange> block(const gdoi::Address& first, std::uint32_t host_bits) {
  const auto number = number_of(first);
  if ((number & host_bits) != 0) {
    const auto network = address_of(number & ~host_bits);
    return fail(
        fmt::format("{} has host bits; the network is {}", to_string(first), to_string(network)));
  }
  return gdoi::AddressRange{first, address_of(number | host_bits)};
}

// Words hands out the words of a line one by one.
class Words {
 public:
  explicit Words(std::string_view text) : rest_{trim_blanks(text)} {}
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  [[nodiscard]] std::string_view peek() const {
    return rest_.substr(0, rest_.find_first_of(" \t"));
  }
  std::string_view next() {
    const auto word = peek();
    rest_ = trim_blanks(rest_.substr(word.size()));
    return word;
  }

 private:
  std::string_view rest_;
};

Result<std::uint8_t> parse_protocol(std::string_view word) {
  const auto named = std::find_if(protocols.begin(), protocols.end(),
                                  [&](const ProtocolName& row) { return row.name == word; });
  if (named != protocols.end()) return named->number;
  const auto number = parse_number(word, 1, 255);
  if (!number) return fail(fmt::format("'{}' is no protocol", word));
  return static_cast<std::uint8_t>(*number);
}

Result<gdoi::AddressRange> parse_addresses(Words& words) {
  if (words.empty()) return fail("an address is missing");
  const auto word = words.next();
  if (word == "any") return gdoi::AddressRange::any(gdoi::Address::Family::ipv4);
  if (word == "host") {
    const auto address = parse_ipv4(words.next());
    if (!address) return fail("'host' needs an IPv4 address");
    return gdoi::AddressRange{*address, *address};
  }
  const auto wildcard = parse_ipv4(words.peek());
  if (word.find('/') != std::string_view::npos || !wildcard) return parse_prefix(word);
  words.next();
  const auto first = parse_ipv4(word);
  if (!first) return fail(fmt::format("'{}' is not an IPv4 address", word));
  const auto host_bits = number_of(*wildcard);
  if (host_bits != 0xffffffff && !std::has_single_bit(host_bits + 1))
    return fail(fmt::format("wildcard {} does not have its ones at the end", to_string(*wildcard)));
  return block(*first, host_bits);
}

Result<gdoi::TrafficEnd> parse_end(Words& words, std::uint8_t protocol) {
  const auto addresses = parse_addresses(words);
  if (!addresses) return tl::unexpected<Error>{addresses.error()};
  gdoi::TrafficEnd out{*addresses, 0};
  if (words.peek() != "eq") return out;
  words.next();
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
    return fail("'eq PORT' is for tcp and udp only");
  const auto port = parse_number(words.next(), 1, 65535);
  if (!port) return fail("port: " + port.error().what);
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

}  // namespace

Result<gdoi::TrafficSelector> parse_selector(std::string_view text) {
  Words words{text};
  const auto protocol = parse_protocol(words.next());
  if (!protocol) return tl::unexpected<Error>{protocol.error()};
  const auto source = parse_end(words, *protocol);
  if (!source) return tl::unexpected<Error>{source.error()};
  const auto destination = parse_end(words, *protocol);
  if (!destination) return tl::unexpected<Error>{destination.error()};
  if (!words.empty()) return fail(fmt::format("'{}' is too much", words.peek()));
  return gdoi::TrafficSelector{*protocol, *source, *destination};
}

Result<gdoi::AddressRange> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = parse_ipv4(text.substr(0, slash));
  if (!first) return fail(fmt::format("'{}' is not an IPv4 prefix", text));
  if (slash == std::string_view::npos) return gdoi::AddressRange{*first, *first};
  const auto length = parse_number(text.substr(slash + 1), 0, 32);
  if (!length) return fail("prefix length: " + length.error().what);
  return block(*first, *length == 0 ? 0xffffffff : (std::uint32_t{1} << (32 - *length)) - 1);
}

std::string range_text(const gdoi::AddressRange& range) {
  const auto host_bits = number_of(range.first) ^ number_of(range.last);
  return fmt::format("{}/{}", to_string(range.first), std::countl_zero(host_bits));
}

gdoi::TrafficSelector mirrored(const gdoi::TrafficSelector& selector) {
  return {selector.protocol, selector.destination, selector.source};
}

bool is_within(const gdoi::AddressRange& range, const std::vector<gdoi::AddressRange>& scope) {
  if (scope.empty()) return true;
  if (range.first.family != gdoi::Address::Family::ipv4) return false;
  auto prefixes = scope;
  std::sort(prefixes.begin(), prefixes.end());
  std::uint64_t next = number_of(range.first);
  const std::uint64_t last = number_of(range.last);
  for (const auto& prefix : prefixes)
    if (number_of(prefix.first) <= next)
      next = std::max<std::uint64_t>(next, std::uint64_t{number_of(prefix.last)} + 1);
  return next > last;
}

}  // namespace agent
