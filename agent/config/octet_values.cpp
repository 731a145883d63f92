// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/octet_values.h"

#include <fmt/format.h>

#include "agent/config/config_values.h"

namespace agent {

std::optional<gdoi::Bytes> octets_of_hex(std::string_view digits) {
  const auto nibble = [](char c) {
    constexpr std::string_view known = "0123456789abcdef";
    return known.find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
  };
  gdoi::Bytes out;
  if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const auto high = nibble(digits[i]), low = nibble(digits[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return out;
}

std::string digits_of(gdoi::View octets) {
  std::string out;
  for (const auto octet : octets) out += fmt::format("{:02x}", std::to_integer<unsigned>(octet));
  return out;
}

Result<gdoi::AttributeRule> parse_sat_attribute(std::string_view text) {
  using Meaning = gdoi::AttributeRule::Meaning;
  const auto invalid = [text] {
    return fail(fmt::format(
        "invalid value '{}' (expected NUMBER[:HEX] deny or NUMBER[:HEX] ignore, such as "
        "'32001:0001 deny')",
        text));
  };
  const auto what = text.substr(0, text.find(' '));
  const auto meaning = trim_blanks(text.substr(what.size()));
  if (meaning != "deny" && meaning != "ignore") return invalid();
  const auto colon = what.find(':');
  const auto number = parse_number(what.substr(0, colon), 1, 0x7fff);
  if (!number) return invalid();

  gdoi::AttributeRule out;
  out.type = static_cast<std::uint16_t>(*number);
  out.meaning = meaning == "deny" ? Meaning::deny : Meaning::ignore;
  if (colon == std::string_view::npos) return out;
  out.value = octets_of_hex(what.substr(colon + 1));
  if (!out.value) return invalid();
  return out;
}

Result<gdoi::Bytes> parse_vendor_id(std::string_view text) {
  auto octets = octets_of_hex(text);
  if (!octets || octets->size() < 4 || octets->size() > 64)
    return fail(fmt::format("invalid value '{}' (expected 4 to 64 octets in hexadecimal)", text));
  return std::move(*octets);
}

Result<void> add_rekey_key(RekeyKeys& keys, std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  constexpr std::size_t most = 8;
  const bool alone = text == "any" || text == "first";
  if ((alone && !keys.any()) || (!alone && keys.first))
    return fail("'any' and 'first' stand alone");
  if (text == "any") return {};
  if (text == "first") {
    keys.first = true;
    return {};
  }
  auto digest = text.substr(0, prefix.size()) == prefix ? octets_of_hex(text.substr(prefix.size()))
                                                        : std::nullopt;
  if (!digest || digest->size() != 32)
    return fail(fmt::format(
        "invalid value '{}' (expected any, first, or sha256: and 64 hexadecimal digits)", text));
  if (keys.digests.size() == most) return fail(fmt::format("more than {} keys", most));
  keys.digests.push_back(std::move(*digest));
  return {};
}

std::string rekey_key_text(gdoi::View digest) { return "sha256:" + digits_of(digest); }

std::string sat_attribute_text(const gdoi::AttributeRule& rule) {
  auto out = fmt::to_string(rule.type);
  if (rule.value) out += ':' + digits_of(*rule.value);
  return out + (rule.meaning == gdoi::AttributeRule::Meaning::deny ? " deny" : " ignore");
}

}  // namespace agent
