// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/group_sa.h"

#include <algorithm>

#include "gdoi/wire/attributes.h"
#include "gdoi/wire/dissect.h"
#include "gdoi/wire/payload.h"
#include "gdoi/wire/sa.h"
#include "gdoi/wire/sa_kek.h"

namespace gdoi {
namespace {

constexpr std::uint8_t protocol_ah = 2;

Result<void> add_kek(View body, GroupSa& out) {
  if (out.kek || out.gap || !out.teks.empty() || out.skipped_protocols != 0)
    return fail(Errc::malformed, "SAK twice or out of order");
  const auto kek = parse_sa_kek(body);
  if (!kek) return tl::unexpected<Error>{kek.error()};
  out.kek = *kek;
  return {};
}

Result<void> add_gap(View body, GroupSa& out) {
  if (out.gap || !out.teks.empty() || out.skipped_protocols != 0)
    return fail(Errc::malformed, "GAP twice or out of order");
  const auto gap = parse_gap(body);
  if (!gap) return tl::unexpected<Error>{gap.error()};
  out.gap = *gap;
  return {};
}

Result<void> add_tek(View body, GroupSa& out) {
  if (out.teks.size() + out.skipped_protocols == max_sa_teks)
    return fail(Errc::malformed, "too many SATs", max_sa_teks);
  // AH protects the addresses but hides nothing, and GETVPN's data path has no place for it. What
  // it was to protect must not go out in clear, so it is not skipped.
  if (!body.empty() && body[0] == std::byte{protocol_ah})
    return fail(Errc::unsupported, "SAT for AH, which encrypts nothing: the group must use ESP",
                protocol_ah);
  auto tek = parse_sa_tek(body);
  if (!tek) return tl::unexpected<Error>{tek.error()};
  const auto number = static_cast<std::uint16_t>(out.teks.size() + out.skipped_protocols + 1);
  if (*tek) {
    out.teks.push_back(std::move(**tek));
    out.teks.back().number = number;
    return {};
  }
  ++out.skipped_protocols;
  if (out.skipped.size() < max_skipped_told) {
    const View first = body.first(std::min(body.size(), max_skipped_octets));
    out.skipped.push_back({number, {}, Bytes(first.begin(), first.end())});
  }
  return {};
}

// RFC 2408 section 3.1 leaves the types from 128 on to private use, and key servers of some makers
// may well have something to add to the policy.
bool is_private(PayloadType type) noexcept { return static_cast<std::uint8_t>(type) >= 128; }

// tell_ignored counts private payloads where private attributes are counted: both may mean that the
// key server wants more of a TEK than we know of.
void tell_ignored(std::uint16_t payloads, GroupSa& out) {
  if (out.teks.empty() && !out.kek) return;
  auto& counter =
      out.teks.empty() ? out.kek->ignored_attributes : out.teks.front().policy.ignored_attributes;
  for (; payloads != 0; --payloads) count_up(counter);
}

// RFC 6407 section 5.2.1: "When present, the order of the SA Attribute payloads MUST be: SAK, GAP,
// and SATs."
Result<void> add(const Payload& payload, GroupSa& out) {
  if (payload.type == PayloadType::sa_kek) return add_kek(payload.body, out);
  if (payload.type == PayloadType::gap) return add_gap(payload.body, out);
  if (payload.type == PayloadType::sa_tek) return add_tek(payload.body, out);
  return fail(Errc::unexpected, "payload inside the SA", static_cast<std::uint32_t>(payload.type));
}

}  // namespace

Result<GroupSa> parse_group_sa(View body) {
  Reader in{body};
  std::uint32_t doi = 0, situation = 0;
  std::uint16_t first = 0, reserved = 0;
  if (!(in.u32(doi) && in.u32(situation) && in.u16(first) && in.u16(reserved)))
    return fail(Errc::truncated, "SA");
  if (doi != doi_gdoi) return fail(Errc::unsupported, "SA DOI", doi);
  if (situation != 0) return fail(Errc::unsupported, "SA situation", situation);
  if (first > 0xff) return fail(Errc::malformed, "SA Attribute Next Payload", first);

  GroupSa out;
  std::uint16_t ignored = 0;
  auto type = PayloadType{static_cast<std::uint8_t>(first)};
  while (type != PayloadType::none) {
    const auto payload = next_payload(in, type, type);
    if (!payload) return tl::unexpected<Error>{payload.error()};
    if (is_private(payload->type)) {
      count_up(ignored);
      continue;
    }
    if (auto added = add(*payload, out); !added) {
      if (added.error().about.empty()) added.error().about = fault_in(payload->type, payload->body);
      if (payload->type == PayloadType::sa_tek)
        added.error().entry =
            static_cast<std::uint16_t>(out.teks.size() + out.skipped_protocols + 1);
      return tl::unexpected<Error>{added.error()};
    }
  }
  if (!in.empty())
    return fail(Errc::malformed, "octets after the last SA attribute payload",
                static_cast<std::uint32_t>(in.rest().size()));
  // RFC 6407 section 5.2.1: "either one SAK or SAT payload MUST be present"
  if (!out.kek && out.teks.empty() && out.skipped_protocols == 0)
    return fail(Errc::malformed, "SA without SAK and SAT");
  tell_ignored(ignored, out);
  return out;
}

}  // namespace gdoi
