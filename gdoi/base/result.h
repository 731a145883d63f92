// SPDX-License-Identifier: GPL-2.0-or-later
// The vocabulary of gdoi/: bytes, instants, and errors as values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace gdoi {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;

// Instant is a point on a clock that never steps back and counts suspend (the agent feeds it from
// CLOCK_BOOTTIME). gdoi/ reads no clock: each entrance is told what time it is.
using Instant = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Errc sorts failures by what the caller does about them.
enum class Errc : std::uint8_t {
  truncated,      // the input ended inside a structure
  malformed,      // the input contradicts the format
  unexpected,     // well formed, but not what may come now
  unsupported,    // well formed, but we cannot or will not do it
  not_authentic,  // a hash, signature or padding check failed
  untrusted,      // the peer proved who it is, and that is nobody we trust
  refused,        // the key server said no
  timed_out,      // the key server said nothing
  crypto,         // the cryptographic library failed
};

[[nodiscard]] std::string_view name_of(Errc code) noexcept;

// Error says what kind of failure and at which place. `where` always is a literal of ours, never
// peer data, so it can be logged as it is. `detail` is one number that helps (a payload type, an
// attribute value, an SPI), 0 when there is none. `entry` counts the entries of the key server's
// list from 1; 0 when the failure is not about one. `about` helps a reader further: words of ours,
// addresses, numbers and octets in hexadecimal, never text of a peer's; it does not make an error
// another one.
struct Error {
  Errc code;
  std::string_view where;
  std::uint32_t detail = 0;
  std::uint16_t entry = 0;
  std::string about{};
  friend bool operator==(const Error& a, const Error& b) noexcept {
    return a.code == b.code && a.where == b.where && a.detail == b.detail && a.entry == b.entry;
  }
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string_view where,
                                                std::uint32_t detail = 0) {
  return tl::unexpected<Error>{Error{code, where, detail}};
}

// hex_text writes octets as "00 1f ab", and "..." for those behind the first `most`.
[[nodiscard]] std::string hex_text(View octets, std::size_t most = 16);

}  // namespace gdoi
