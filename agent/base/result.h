// SPDX-License-Identifier: GPL-2.0-or-later
// Errors of the agent: one line a person can act on.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace agent {

struct Error {
  std::string what;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(std::string what) {
  return tl::unexpected<Error>{Error{std::move(what)}};
}

// fail_errno appends what errno means: "bind UDP port 848: Permission denied".
[[nodiscard]] inline tl::unexpected<Error> fail_errno(std::string_view what, int code = errno) {
  return fail(std::string{what} + ": " + std::strerror(code));
}

}  // namespace agent
