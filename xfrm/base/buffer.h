// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace xfrm {

// Buffer is room for what the kernel writes. Unlike a vector's it is not cleared at first, so that
// what was never written takes no memory: answers are small, and there is room for large ones.
class Buffer {
 public:
  explicit Buffer(std::size_t size)
      : octets_{std::make_unique_for_overwrite<std::byte[]>(size)}, size_{size} {}

  [[nodiscard]] std::span<std::byte> span() const noexcept { return {octets_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> octets_;
  std::size_t size_;
};

}  // namespace xfrm
