// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "xfrm/base/descriptor.h"

namespace agent {

// Fd owns a file descriptor.
using Fd = xfrm::Descriptor;

}  // namespace agent
