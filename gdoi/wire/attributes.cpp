// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/attributes.h"

#include <cassert>

namespace gdoi {
namespace {

constexpr std::uint16_t basic_flag = 0x8000;  // AF

}  // namespace

std::optional<std::uint32_t> Attribute::number() const noexcept {
  if (value.empty()) return std::nullopt;
  std::uint32_t out = 0;
  for (const std::byte octet : value) {
    if (out >> 24 != 0) return std::nullopt;  // the next octet would push one out
    out = out << 8 | std::to_integer<std::uint32_t>(octet);
  }
  return out;
}

std::optional<std::uint16_t> Attribute::number16() const noexcept {
  const auto wide = number();
  if (!wide || *wide > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(*wide);
}

Result<std::vector<Attribute>> parse_attributes(View octets) {
  Reader in{octets};
  std::vector<Attribute> out;
  while (!in.empty()) {
    std::uint16_t type = 0, length = 2;
    if (!in.u16(type)) return fail(Errc::truncated, "attribute type");
    Attribute attribute;
    attribute.type = type & static_cast<std::uint16_t>(~basic_flag);
    attribute.basic = (type & basic_flag) != 0;
    if (!attribute.basic && !in.u16(length))
      return fail(Errc::truncated, "attribute length", attribute.type);
    if (!in.take(length, attribute.value))
      return fail(Errc::truncated, "attribute value", attribute.type);
    out.push_back(attribute);
  }
  return out;
}

void put_basic(Writer& out, std::uint16_t type, std::uint16_t value) {
  assert((type & basic_flag) == 0);
  out.u16(type | basic_flag).u16(value);
}

void put_variable(Writer& out, std::uint16_t type, View value) {
  assert((type & basic_flag) == 0 && value.size() <= std::numeric_limits<std::uint16_t>::max());
  out.u16(type).u16(static_cast<std::uint16_t>(value.size())).bytes(value);
}

}  // namespace gdoi
