// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/deletes.h"

#include <algorithm>

#include "gdoi/wire/attributes.h"
#include "gdoi/wire/notification.h"
#include "gdoi/wire/sa.h"
#include "gdoi/wire/sa_tek.h"

namespace gdoi {
namespace {

constexpr std::uint8_t gdoi_protocol_kek = 0;
constexpr std::size_t tek_spi_size = 4, kek_spi_size = 16;

bool is_zero(View octets) noexcept {
  return std::all_of(octets.begin(), octets.end(), [](std::byte b) { return b == std::byte{0}; });
}

void add_kek(View octets, Deletes& out) {
  RekeySpi spi;
  Reader in{octets};
  const bool read = in.cookie(spi.initiator) && in.cookie(spi.responder) && in.empty();
  assert(read);
  out.keks.push_back(spi);
}

void add_tek(View octets, Deletes& out) {
  Spi spi;
  Reader in{octets};
  const bool read = in.u32(spi.value) && in.empty();
  assert(read);
  out.teks.push_back(spi);
}

// RFC 6407 section 5.9: "To delete a KEK SA, the value of zero MUST be used as the protocol ID."
// Cisco's reference implementation expects 1 there; the size of the SPIs tells what is meant.
Result<void> add(const Delete& del, Deletes& out) {
  const bool keks = del.protocol == gdoi_protocol_kek ||
                    (del.protocol == gdoi_protocol_esp && del.spi_size == kek_spi_size);
  if (!keks && del.protocol != gdoi_protocol_esp) {
    for (std::size_t i = 0; i < del.spis.size(); ++i) count_up(out.ignored);
    return {};
  }
  for (const Bytes& spi : del.spis) {
    if (del.spi_size != tek_spi_size && del.spi_size != kek_spi_size)
      return fail(Errc::malformed, "SPI size of a D", del.spi_size);
    // "the GCKS can signal deletion of all policy of a particular TEK protocol by sending a TEK
    // with an SPI value equal to zero"; how many octets a KEK's zero has is not said.
    if (is_zero(spi))
      (keks ? out.all_keks : out.all_teks) = true;
    else if (!keks)
      add_tek(spi, out);
    else if (del.spi_size == kek_spi_size)
      add_kek(spi, out);
    else
      return fail(Errc::malformed, "SPI size of a D for a KEK", del.spi_size);
  }
  return {};
}

template <class Id>
void sort_out_repeats(std::vector<Id>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

bool Deletes::names_kek(const RekeySpi& spi) const noexcept {
  return all_keks || std::binary_search(keks.begin(), keks.end(), spi);
}

bool Deletes::names_tek(Spi spi) const noexcept {
  return all_teks || std::binary_search(teks.begin(), teks.end(), spi);
}

Result<Deletes> read_deletes(std::span<const View> bodies) {
  Deletes out;
  for (const View body : bodies) {
    const auto del = parse_delete(body);
    if (!del) return tl::unexpected<Error>{del.error()};
    // "The Domain of Interpretation field contains the GDOI DOI." The reference implementation
    // writes 0 when it deletes a KEK.
    if (del->doi != doi_gdoi && del->doi != doi_ipsec && del->doi != doi_isakmp)
      return fail(Errc::unsupported, "DOI of a D", del->doi);
    if (const auto added = add(*del, out); !added) return tl::unexpected<Error>{added.error()};
  }
  sort_out_repeats(out.teks);
  sort_out_repeats(out.keks);
  return out;
}

}  // namespace gdoi
