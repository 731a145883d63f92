// SPDX-License-Identifier: GPL-2.0-or-later
// What of a program callgrind counts: what runs within counted(), but for what runs within
// uncounted().
#pragma once

#include <functional>

namespace counts {

void counted(const std::function<void()>& part);
// set_counting: false has counted() count nothing, such as what only leads to the measured part.
void set_counting(bool on);
// uncounted may be called within counted() or without it.
void uncounted(const std::function<void()>& part);

}  // namespace counts
