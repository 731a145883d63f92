// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "xfrm/base/planned_change.h"

namespace agent {

using xfrm::PlannedChange;

}  // namespace agent
