// SPDX-License-Identifier: GPL-2.0-or-later
// The parts that Cisco's `show crypto gdoi` commands are made of, each of one group's status
// document (schema 1, status.schema.json).
//
// Order, words and blanks are Cisco's (IOS XE 17), so that what reads a router's reads ours. Lines
// of our own begin with words that no line of Cisco's begins with. All throw what the JSON library
// throws for a document that is none.
#pragma once

#include <string>

#include "agent/control/show/values.h"

namespace agent::show {

// GROUP INFORMATION, and "Group Member Information For Group ...".
[[nodiscard]] std::string group_block(const json& status);
[[nodiscard]] std::string member_block(const json& status);
// own_lines is what a router does not have: the second lock, hostile settings, CRLs, ESP under
// unknown SPIs.
[[nodiscard]] std::string own_lines(const json& status);
[[nodiscard]] std::string allowable_block(const json& status);

// "ACL Downloaded From KS ...": each line once, and below it whether it never matches.
[[nodiscard]] std::string downloaded_acl(const json& status);
[[nodiscard]] std::string local_acl(const json& status);
// local_acl_note is one line, since what reads `show crypto gdoi` takes all lines of lists for the
// key server's.
[[nodiscard]] std::string local_acl_note(const json& status);

[[nodiscard]] std::string rekeys_cumulative(const json& status);
[[nodiscard]] std::string kek_block(const json& status);
[[nodiscard]] std::string gm_rekey(const json& status);
[[nodiscard]] std::string gm_rekey_sas(const json& status);
[[nodiscard]] std::string rekey_sa_rows(const json& status);
[[nodiscard]] std::string rekey_sa_detail(const json& status);
[[nodiscard]] std::string pubkey_block(const json& status);

// "TEK POLICY ...", with `detail` the direction of each TEK and its packets.
[[nodiscard]] std::string tek_block(const json& status, bool detail);
[[nodiscard]] std::string ipsec_sa_block(const json& status);
[[nodiscard]] std::string dataplane_counters(const json& status);
[[nodiscard]] std::string replay_block(const json& status);

[[nodiscard]] std::string identifier_block(const json& status, bool detail);
// feature_block is of one of Cisco's features, or of all when `feature` is empty.
[[nodiscard]] std::string feature_block(const json& status, const std::string& feature);
[[nodiscard]] bool is_feature(const std::string& feature);
[[nodiscard]] std::string feature_names();

}  // namespace agent::show
