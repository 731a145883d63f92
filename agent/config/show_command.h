// SPDX-License-Identifier: GPL-2.0-or-later
// Which of Cisco's `show crypto gdoi` commands is meant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace agent {

enum class ShowView : std::uint8_t {
  all,  // show crypto gdoi
  detail,
  gm,
  gm_acl,
  gm_acl_local,
  gm_rekey,
  gm_rekey_detail,
  gm_dataplane_counters,
  gm_replay,
  gm_identifier,
  gm_identifier_detail,
  gm_pubkey,
  rekey_sa,
  rekey_sa_detail,
  ipsec_sa,
  feature,
  events,
};

struct ShowCommand {
  ShowView view = ShowView::all;
  std::optional<std::string> group;  // of "group NAME", or of a single word that is no sub-command
  std::string feature;               // of "feature NAME"; empty: all of them
  std::string meant;                 // the sub-command that is nearest to such a single word
};

// parse_show reads "[crypto gdoi] [group NAME] [SUB-COMMAND]"; "gkm" stands for "gdoi" as at Cisco.
// A single word that is no sub-command is the name of a group. Fails for other words, and says what
// may have been meant.
[[nodiscard]] Result<ShowCommand> parse_show(const std::vector<std::string>& words);

}  // namespace agent
