// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/id_triple.h"

#include <algorithm>

#include "gdoi/wire/identification.h"

namespace gdoi {
namespace {

bool all_zero(View octets) noexcept {
  return std::all_of(octets.begin(), octets.end(), [](std::byte b) { return b == std::byte{0}; });
}

Address::Family family_of(IdType type) noexcept {
  const bool ipv6 = type == IdType::ipv6_addr || type == IdType::ipv6_addr_subnet ||
                    type == IdType::ipv6_addr_range;
  return ipv6 ? Address::Family::ipv6 : Address::Family::ipv4;
}

Address address_from(Address::Family family, View octets) noexcept {
  Address out;
  out.family = family;
  std::copy(octets.begin(), octets.end(), out.bytes.begin());
  return out;
}

// contiguous: ones, then zeros.
bool contiguous(View mask) noexcept {
  bool ended = false;
  for (const std::byte octet : mask) {
    const auto value = std::to_integer<unsigned>(octet);
    if (ended && value != 0) return false;
    const unsigned zeros = ~value & 0xff;
    if ((zeros & (zeros + 1)) != 0) return false;  // the zeros are not all at the end
    ended = zeros != 0;
  }
  return true;
}

Result<AddressRange> subnet(Address::Family family, View data) {
  const View prefix = data.first(data.size() / 2), mask = data.last(data.size() / 2);
  if (!contiguous(mask)) return fail(Errc::unsupported, "ID subnet mask is not contiguous");
  AddressRange out{address_from(family, prefix), address_from(family, prefix)};
  for (std::size_t i = 0; i < mask.size(); ++i) {
    out.first.bytes[i] &= mask[i];
    out.last.bytes[i] |= ~mask[i];
  }
  return out;
}

bool bit_of(View octets, std::size_t at) noexcept {
  return (std::to_integer<unsigned>(octets[at / 8]) >> (7 - at % 8) & 1) != 0;
}

// holes lists the zero bits of a mask that have a one behind them.
std::vector<std::size_t> holes(View mask) {
  std::size_t end = 8 * mask.size();
  while (end > 0 && !bit_of(mask, end - 1)) --end;
  std::vector<std::size_t> out;
  for (std::size_t at = 0; at < end; ++at)
    if (!bit_of(mask, at)) out.push_back(at);
  return out;
}

// A wildcard in the middle, such as Cisco's 0.255.0.255, is as many subnets as its holes have
// values.
Result<std::vector<TrafficEnd>> subnets(const IdTriple& id) {
  const auto family = family_of(id.type);
  const View prefix = id.data.first(id.data.size() / 2), mask = id.data.last(id.data.size() / 2);
  const auto open = holes(mask);
  if (open.size() > max_mask_holes)
    return fail(Errc::unsupported, "ID subnet mask with too many non-contiguous bits",
                static_cast<std::uint32_t>(open.size()));
  AddressRange base{address_from(family, prefix), {}};
  for (std::size_t i = 0; i < mask.size(); ++i) base.first.bytes[i] &= mask[i];
  base.last = base.first;
  const std::size_t ends = open.empty() ? 0 : open.back() + 1;
  for (std::size_t at = ends; at < 8 * mask.size(); ++at)
    if (!bit_of(mask, at)) base.last.bytes[at / 8] |= std::byte{0x80} >> at % 8;

  std::vector<TrafficEnd> out;
  for (std::size_t value = 0; value < std::size_t{1} << open.size(); ++value) {
    TrafficEnd one{base, id.port};
    for (std::size_t i = 0; i < open.size(); ++i) {
      if ((value >> (open.size() - 1 - i) & 1) == 0) continue;
      const std::byte bit = std::byte{0x80} >> open[i] % 8;
      one.addresses.first.bytes[open[i] / 8] |= bit;
      one.addresses.last.bytes[open[i] / 8] |= bit;
    }
    out.push_back(one);
  }
  return out;
}

Result<AddressRange> range(Address::Family family, View data) {
  const AddressRange out{address_from(family, data.first(data.size() / 2)),
                         address_from(family, data.last(data.size() / 2))};
  if (out.last < out.first) return fail(Errc::malformed, "ID range ends before it begins");
  return out;
}

Result<AddressRange> addresses(const IdTriple& id) {
  const auto family = family_of(id.type);
  if (id.data.empty()) return AddressRange::any(family);
  switch (id.type) {
    case IdType::ipv4_addr:
    case IdType::ipv6_addr:
      return AddressRange{address_from(family, id.data), address_from(family, id.data)};
    case IdType::ipv4_addr_subnet:
    case IdType::ipv6_addr_subnet:
      return subnet(family, id.data);
    case IdType::ipv4_addr_range:
    case IdType::ipv6_addr_range:
      return range(family, id.data);
    case IdType::fqdn:
    case IdType::user_fqdn:
    case IdType::der_asn1_dn:
    case IdType::der_asn1_gn:
    case IdType::key_id:
    case IdType::oid:
      break;
  }
  return fail(Errc::unsupported, "ID type that names no addresses",
              static_cast<std::uint32_t>(id.type));
}

}  // namespace

Result<IdTriple> read_id_triple(Reader& in, IdLength form) {
  Reader ahead = in;  // `in` moves only when all is well
  IdTriple id;
  std::uint8_t type = 0, short_length = 0;
  std::uint16_t length = 0;
  if (!(ahead.u8(type) && ahead.u16(id.port))) return fail(Errc::truncated, "ID triple");
  const bool read = form == IdLength::one_octet ? ahead.u8(short_length) : ahead.u16(length);
  if (form == IdLength::one_octet) length = short_length;
  if (!read || !ahead.take(length, id.data)) return fail(Errc::truncated, "ID triple");
  id.type = IdType{type};

  // RFC 6407 section 5.5.1: "Set to 3 octets or zero for multiple-source multicast groups that use
  // a common TEK for all senders." RFC 3547 says "three bytes of zero": both mean any address.
  if (id.data.size() == 3 && all_zero(id.data)) id.data = {};
  const auto size = fixed_data_size(id.type);
  if (!id.data.empty() && size && id.data.size() != *size)
    return fail(Errc::malformed, "ID triple data length", length);
  in = ahead;
  return id;
}

Result<TrafficEnd> traffic_end(const IdTriple& id) {
  // Callers get triples from read_id_triple; one made by hand is held to the same rule.
  const auto size = fixed_data_size(id.type);
  if (!id.data.empty() && size && id.data.size() != *size)
    return fail(Errc::malformed, "ID triple data length",
                static_cast<std::uint32_t>(id.data.size()));
  const auto range = addresses(id);
  if (!range) return tl::unexpected<Error>{range.error()};
  return TrafficEnd{*range, id.port};
}

Result<std::vector<TrafficEnd>> traffic_ends(const IdTriple& id) {
  const bool is_subnet = id.type == IdType::ipv4_addr_subnet || id.type == IdType::ipv6_addr_subnet;
  if (is_subnet && id.data.size() == fixed_data_size(id.type)) return subnets(id);
  return traffic_end(id).map([](const TrafficEnd& end) { return std::vector{end}; });
}

}  // namespace gdoi
