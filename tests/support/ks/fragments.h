// SPDX-License-Identifier: GPL-2.0-or-later
// IKE fragments as a key server makes them.
#pragma once

#include <algorithm>
#include <vector>

#include "tests/support/ks/octets.h"

namespace ks {

// fragment carries `data` under the header of the message `of`.
[[nodiscard]] inline Octets fragment(const Octets& of, std::size_t id, std::size_t number,
                                     bool last, const Octets& data) {
  constexpr unsigned fragment_type = 132;
  const auto from = [&](std::size_t begin, std::size_t end) {
    return Octets(of.begin() + static_cast<std::ptrdiff_t>(begin),
                  of.begin() + static_cast<std::ptrdiff_t>(end));
  };
  const std::size_t size = 8 + data.size();
  return from(0, 16) + be(fragment_type, 1) + from(17, 19) + be(0, 1) + from(20, 24) +
         be(28 + size, 4) + be(0, 2) + be(size, 2) + be(id, 2) + be(number, 1) +
         be(last ? 1 : 0, 1) + data;
}

// cut makes fragments of `size` octets of data.
[[nodiscard]] inline std::vector<Octets> cut(const Octets& message, std::size_t id,
                                             std::size_t size) {
  std::vector<Octets> out;
  for (std::size_t at = 0; at < message.size(); at += size) {
    const std::size_t end = std::min(at + size, message.size());
    const auto begin = message.begin();
    const Octets data(begin + static_cast<std::ptrdiff_t>(at),
                      begin + static_cast<std::ptrdiff_t>(end));
    out.push_back(fragment(message, id, out.size() + 1, end == message.size(), data));
  }
  return out;
}

}  // namespace ks
