// SPDX-License-Identifier: GPL-2.0-or-later
// The Informational exchange (RFC 2409 section 5.7): notifications and deletes.
#pragma once

#include "gdoi/phase1/session.h"
#include "gdoi/wire/notification.h"

namespace gdoi {

// Informational is what one such message says.
struct Informational {
  std::vector<Notification> notifications;
  std::vector<Delete> deletes;
};

// open_informational reads a protected message and checks its HASH.
[[nodiscard]] Result<Informational> open_informational(const Session& session,
                                                       const IsakmpMessage& message);

// read_clear_informational reads an unprotected one. Anybody could have sent it: a hint.
[[nodiscard]] Result<Informational> read_clear_informational(const IsakmpMessage& message);

// Protected messages of ours. `id` must be new and not 0.
[[nodiscard]] Result<Bytes> protect(const Session& session, MessageId id,
                                    const Notification& notification);
[[nodiscard]] Result<Bytes> protect(const Session& session, MessageId id, const Delete& del);

// delete_of names the session's ISAKMP SA (RFC 2408 section 3.15).
[[nodiscard]] Delete delete_of(const Session& session);
// refers_to tells whether `del` deletes the session's ISAKMP SA.
[[nodiscard]] bool refers_to(const Delete& del, const Session& session) noexcept;

// no_proposal_chosen tells the key server that its policy is of no use to us.
[[nodiscard]] Notification no_proposal_chosen(const Session& session);

// alive_answer answers an R-U-THERE (RFC 3706 section 5.3), or fails when it is not well formed.
[[nodiscard]] Result<Notification> alive_answer(const Notification& are_you_there,
                                                const Session& session);

// is_error tells the error notifications from the status ones (RFC 2408 section 3.14.1).
[[nodiscard]] bool is_error(NotifyType type) noexcept;

}  // namespace gdoi
