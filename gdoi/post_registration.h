// SPDX-License-Identifier: GPL-2.0-or-later
// PostRegistration: what is left of a registration that is over.
#pragma once

#include "gdoi/actions.h"
#include "gdoi/datagram.h"
#include "gdoi/phase1/session.h"

namespace gdoi {

// PostRegistration answers a key server that did not receive our Delete of phase 1: it repeats PULL
// message 4, or asks whether we are there (RFC 3706). The Delete is sent again, a few times.
class PostRegistration {
 public:
  // Nothing to answer: a policy that came by a rekey.
  PostRegistration() = default;
  // It comes from one of `key_server`; `trigger_digest` is that of PULL message 4, `cookie` ours of
  // phase 1.
  PostRegistration(std::vector<Address> key_server, Bytes trigger_digest, const Cookie& cookie,
                   Send phase1_delete, std::optional<Session> session)
      : key_server_{std::move(key_server)},
        trigger_digest_{std::move(trigger_digest)},
        cookie_{cookie},
        phase1_delete_{std::move(phase1_delete)},
        session_{std::move(session)} {}

  [[nodiscard]] bool owns(const Cookie& initiator) const noexcept {
    return phase1_delete_ && cookie_ == initiator;
  }
  // receive is the Delete to send again. An error: the message is dropped without effect.
  [[nodiscard]] Result<Actions> receive(const Datagram& datagram);

 private:
  [[nodiscard]] Result<void> check(const Endpoint& from, const IsakmpMessage& message) const;

  std::vector<Address> key_server_;
  Bytes trigger_digest_;
  Cookie cookie_;
  std::optional<Send> phase1_delete_;
  std::optional<Session> session_;  // deleted by us, but the key server may not know it yet
  unsigned repeats_ = 0;
};

}  // namespace gdoi
