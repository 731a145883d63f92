// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/pull/hashes.h"

namespace gdoi {

KeyMaterial pull_hash(const Session& session, MessageId id, View ni_b, View nr_b, View rest) {
  return prf(session.suite.hash, session.skeyid_a.view(), {octets_of(id), ni_b, nr_b, rest});
}

}  // namespace gdoi
