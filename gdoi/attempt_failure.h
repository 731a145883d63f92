// SPDX-License-Identifier: GPL-2.0-or-later
// Why an attempt to register ended without a policy.
#pragma once

#include <string_view>

#include "gdoi/phase1/exchange.h"
#include "gdoi/pull/registration.h"

namespace gdoi {

struct AttemptFailure {
  Error why;
  std::optional<NotifyType> notification;
  bool notification_authentic = false;
  // The key server may not support the DOI that phase 1 offered: it was silent, or hinted so.
  bool may_be_doi = false;
  bool hinted_doi = false;
  // It fell silent when we moved to UDP 4500: it may not listen there.
  bool may_be_nat = false;
  bool silent = false;  // nothing at all came back
};

// What came since the last progress of an attempt, none of it a valid answer.
struct WithoutAnswer {
  std::optional<NotifyType> hint;  // the last error notification, unauthenticated
  std::optional<Error> untrusted;  // why a peer that proved its identity is not the key server
  bool got_invalid_reply = false;
};

// phase1_timeout is the failure of an attempt whose last wait in phase 1 ended. `floated`: the
// messages that wait for an answer went to UDP 4500. `failure_hint` is the Authenticator's.
[[nodiscard]] AttemptFailure phase1_timeout(Phase1Exchange::Stage stage, bool floated,
                                            std::string_view failure_hint,
                                            const WithoutAnswer& got);

// pull_timeout is the same for GROUPKEY-PULL.
[[nodiscard]] AttemptFailure pull_timeout(Registration::Stage stage, const WithoutAnswer& got);

// refused_with is the failure that an authenticated error notification means.
[[nodiscard]] AttemptFailure refused_with(NotifyType type);

}  // namespace gdoi
