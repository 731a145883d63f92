// SPDX-License-Identifier: GPL-2.0-or-later
// Values that only settings of a group have: how rows of their table read and write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/key_rows.h"

namespace agent {

[[nodiscard]] Result<void> add_file(Texts& files, std::string_view text);
// set_identity reads "address", "dn" or an identity of its own, which goes to `given`.
[[nodiscard]] Result<void> set_identity(Authentication::Identity& identity,
                                        gdoi::Identification& given, std::string_view text);

// parse_source takes an address of ours, or the name of an interface.
[[nodiscard]] Result<Source> parse_source(std::string_view text);
[[nodiscard]] std::string source_text(const Source& source);

// From the segment every host takes (RFC 9293 section 3.7.1) to the largest that IPv4 has room for.
[[nodiscard]] Result<std::optional<std::uint16_t>> parse_mss_clamp(std::string_view text);
[[nodiscard]] std::string mss_clamp_text(const std::optional<std::uint16_t>& value);
// No more often than a key server with many members can bear.
[[nodiscard]] Result<std::optional<gdoi::seconds>> parse_recovery_check(std::string_view text);

// add_replay_sender reads "auto" or a prefix; one of them excludes the other.
[[nodiscard]] Result<void> add_replay_sender(ReplaySenders& to, std::string_view text);
// parse_replay_unknown: whether what is "accept" or "drop" is dropped.
[[nodiscard]] Result<bool> parse_replay_unknown(std::string_view text);

[[nodiscard]] bool with_certificates(const ConfiguredGroup& group);
// with_cert is what counts with certificates only.
template <class Value>
[[nodiscard]] Texts with_cert(const ConfiguredGroup& group, Value value) {
  return unless(!with_certificates(group), std::move(value));
}
// own_identity is what the member tells of itself: "address", "dn" or what was given.
[[nodiscard]] std::string own_identity(const ConfiguredGroup& group);
[[nodiscard]] std::string ace_text(const gdoi::TrafficSelector& selector);
[[nodiscard]] std::string yes_or_no(bool on);

}  // namespace agent
