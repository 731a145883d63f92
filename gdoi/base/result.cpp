// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/base/result.h"

namespace gdoi {

std::string_view name_of(Errc code) noexcept {
  switch (code) {
    case Errc::truncated:
      return "truncated";
    case Errc::malformed:
      return "malformed";
    case Errc::unexpected:
      return "unexpected";
    case Errc::unsupported:
      return "unsupported";
    case Errc::not_authentic:
      return "not authentic";
    case Errc::untrusted:
      return "untrusted";
    case Errc::refused:
      return "refused";
    case Errc::timed_out:
      return "timed out";
    case Errc::crypto:
      return "cryptographic failure";
  }
  return "unknown";
}

}  // namespace gdoi
