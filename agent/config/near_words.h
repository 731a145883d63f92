// SPDX-License-Identifier: GPL-2.0-or-later
// What may have been meant by a word that is none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agent {

// nearest_word is the one of `known` that a few mistyped letters make of `written`; empty: none is.
[[nodiscard]] std::string nearest_word(std::string_view written,
                                       const std::vector<std::string_view>& known);

}  // namespace agent
