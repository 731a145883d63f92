// SPDX-License-Identifier: GPL-2.0-or-later
// What an operator says about SATs for which the RFC has no words.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gdoi/wire/sa_tek.h"

namespace gdoi {

// What becomes of a SAT that has no key. RFC 6407 has no deny entries; SPI 0, which no SA can have
// (RFC 4303 section 2.1), is how key servers are believed to send them. A nonzero SPI without a key
// packet means traffic that nobody could decrypt.
enum class TekWithoutKey : std::uint8_t {
  deny,    // SPI 0: a deny entry in its place; nonzero SPI: the whole policy is refused (default)
  reject,  // SPI 0: left out and reported; nonzero SPI: the whole policy is refused
  skip,    // both left out and reported
  bypass,  // both become deny entries
};

// AttributeRule gives a meaning to SATs with an attribute that we do not understand.
struct AttributeRule {
  enum class Meaning : std::uint8_t {
    deny,    // the SAT is a deny entry, whatever its SPI and key
    ignore,  // the attribute says nothing that matters to us
  };
  std::uint16_t type = 0;
  std::optional<Bytes> value{};  // nothing: any
  Meaning meaning = Meaning::deny;
  friend bool operator==(const AttributeRule&, const AttributeRule&) = default;

  [[nodiscard]] bool matches(const UnknownAttribute& attribute) const {
    return type == attribute.type && (!value || *value == attribute.value);
  }
};

struct SatRules {
  SatRules() = default;
  // Implicit: it is the one rule that most callers have.
  SatRules(TekWithoutKey keyless, std::vector<AttributeRule> of_attributes = {})
      : without_key{keyless}, attributes{std::move(of_attributes)} {}

  TekWithoutKey without_key = TekWithoutKey::deny;
  std::vector<AttributeRule> attributes;  // the first that matches counts
};

}  // namespace gdoi
