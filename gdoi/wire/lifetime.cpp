// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/lifetime.h"

namespace gdoi {

Result<void> Lifetimes::add_type(const Attribute& attribute) {
  if (awaited_ != Unit::none) return fail(Errc::malformed, "life type without a duration");
  const auto number = attribute.number();
  if (number != 1u && number != 2u) return fail(Errc::unsupported, "life type", number.value_or(0));
  const Unit unit = *number == 1 ? Unit::second : Unit::kilobyte;
  if (of(unit)) return fail(Errc::malformed, "life type twice", *number);
  awaited_ = unit;
  return {};
}

Result<void> Lifetimes::add_duration(const Attribute& attribute) {
  // RFC 2407 section 4.5: "An SA Life Duration attribute MUST always follow an SA Life Type which
  // describes the units of duration."
  if (awaited_ == Unit::none) return fail(Errc::malformed, "life duration without a type");
  const auto duration = attribute.number();
  if (!duration) return fail(Errc::unsupported, "life duration of more than four octets");
  if (*duration == 0) return fail(Errc::malformed, "life duration of 0");
  of(awaited_) = duration;
  awaited_ = Unit::none;
  return {};
}

Result<void> Lifetimes::finish() const {
  if (awaited_ != Unit::none) return fail(Errc::malformed, "life type without a duration");
  return {};
}

}  // namespace gdoi
