// SPDX-License-Identifier: GPL-2.0-or-later
// FreedBy: how a library's handle is freed, for unique_ptr.
#pragma once

namespace xfrm {

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

}  // namespace xfrm
