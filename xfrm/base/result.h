// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace xfrm {

// Error names what the kernel refused. `what` is the object in words an operator can act on ("state
// in, SPI 0x1234abcd", "policy out, 10.1.0.0/24 to 10.3.0.0/24"), `code` the errno, `detail` the
// kernel's own text (extended acknowledgement) or strerror.
struct Error {
  int code = 0;
  std::string what;
  std::string detail;

  [[nodiscard]] std::string message() const { return what + ": " + detail; }
  // add_failed_undo tells that the steps before the one that failed could not be undone either.
  void add_failed_undo(const Error& undo) {
    detail += "; undoing the earlier steps failed as well: " + undo.message();
  }
};

template <class T>
using Result = tl::expected<T, Error>;

// fail fills in strerror(code) when the kernel gave no text.
[[nodiscard]] tl::unexpected<Error> fail(int code, std::string what, std::string detail = {});

}  // namespace xfrm
