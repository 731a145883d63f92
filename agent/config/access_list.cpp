// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/access_list.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>

#include "agent/base/address.h"
#include "agent/config/config_values.h"
#include "gdoi/policy/protocol_words.h"

namespace agent {
namespace {

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

// block6 is the addresses of an IPv6 prefix.
Result<gdoi::AddressRange> block6(const gdoi::Address& first, std::size_t length) {
  auto zeros = first;
  const auto hosts = last_of(gdoi::Address{first.family, {}}, 128 - length);
  for (std::size_t i = 0; i < hosts.size(); ++i) zeros.bytes[i] &= ~hosts.bytes[i];
  if (zeros != first)
    return fail(
        fmt::format("{} has host bits; the network is {}", to_string(first), to_string(zeros)));
  return gdoi::AddressRange{first, last_of(first, 128 - length)};
}

bool is_ipv6(const gdoi::TrafficEnd& end) {
  return end.addresses.first.family == gdoi::Address::Family::ipv6;
}

// settle_family gives "any" the family of the other end, or of the protocol.
Result<void> settle_family(gdoi::TrafficSelector& selector, std::string_view protocol) {
  const bool ipv6 = is_ipv6(selector.source) || is_ipv6(selector.destination) ||
                    protocol == "ipv6" || protocol == "icmpv6";
  if (!ipv6) return {};
  for (auto* end : {&selector.source, &selector.destination}) {
    if (is_ipv6(*end)) continue;
    if (!end->addresses.is_any()) return fail("IPv4 and IPv6 are mixed");
    end->addresses = gdoi::AddressRange::any(gdoi::Address::Family::ipv6);
  }
  if (protocol == "icmp") selector.protocol = IPPROTO_ICMPV6;
  return {};
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
  if (const auto named = gdoi::protocol_number(word)) return *named;
  const auto number = parse_number(word, 1, 255);
  if (!number) return fail(fmt::format("'{}' is no protocol", word));
  return static_cast<std::uint8_t>(*number);
}

using Ranges = std::vector<gdoi::AddressRange>;

// scattered is the addresses that differ from `first` in the bits of `wildcard` only: as many
// ranges as the ones before its last zero have values.
Result<Ranges> scattered(const gdoi::Address& first, std::uint32_t wildcard) {
  constexpr int most = 8;
  const std::uint32_t host_bits = ((wildcard + 1) & ~wildcard) - 1;  // its ones at the end
  const std::uint32_t holes = wildcard & ~host_bits;
  if (std::popcount(holes) > most)
    return fail(fmt::format("wildcard {} has more than {} ones before its last zero",
                            to_string(address_of(wildcard)), most));
  const auto base = block(first, wildcard);
  if (!base) return tl::unexpected<Error>{base.error()};
  Ranges out;
  std::uint32_t value = 0;
  do {
    const auto begin = number_of(first) | value;
    out.push_back({address_of(begin), address_of(begin | host_bits)});
    value = (value - holes) & holes;  // the next number in the bits of `holes`
  } while (value != 0);
  return out;
}

Result<Ranges> parse_addresses(Words& words) {
  if (words.empty()) return fail("an address is missing");
  const auto word = words.next();
  if (word == "any") return Ranges{gdoi::AddressRange::any(gdoi::Address::Family::ipv4)};
  if (word == "host") {
    const auto text = words.next();
    const auto address = parse_address(text);
    if (!address) return fail("'host' needs an address");
    return Ranges{{*address, *address}};
  }
  const auto wildcard = parse_ipv4(words.peek());
  if (word.find('/') != std::string_view::npos || !wildcard)
    return parse_prefix(word).map([](const auto& range) { return Ranges{range}; });
  words.next();
  const auto first = parse_ipv4(word);
  if (!first) return fail(fmt::format("'{}' is not an IPv4 address", word));
  return scattered(*first, number_of(*wildcard));
}

// Ports from the first to the last; 0 and 0 are any.
struct Ports {
  std::uint32_t first = 0, last = 0;
};
constexpr std::uint32_t top_port = 65535;

Result<std::uint32_t> parse_port(Words& words) {
  const auto port = parse_number(words.next(), 1, top_port);
  if (!port) return fail("port: " + port.error().what);
  return *port;
}

// ports_of says what an operator and its number mean.
Result<std::vector<Ports>> ports_of(std::string_view operation, std::uint32_t port, Words& words) {
  std::vector<Ports> out;
  const auto add = [&out](std::uint32_t first, std::uint32_t last) {
    if (first <= last) out.push_back({first, last});
  };
  if (operation == "eq") add(port, port);
  if (operation == "lt" || operation == "neq") add(1, port - 1);
  if (operation == "gt" || operation == "neq") add(port + 1, top_port);
  if (operation == "range") {
    const auto last = parse_port(words);
    if (!last) return tl::unexpected<Error>{last.error()};
    add(port, *last);
  }
  if (out.empty()) return fail(fmt::format("'{} {}' means no port", operation, port));
  return out;
}

Result<std::vector<Ports>> parse_ports(Words& words, std::uint8_t protocol) {
  constexpr std::array operations{"eq", "neq", "gt", "lt", "range"};
  const auto operation = words.peek();
  if (std::find(operations.begin(), operations.end(), operation) == operations.end())
    return std::vector<Ports>{{}};
  words.next();
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
    return fail(fmt::format("'{} PORT' is for tcp and udp only", operation));
  const auto port = parse_port(words);
  if (!port) return tl::unexpected<Error>{port.error()};
  return ports_of(operation, *port, words);
}

Result<std::vector<gdoi::TrafficEnd>> parse_ends(Words& words, std::uint8_t protocol) {
  const auto addresses = parse_addresses(words);
  if (!addresses) return tl::unexpected<Error>{addresses.error()};
  const auto ports = parse_ports(words, protocol);
  if (!ports) return tl::unexpected<Error>{ports.error()};
  std::vector<gdoi::TrafficEnd> out;
  for (const auto& range : *addresses)
    for (const auto& [first, last] : *ports)
      out.push_back({range, static_cast<std::uint16_t>(first),
                     static_cast<std::uint16_t>(first == last ? 0 : last)});
  return out;
}

}  // namespace

Result<std::vector<gdoi::TrafficSelector>> parse_selectors(std::string_view text) {
  constexpr std::size_t most = 1024;
  Words words{text};
  const auto word = words.next();
  const auto protocol = parse_protocol(word);
  if (!protocol) return tl::unexpected<Error>{protocol.error()};
  const auto sources = parse_ends(words, *protocol);
  if (!sources) return tl::unexpected<Error>{sources.error()};
  const auto destinations = parse_ends(words, *protocol);
  if (!destinations) return tl::unexpected<Error>{destinations.error()};
  if (!words.empty()) return fail(fmt::format("'{}' is too much", words.peek()));
  if (sources->size() * destinations->size() > most)
    return fail(fmt::format("its wildcards mean more than {} entries", most));
  std::vector<gdoi::TrafficSelector> out;
  for (const auto& source : *sources)
    for (const auto& destination : *destinations) {
      out.push_back({*protocol, source, destination});
      if (auto settled = settle_family(out.back(), word); !settled)
        return tl::unexpected<Error>{settled.error()};
    }
  return out;
}

Result<gdoi::AddressRange> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = parse_address(text.substr(0, slash));
  if (!first) return fail(fmt::format("'{}' is not a prefix", text));
  if (slash == std::string_view::npos) return gdoi::AddressRange{*first, *first};
  const bool ipv4 = first->family == gdoi::Address::Family::ipv4;
  const auto length = parse_number(text.substr(slash + 1), 0, ipv4 ? 32 : 128);
  if (!length) return fail("prefix length: " + length.error().what);
  if (!ipv4) return block6(*first, *length);
  return block(*first, *length == 0 ? 0xffffffff : (std::uint32_t{1} << (32 - *length)) - 1);
}

std::string range_text(const gdoi::AddressRange& range) {
  const auto bits = range.first.size() * 8;
  std::size_t host_bits = 0;
  while (host_bits < bits && last_of(range.first, host_bits) != range.last) ++host_bits;
  return fmt::format("{}/{}", to_string(range.first), bits - host_bits);
}

gdoi::TrafficSelector mirrored(const gdoi::TrafficSelector& selector) {
  return {selector.protocol, selector.destination, selector.source};
}

bool is_within(const gdoi::AddressRange& range, const std::vector<gdoi::AddressRange>& scope) {
  if (scope.empty()) return true;
  auto prefixes = scope;
  std::sort(prefixes.begin(), prefixes.end());
  auto next = range.first;  // all before it is in the scope
  for (const auto& prefix : prefixes) {
    if (prefix.first.family != next.family || prefix.first > next || prefix.last < next) continue;
    if (prefix.last >= range.last) return true;
    next = next_of(prefix.last);
  }
  return false;
}

}  // namespace agent
