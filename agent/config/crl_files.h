// SPDX-License-Identifier: GPL-2.0-or-later
// The files of revocation lists: what they hold, and until when it counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/files.h"
#include "agent/base/result.h"
#include "gdoi/phase1/credentials.h"

namespace agent {

// FileCrl is one list: its file, whose it is, and its thisUpdate and nextUpdate.
struct FileCrl {
  std::string file, issuer;
  std::optional<gdoi::WallTime> from, to;

  // ends_soon_from is when it is time for the next one: a tenth of its life before nextUpdate, a
  // week at most. Nothing without nextUpdate, which means that it never ends.
  [[nodiscard]] std::optional<gdoi::WallTime> ends_soon_from() const noexcept;
};

enum class CrlState : std::uint8_t { valid, ends_soon, ended };
[[nodiscard]] CrlState state_of(const FileCrl& crl, gdoi::WallTime now) noexcept;
// end_text is a line about one that ends soon or has ended.
[[nodiscard]] std::string end_text(const FileCrl& crl, CrlState state);

// CrlFiles is what was read.
struct CrlFiles {
  std::vector<FileVersion> versions;  // of each file, before it was read
  std::vector<FileCrl> crls;
  std::string texts;
};

// read_crl_files adds the lists of all files to `anchors`; an error names the file.
[[nodiscard]] Result<CrlFiles> read_crl_files(std::span<const std::string> files,
                                              gdoi::TrustAnchors& anchors);

// utc_text is "2026-11-28 01:50:04 UTC".
[[nodiscard]] std::string utc_text(gdoi::WallTime time);

// in_file puts the name of a file before what is wrong in it.
template <class T>
[[nodiscard]] Result<T> in_file(const std::string& file, gdoi::Result<T> result) {
  if (!result) return fail(file + ": " + std::string{result.error().where});
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return std::move(*result);
}

}  // namespace agent
