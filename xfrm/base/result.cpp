// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/base/result.h"

#include <cstring>

namespace xfrm {

tl::unexpected<Error> fail(int code, std::string what, std::string detail) {
  if (detail.empty()) detail = std::strerror(code);
  return tl::unexpected<Error>{Error{code, std::move(what), std::move(detail)}};
}

}  // namespace xfrm
