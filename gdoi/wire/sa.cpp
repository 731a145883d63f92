// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/sa.h"

#include "gdoi/wire/lifetime.h"
#include "gdoi/wire/payload.h"

namespace gdoi {
namespace {

constexpr std::uint8_t key_ike = 1;       // RFC 2407 section 4.4.2
constexpr std::size_t max_spi_size = 16;  // RFC 2408 section 3.5
constexpr std::size_t max_transforms = 64;

// RFC 2409 appendix A.
struct IkeAttribute {
  enum Type : std::uint16_t {
    encryption_algorithm = 1,
    hash_algorithm = 2,
    authentication_method = 3,
    group_description = 4,
    life_type = 11,
    life_duration = 12,
    key_length = 14,
  };
};

std::uint16_t* field_of(IkeTransform& transform, std::uint16_t type) noexcept {
  switch (type) {
    case IkeAttribute::encryption_algorithm:
      return &transform.encryption;
    case IkeAttribute::hash_algorithm:
      return &transform.hash;
    case IkeAttribute::authentication_method:
      return &transform.authentication;
    case IkeAttribute::group_description:
      return &transform.group;
    case IkeAttribute::key_length:
      return &transform.key_bits;
  }
  return nullptr;
}

Result<void> apply(const Attribute& attribute, IkeTransform& transform, Lifetimes& lifetimes,
                   SeenTypes& seen) {
  if (attribute.type == IkeAttribute::life_type) return lifetimes.add_type(attribute);
  if (attribute.type == IkeAttribute::life_duration) return lifetimes.add_duration(attribute);

  std::uint16_t* const field = field_of(transform, attribute.type);
  if (field == nullptr)
    return fail(Errc::unsupported, "phase 1 attribute of unknown type", attribute.type);
  if (!seen.first(attribute.type))
    return fail(Errc::malformed, "phase 1 attribute twice", attribute.type);
  const auto value = attribute.number16();
  // 0 is reserved in each of these registries, and means "absent" in IkeTransform.
  if (!value || *value == 0)
    return fail(Errc::malformed, "phase 1 attribute value", attribute.type);
  *field = *value;
  return {};
}

Result<IkeTransform> parse_transform(View body) {
  Reader in{body};
  IkeTransform transform;
  std::uint8_t id = 0;
  std::uint16_t reserved = 0;
  if (!(in.u8(transform.number) && in.u8(id) && in.u16(reserved)))
    return fail(Errc::truncated, "phase 1 transform");
  if (id != key_ike) return fail(Errc::unsupported, "phase 1 transform ID", id);
  const auto attributes = parse_attributes(in.rest());
  if (!attributes) return tl::unexpected<Error>{attributes.error()};

  Lifetimes lifetimes;
  SeenTypes seen;
  for (const Attribute& attribute : *attributes)
    if (const auto applied = apply(attribute, transform, lifetimes, seen); !applied)
      return tl::unexpected<Error>{applied.error()};
  if (const auto paired = lifetimes.finish(); !paired) return tl::unexpected<Error>{paired.error()};
  transform.life_seconds = lifetimes.seconds();
  transform.life_kilobytes = lifetimes.kilobytes();
  return transform;
}

Result<std::vector<IkeTransform>> parse_transforms(Reader& in, std::size_t count) {
  if (count == 0 || count > max_transforms)
    return fail(Errc::malformed, "number of phase 1 transforms", static_cast<std::uint32_t>(count));
  std::vector<IkeTransform> out;
  auto following = PayloadType::transform;
  while (following == PayloadType::transform && out.size() < count) {
    const auto payload = next_payload(in, PayloadType::transform, following);
    if (!payload) return tl::unexpected<Error>{payload.error()};
    auto transform = parse_transform(payload->body);
    if (!transform) return tl::unexpected<Error>{transform.error()};
    out.push_back(*transform);
  }
  if (out.size() != count || following != PayloadType::none || !in.empty())
    return fail(Errc::malformed, "chain of phase 1 transforms",
                static_cast<std::uint32_t>(following));
  return out;
}

Result<std::vector<IkeTransform>> parse_proposal(View body) {
  Reader in{body};
  std::uint8_t number = 0, protocol = 0, spi_size = 0, count = 0;
  View spi;
  if (!(in.u8(number) && in.u8(protocol) && in.u8(spi_size) && in.u8(count)))
    return fail(Errc::truncated, "phase 1 proposal");
  if (protocol != protocol_isakmp)
    return fail(Errc::unsupported, "phase 1 proposal for another protocol", protocol);
  // RFC 2408 section 3.5: "the SPI Size is irrelevant and MAY be from zero (0) to sixteen (16). If
  // the SPI Size is non-zero, the content of the SPI field MUST be ignored."
  if (spi_size > max_spi_size) return fail(Errc::malformed, "phase 1 SPI size", spi_size);
  if (!in.take(spi_size, spi)) return fail(Errc::truncated, "phase 1 proposal");
  return parse_transforms(in, count);
}

Bytes encode_attributes(const IkeTransform& transform) {
  Writer out;
  const auto put_known = [&](std::uint16_t type, std::uint16_t value) {
    if (value != 0) put_basic(out, type, value);
  };
  const auto put_life = [&](std::uint16_t unit, const std::optional<std::uint32_t>& value) {
    if (!value) return;
    put_basic(out, IkeAttribute::life_type, unit);
    if (*value <= std::numeric_limits<std::uint16_t>::max())
      return put_basic(out, IkeAttribute::life_duration, static_cast<std::uint16_t>(*value));
    out.u16(IkeAttribute::life_duration).u16(sizeof(*value)).u32(*value);
  };
  put_known(IkeAttribute::encryption_algorithm, transform.encryption);
  put_known(IkeAttribute::key_length, transform.key_bits);
  put_known(IkeAttribute::hash_algorithm, transform.hash);
  put_known(IkeAttribute::authentication_method, transform.authentication);
  put_known(IkeAttribute::group_description, transform.group);
  put_life(1, transform.life_seconds);
  put_life(2, transform.life_kilobytes);
  auto octets = std::move(out).finish();
  assert(octets);
  return std::move(*octets);
}

// encode_proposal writes the Proposal payload with its transforms; their chain is inside it, so it
// is built apart from the message's.
Bytes encode_proposal(std::span<const IkeTransform> transforms) {
  assert(!transforms.empty() && transforms.size() <= max_transforms);
  Writer chain;
  for (const IkeTransform& transform : transforms)
    chain.payload(PayloadType::transform, [&](Writer& out) {
      out.u8(transform.number).u8(key_ike).u16(0).bytes(encode_attributes(transform));
    });
  const auto inner = std::move(chain).finish();

  Writer proposal;
  proposal.payload(PayloadType::proposal, [&](Writer& out) {
    out.u8(1).u8(protocol_isakmp).u8(0).u8(static_cast<std::uint8_t>(transforms.size()));
    out.bytes(*inner);
  });
  auto octets = std::move(proposal).finish();
  assert(octets);
  return std::move(*octets);
}

}  // namespace

Result<Phase1Sa> parse_phase1_sa(View body) {
  Reader in{body};
  Phase1Sa sa;
  if (!(in.u32(sa.doi) && in.u32(sa.situation))) return fail(Errc::truncated, "phase 1 SA");
  // The length of Situation depends on the DOI; it is four octets in those we know.
  if (sa.doi > doi_gdoi) return fail(Errc::unsupported, "phase 1 DOI", sa.doi);

  auto following = PayloadType::none;
  const auto proposal = next_payload(in, PayloadType::proposal, following);
  if (!proposal) return tl::unexpected<Error>{proposal.error()};
  // RFC 2409 section 5: "for phase 1 exchanges there MUST NOT be multiple Proposal Payloads for a
  // single SA payload"
  if (following != PayloadType::none || !in.empty())
    return fail(Errc::malformed, "more than one phase 1 proposal",
                static_cast<std::uint32_t>(following));

  auto transforms = parse_proposal(proposal->body);
  if (!transforms) return tl::unexpected<Error>{transforms.error()};
  sa.transforms = std::move(*transforms);
  return sa;
}

void put_phase1_sa(Writer& out, const Phase1Sa& sa) {
  out.payload(PayloadType::sa, [&](Writer& body) {
    body.u32(sa.doi).u32(sa.situation).bytes(encode_proposal(sa.transforms));
  });
}

}  // namespace gdoi
