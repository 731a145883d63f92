// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/gap.h"

#include "gdoi/wire/attributes.h"

namespace gdoi {

Result<GroupAssociatedPolicy> parse_gap(View body) {
  // RFC 6407 section 5.4. SENDER_ID_REQUEST (3) goes from member to key server only.
  enum AttributeType : std::uint16_t { activation_time_delay = 1, deactivation_time_delay = 2 };

  const auto attributes = parse_attributes(body);
  if (!attributes) return tl::unexpected<Error>{attributes.error()};
  GroupAssociatedPolicy out;
  SeenTypes seen;
  for (const Attribute& attribute : *attributes) {
    if (attribute.type != activation_time_delay && attribute.type != deactivation_time_delay) {
      count_up(out.ignored_attributes);
      continue;
    }
    if (!seen.first(attribute.type))
      return fail(Errc::malformed, "GAP attribute twice", attribute.type);
    const auto value = attribute.number();
    if (!value) return fail(Errc::malformed, "GAP attribute value", attribute.type);
    auto& delay =
        attribute.type == activation_time_delay ? out.activation_delay : out.deactivation_delay;
    delay = seconds{*value};
  }
  return out;
}

}  // namespace gdoi
