// SPDX-License-Identifier: GPL-2.0-or-later
// The request "events", and what the daemon answers:
//
//   {"schema": 1, "run": RUN, "last": NUMBER, "lost": COUNT, "events": [EVENT]}
//
// as answers.schema.json describes it. Without words all that is kept is told. With the words RUN
// and NUMBER, of an answer before, only what came after it; `lost` is how many of those are no
// longer kept. RUN of another process counts as nothing. A third word "wait": the answer comes when
// there is something to tell, or before the client's time is up.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/control/requests.h"
#include "agent/group/events.h"

namespace agent {

// events_answer returns nothing when the request is to wait for news, and there is none. With
// `must_answer` it does not wait.
[[nodiscard]] std::optional<std::string> events_answer(const Events& events,
                                                       const ControlRequest& request,
                                                       bool must_answer);

}  // namespace agent
