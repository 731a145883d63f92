// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/identification.h"

namespace gdoi {

std::optional<std::size_t> fixed_data_size(IdType type) noexcept {
  switch (type) {
    case IdType::ipv4_addr:
      return 4;
    case IdType::ipv4_addr_subnet:
    case IdType::ipv4_addr_range:
      return 8;
    case IdType::ipv6_addr:
      return 16;
    case IdType::ipv6_addr_subnet:
    case IdType::ipv6_addr_range:
      return 32;
    case IdType::fqdn:
    case IdType::user_fqdn:
    case IdType::der_asn1_dn:
    case IdType::der_asn1_gn:
    case IdType::key_id:
    case IdType::oid:
      break;
  }
  return std::nullopt;
}

Result<Identification> parse_identification(View body) {
  Reader in{body};
  Identification id;
  std::uint8_t type = 0;
  if (!(in.u8(type) && in.u8(id.protocol) && in.u16(id.port))) return fail(Errc::truncated, "ID");
  id.type = IdType{type};

  const View data = in.rest();
  const auto size = fixed_data_size(id.type);
  if (data.empty() || (size && data.size() != *size))
    return fail(Errc::malformed, "ID data length", static_cast<std::uint32_t>(data.size()));
  id.data.assign(data.begin(), data.end());
  return id;
}

Bytes encode_identification(const Identification& id) {
  Writer out;
  out.u8(static_cast<std::uint8_t>(id.type)).u8(id.protocol).u16(id.port).bytes(id.data);
  auto octets = std::move(out).finish();
  assert(octets);
  return std::move(*octets);
}

Identification identification_of(const Address& address, std::uint8_t protocol,
                                 std::uint16_t port) {
  const bool ipv4 = address.family == Address::Family::ipv4;
  const View data = View{address.bytes}.first(address.size());
  return {ipv4 ? IdType::ipv4_addr : IdType::ipv6_addr, protocol, port, {data.begin(), data.end()}};
}

Identification identification_of(const GroupId& group) {
  // RFC 6407 section 5.1: "When used with the GDOI, the DOI-Specific ID Data field MUST be set to
  // 0."
  if (const auto* address = std::get_if<Address>(&group)) return identification_of(*address, 0, 0);
  Writer number;
  number.u32(std::get<GroupNumber>(group).value);
  auto octets = std::move(number).finish();
  assert(octets);
  return {IdType::key_id, 0, 0, std::move(*octets)};
}

}  // namespace gdoi
