// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/crl_files.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace agent {
namespace {

constexpr std::chrono::seconds longest_notice{std::chrono::hours{7 * 24}};

}  // namespace

std::optional<gdoi::WallTime> FileCrl::ends_soon_from() const noexcept {
  if (!to) return std::nullopt;
  const auto life = from ? std::max(*to - *from, std::chrono::seconds{0}) : 10 * longest_notice;
  return *to - std::min(life / 10, longest_notice);
}

CrlState state_of(const FileCrl& crl, gdoi::WallTime now) noexcept {
  const auto soon = crl.ends_soon_from();
  if (!soon || now < *soon) return CrlState::valid;
  return now < *crl.to ? CrlState::ends_soon : CrlState::ended;
}

std::string end_text(const FileCrl& crl, CrlState state) {
  if (state == CrlState::ended)
    return fmt::format(
        "{}: the CRL of {} ended at {}: certificates of that CA are refused until the file has a "
        "newer one",
        crl.file, crl.issuer, utc_text(*crl.to));
  return fmt::format("{}: the CRL of {} ends at {}: the file needs a newer one before that",
                     crl.file, crl.issuer, utc_text(*crl.to));
}

Result<CrlFiles> read_crl_files(std::span<const std::string> files, gdoi::TrustAnchors& anchors) {
  CrlFiles out;
  for (const auto& file : files) {
    const auto version = file_version(file);
    if (!version) return tl::unexpected<Error>{version.error()};
    const auto text = read_file(file);
    if (!text) return tl::unexpected<Error>{text.error()};
    const std::size_t before = anchors.crls().size();
    if (auto added = in_file(file, anchors.add_crls(std::as_bytes(std::span{*text}))); !added)
      return tl::unexpected<Error>{added.error()};
    for (std::size_t i = before; i < anchors.crls().size(); ++i) {
      const auto& [issuer, from, to] = anchors.crls()[i];
      out.crls.push_back({file, gdoi::text_of_name(issuer), from, to});
    }
    out.versions.push_back(*version);
    out.texts += *text;
  }
  return out;
}

std::string utc_text(gdoi::WallTime time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::time_t{time.time_since_epoch().count()}));
}

}  // namespace agent
