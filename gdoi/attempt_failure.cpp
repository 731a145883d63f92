// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/attempt_failure.h"

namespace gdoi {
namespace {

std::string_view meaning_of(NotifyType type) {
  if (type == NotifyType::invalid_id_information)
    return "the key server does not know the group, or does not authorise this member for it";
  if (type == NotifyType::authentication_failed)
    return "the key server does not authorise this member for the group";
  if (type == NotifyType::no_proposal_chosen) return "the key server accepts none of our proposals";
  return "the key server sent an error notification";
}

bool hints_at_doi(NotifyType type) {
  return type == NotifyType::no_proposal_chosen || type == NotifyType::doi_not_supported ||
         type == NotifyType::situation_not_supported;
}

}  // namespace

AttemptFailure phase1_timeout(Phase1Exchange::Stage stage, bool floated,
                              std::string_view failure_hint, const WithoutAnswer& got) {
  AttemptFailure out{{Errc::timed_out, "no answer from the key server"}, got.hint};
  if (got.hint) out.why.detail = static_cast<std::uint32_t>(*got.hint);
  switch (stage) {
    case Phase1Exchange::Stage::proposal:
      out.may_be_doi = true;
      out.silent = !got.got_invalid_reply && !got.hint;
      out.hinted_doi = got.hint && hints_at_doi(*got.hint);
      if (got.got_invalid_reply) out.why.where = "no valid answer to our phase 1 proposal";
      if (got.hint)
        out.why = {Errc::refused, "the key server refuses our phase 1 proposal", out.why.detail};
      return out;
    case Phase1Exchange::Stage::keys:
      out.why.where = got.got_invalid_reply ? "no valid answer to our phase 1 key exchange"
                                            : "no answer to our phase 1 key exchange";
      return out;
    case Phase1Exchange::Stage::proof:
      out.why.where = failure_hint;
      if (got.got_invalid_reply || got.hint) out.why.code = Errc::not_authentic;
      if (got.untrusted) out.why = *got.untrusted;
      out.may_be_nat = floated;
      return out;
  }
  return out;
}

AttemptFailure pull_timeout(Registration::Stage stage, const WithoutAnswer& got) {
  const bool first = stage == Registration::Stage::policy;
  AttemptFailure out{{Errc::timed_out, "no answer to PULL message 3"}, got.hint};
  if (first) out.why.where = "no answer to PULL message 1; the key server may not know the group";
  if (got.got_invalid_reply)
    out.why.where =
        first ? "no valid answer to PULL message 1" : "no valid answer to PULL message 3";
  return out;
}

AttemptFailure refused_with(NotifyType type) {
  return {{Errc::refused, meaning_of(type), static_cast<std::uint32_t>(type)}, type, true};
}

}  // namespace gdoi
