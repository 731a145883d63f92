// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/sa_tek.h"

#include "gdoi/wire/either_form.h"
#include "gdoi/wire/esp_policy.h"

namespace gdoi {
namespace {

constexpr std::size_t max_selectors = 1024;  // of one SAT

struct SatFields {
  std::uint8_t protocol = 0;
  IdTriple source, destination;
  std::uint8_t transform = 0;
  Spi spi;
  std::vector<Attribute> attributes;
};

// read_sat follows RFC 6407 figure 8. The text lists a "DST ID Prot" that the figure, and everybody
// else, does not have.
Result<SatFields> read_sat(View specific, IdLength form) {
  Reader in{specific};
  SatFields out;
  if (!in.u8(out.protocol)) return fail(Errc::truncated, "SAT");
  const auto source = read_id_triple(in, form);
  if (!source) return tl::unexpected<Error>{source.error()};
  const auto destination = read_id_triple(in, form);
  if (!destination) return tl::unexpected<Error>{destination.error()};
  out.source = *source;
  out.destination = *destination;
  if (!(in.u8(out.transform) && in.u32(out.spi.value))) return fail(Errc::truncated, "SAT");
  auto attributes = parse_attributes(in.rest());
  if (!attributes) return tl::unexpected<Error>{attributes.error()};
  out.attributes = std::move(*attributes);
  return out;
}

Result<std::vector<TrafficSelector>> selectors_of(const SatFields& layout) {
  auto sources = traffic_ends(layout.source);
  if (!sources) return tl::unexpected<Error>{sources.error()};
  auto destinations = traffic_ends(layout.destination);
  if (!destinations) return tl::unexpected<Error>{destinations.error()};

  // "Any" without data may come with whatever type: it is any address of the other end's family.
  TrafficEnd &source = sources->front(), &destination = destinations->front();
  if (source.addresses.first.family != destination.addresses.first.family) {
    const bool open_source = layout.source.data.empty();
    if (open_source == layout.destination.data.empty())
      return fail(Errc::malformed, "SAT source and destination of different families");
    TrafficEnd& open = open_source ? source : destination;
    const TrafficEnd& named = open_source ? destination : source;
    open.addresses = AddressRange::any(named.addresses.first.family);
  }
  if (sources->size() * destinations->size() > max_selectors)
    return fail(Errc::unsupported, "SAT whose masks have too many non-contiguous bits");
  std::vector<TrafficSelector> out;
  for (const auto& one : *sources)
    for (const auto& other : *destinations) out.push_back({layout.protocol, one, other});
  return out;
}

Result<SaTek> judge_sat(const SatFields& layout) {
  auto selectors = selectors_of(layout);
  if (!selectors) return tl::unexpected<Error>{selectors.error()};
  // RFC 4303 section 2.1: "The SPI value of zero (0) is reserved for local, implementation-specific
  // use". No SA can have it, so such an entry has no protection to be judged.
  if (layout.spi == Spi{0})
    return SaTek{std::move(*selectors), layout.spi, {}, unknown_attributes(layout.attributes)};

  const auto policy = esp_policy(layout.transform, layout.attributes);
  if (!policy) return tl::unexpected<Error>{policy.error()};
  return SaTek{std::move(*selectors), layout.spi, *policy, unknown_attributes(layout.attributes)};
}

}  // namespace

Result<std::optional<SaTek>> parse_sa_tek(View body) {
  Reader in{body};
  std::uint8_t protocol = 0;
  if (!in.u8(protocol)) return fail(Errc::truncated, "SAT");
  if (protocol != gdoi_protocol_esp) return std::optional<SaTek>{};
  return either_form(in.rest(), &read_sat, &judge_sat).map([](const SaTek& sat) {
    return std::optional{sat};
  });
}

}  // namespace gdoi
