// SPDX-License-Identifier: GPL-2.0-or-later
// IKE fragments as a key server makes them.
#pragma once

#include <algorithm>
#include <vector>

#include "gdoi/base/result.h"

namespace ks {

inline void put(gdoi::Bytes& out, std::size_t value, int octets) {
  for (int i = octets - 1; i >= 0; --i)
    out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
}

// fragment carries `data` under the header of the message `of`.
[[nodiscard]] inline gdoi::Bytes fragment(const gdoi::Bytes& of, std::size_t id, std::size_t number,
                                          bool last, gdoi::View data) {
  constexpr std::byte fragment_type{132};
  gdoi::Bytes out(of.begin(), of.begin() + 16);
  out.push_back(fragment_type);
  out.insert(out.end(), of.begin() + 17, of.begin() + 19);
  put(out, 0, 1);
  out.insert(out.end(), of.begin() + 20, of.begin() + 24);
  put(out, 28 + 8 + data.size(), 4);
  put(out, 0, 2);
  put(out, 8 + data.size(), 2);
  put(out, id, 2);
  put(out, number, 1);
  put(out, last ? 1 : 0, 1);
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

// cut makes fragments of `size` octets of data.
[[nodiscard]] inline std::vector<gdoi::Bytes> cut(const gdoi::Bytes& message, std::size_t id,
                                                  std::size_t size) {
  std::vector<gdoi::Bytes> out;
  const gdoi::View all{message};
  for (std::size_t at = 0; at < all.size(); at += size) {
    const auto data = all.subspan(at, std::min(size, all.size() - at));
    out.push_back(fragment(message, id, out.size() + 1, at + size >= all.size(), data));
  }
  return out;
}

}  // namespace ks
