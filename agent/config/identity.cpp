// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "agent/base/address.h"
#include "agent/config/octet_values.h"
#include "gdoi/phase1/credentials.h"

namespace agent {
namespace {

struct Kind {
  std::string_view prefix;
  gdoi::IdType type;
};
constexpr std::array kinds{
    Kind{"fqdn:", gdoi::IdType::fqdn},
    Kind{"user:", gdoi::IdType::user_fqdn},
    Kind{"dn:", gdoi::IdType::der_asn1_dn},
    Kind{"key-id:", gdoi::IdType::key_id},
};

const Kind* kind_of(std::string_view text) noexcept {
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) {
    return text.substr(0, kind.prefix.size()) == kind.prefix;
  });
  return found == kinds.end() ? nullptr : &*found;
}

gdoi::Bytes octets_of(std::string_view text) {
  const auto octets = std::as_bytes(std::span{text});
  return {octets.begin(), octets.end()};
}

// Names go on the wire and into the log as they are.
bool is_identity_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_mailbox(std::string_view text) {
  const auto at = text.find('@');
  return is_identity_name(text) && at != 0 && at != std::string_view::npos &&
         at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos;
}

}  // namespace

bool is_typed_identity(std::string_view text) noexcept { return kind_of(text) != nullptr; }

Result<gdoi::Identification> parse_identity(std::string_view text) {
  const Kind* const kind = kind_of(text);
  if (kind == nullptr) {
    const auto address = parse_address(text);
    if (!address)
      return fail(fmt::format(
          "'{}' is neither an address nor begins with fqdn:, user:, dn: or key-id:", text));
    return gdoi::identification_of(*address, 0, 0);
  }

  const auto value = text.substr(kind->prefix.size());
  gdoi::Identification out{kind->type, 0, 0, octets_of(value)};
  if (kind->type == gdoi::IdType::der_asn1_dn) {
    auto name = gdoi::name_from_text(value);
    if (!name) return fail(fmt::format("'{}': {}", text, name.error().where));
    return gdoi::identification_of_name(std::move(*name));
  }
  if (kind->type == gdoi::IdType::key_id && value.substr(0, 2) == "0x") {
    const auto octets = octets_of_hex(value.substr(2));
    if (!octets) return fail(fmt::format("'{}': 0x is not followed by pairs of digits", text));
    out.data = *octets;
    return out;
  }
  if (!is_identity_name(value))
    return fail(fmt::format("'{}' has no name, or one with blanks", text));
  if (kind->type == gdoi::IdType::fqdn && value.find('@') != std::string_view::npos)
    return fail(fmt::format("'{}' has an @: write user: for such a name", text));
  if (kind->type == gdoi::IdType::user_fqdn && !is_mailbox(value))
    return fail(fmt::format("'{}' is not NAME@DOMAIN", text));
  return out;
}

std::string identity_text(const gdoi::Identification& identity) {
  const std::string_view data{reinterpret_cast<const char*>(identity.data.data()),
                              identity.data.size()};
  switch (identity.type) {
    case gdoi::IdType::fqdn:
      return fmt::format("fqdn:{}", data);
    case gdoi::IdType::user_fqdn:
      return fmt::format("user:{}", data);
    case gdoi::IdType::der_asn1_dn:
      return "dn:" + gdoi::text_of_name(identity.data);
    case gdoi::IdType::ipv4_addr:
    case gdoi::IdType::ipv6_addr: {
      gdoi::Address address;
      if (identity.type == gdoi::IdType::ipv6_addr) address.family = gdoi::Address::Family::ipv6;
      std::copy_n(identity.data.begin(), std::min(address.size(), identity.data.size()),
                  address.bytes.begin());
      return to_string(address);
    }
    default:
      break;
  }
  if (is_identity_name(data)) return fmt::format("key-id:{}", data);
  return "key-id:0x" + digits_of(identity.data);
}

}  // namespace agent
