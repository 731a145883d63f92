// SPDX-License-Identifier: GPL-2.0-or-later
// Reading a payload whose ID lengths may be one or two octets long.
#pragma once

#include <optional>

#include "gdoi/wire/id_triple.h"

namespace gdoi {

// either_form reads `body` with one-octet ID lengths and judges what it found; when either fails,
// it does so with two-octet lengths. A whole payload is tried at a time, so that both readings
// practically never succeed. On failure the error is that of the first reading which fitted the
// format, since it then is about the contents; if none fitted, that of the one-octet reading.
template <class Layout, class Value>
[[nodiscard]] Result<Value> either_form(View body, Result<Layout> (*read)(View, IdLength),
                                        Result<Value> (*judge)(const Layout&)) {
  std::optional<Error> format, contents;
  for (const IdLength form : {IdLength::one_octet, IdLength::two_octets}) {
    const Result<Layout> layout = read(body, form);
    if (!layout) {
      if (!format) format = layout.error();
      continue;
    }
    Result<Value> value = judge(*layout);
    if (value) return value;
    if (!contents) contents = value.error();
  }
  return tl::unexpected<Error>{contents ? *contents : *format};
}

}  // namespace gdoi
