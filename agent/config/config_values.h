// SPDX-License-Identifier: GPL-2.0-or-later
// The texts of single settings and what they mean. Errors say what was wrong with the text; who
// calls adds where it stood.
#pragma once

#include <cstdint>

#include "agent/config/config.h"

namespace agent {

[[nodiscard]] std::string_view trim_blanks(std::string_view text) noexcept;

// parse_number reads decimal or 0x hexadecimal digits, low to high inclusive.
[[nodiscard]] Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t low,
                                                 std::uint32_t high);
[[nodiscard]] Result<gdoi::seconds> parse_seconds(std::string_view text, std::uint32_t low,
                                                  std::uint32_t high);
[[nodiscard]] Result<std::string> parse_interface(std::string_view text);
// parse_wan_interface also takes the beginning of names before a '*'.
[[nodiscard]] Result<std::string> parse_wan_interface(std::string_view text);
[[nodiscard]] Result<bool> parse_flag(std::string_view text);
// parse_text takes printable text of at most `limit` octets.
[[nodiscard]] Result<std::string> parse_text(std::string_view text, std::size_t limit);
[[nodiscard]] Result<std::string> parse_path(std::string_view text);
[[nodiscard]] Result<std::string> parse_absolute_path(std::string_view text);
// parse_socket_path takes an absolute path that fits into a socket address.
[[nodiscard]] Result<std::string> parse_socket_path(std::string_view text);

// parse_host_address takes an address that can be one host's.
[[nodiscard]] Result<gdoi::Address> parse_host_address(std::string_view text);
// endpoint_text: "10.0.0.5:848", "[2001:db8::5]:848".
[[nodiscard]] std::string endpoint_text(const gdoi::Endpoint& endpoint);
[[nodiscard]] Result<gdoi::GroupId> parse_group(std::string_view text);
[[nodiscard]] Result<gdoi::Phase1Proposal> parse_proposal(std::string_view text);
[[nodiscard]] Result<gdoi::Phase1Mode> parse_ike_mode(std::string_view text);
[[nodiscard]] Result<Authentication::Method> parse_method(std::string_view text);
[[nodiscard]] Result<gdoi::Revocation> parse_revocation(std::string_view text);
[[nodiscard]] Result<gdoi::SendCertificate> parse_send_certificate(std::string_view text);
[[nodiscard]] Result<gdoi::TekWithoutKey> parse_tek_without_key(std::string_view text);
[[nodiscard]] Result<gdoi::AckKeyLength> parse_ack_key_length(std::string_view text);
[[nodiscard]] Result<gdoi::Address> parse_anchor(std::string_view text);
[[nodiscard]] Result<gdoi::Address> parse_anchor6(std::string_view text);
[[nodiscard]] Result<std::uint32_t> parse_mark(std::string_view text);
[[nodiscard]] Result<Level> parse_log_level(std::string_view text);
// invalid is the error of a value that is none of what is expected.
[[nodiscard]] tl::unexpected<Error> invalid(std::string_view text, const std::string& expected);
[[nodiscard]] Result<void> check_interface_name(std::string_view text);

[[nodiscard]] std::string group_text(const gdoi::GroupId& group);
[[nodiscard]] std::string proposal_text(const gdoi::Phase1Proposal& proposal);
[[nodiscard]] std::string_view name_of(gdoi::Revocation value) noexcept;
[[nodiscard]] std::string_view name_of(gdoi::TekWithoutKey value) noexcept;
[[nodiscard]] std::string_view name_of(gdoi::AckKeyLength value) noexcept;

}  // namespace agent
