// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/nat_framing.h"

#include <algorithm>
#include <array>

namespace agent {
namespace {

constexpr std::array<std::byte, 4> non_esp_marker{};
constexpr std::array keep_alive{std::byte{0xff}};

}  // namespace

gdoi::View nat_keep_alive() noexcept { return keep_alive; }

gdoi::Bytes framed(gdoi::View datagram) {
  const bool alone =
      std::equal(datagram.begin(), datagram.end(), keep_alive.begin(), keep_alive.end());
  const std::size_t before = alone ? 0 : non_esp_marker.size();
  gdoi::Bytes out(before + datagram.size());  // the marker is all zero
  std::copy(datagram.begin(), datagram.end(), out.begin() + static_cast<std::ptrdiff_t>(before));
  return out;
}

std::optional<gdoi::View> unframed(gdoi::View datagram) noexcept {
  if (datagram.size() <= non_esp_marker.size() ||
      !std::equal(non_esp_marker.begin(), non_esp_marker.end(), datagram.begin()))
    return std::nullopt;
  return datagram.subspan(non_esp_marker.size());
}

}  // namespace agent
