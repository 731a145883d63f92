// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/config_values.h"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <system_error>

#include "agent/base/address.h"
#include "agent/config/identity.h"

namespace agent {
namespace {

struct CipherName {
  std::string_view name;
  gdoi::CipherAlgorithm cipher;
  std::uint16_t key_bits;
};
constexpr std::array ike_ciphers{
    CipherName{"aes128", gdoi::CipherAlgorithm::aes_cbc, 128},
    CipherName{"aes192", gdoi::CipherAlgorithm::aes_cbc, 192},
    CipherName{"aes256", gdoi::CipherAlgorithm::aes_cbc, 256},
    CipherName{"3des", gdoi::CipherAlgorithm::triple_des_cbc, 0},
};

struct HashName {
  std::string_view name;
  gdoi::HashAlgorithm hash;
};
constexpr std::array ike_hashes{
    HashName{"md5", gdoi::HashAlgorithm::md5},
    HashName{"sha1", gdoi::HashAlgorithm::sha1},
    HashName{"sha256", gdoi::HashAlgorithm::sha256},
    HashName{"sha384", gdoi::HashAlgorithm::sha384},
    HashName{"sha512", gdoi::HashAlgorithm::sha512},
};

struct DhName {
  std::string_view name;
  gdoi::DhGroup group;
};
constexpr std::array dh_groups{
    DhName{"modp1024", gdoi::DhGroup::modp1024}, DhName{"modp1536", gdoi::DhGroup::modp1536},
    DhName{"modp2048", gdoi::DhGroup::modp2048}, DhName{"modp3072", gdoi::DhGroup::modp3072},
    DhName{"modp4096", gdoi::DhGroup::modp4096}, DhName{"ecp256", gdoi::DhGroup::ecp256},
    DhName{"ecp384", gdoi::DhGroup::ecp384},     DhName{"ecp521", gdoi::DhGroup::ecp521},
};

struct RevocationName {
  std::string_view name;
  gdoi::Revocation value;
};
constexpr std::array revocation_names{
    RevocationName{"none", gdoi::Revocation::none},
    RevocationName{"if-present", gdoi::Revocation::if_present},
    RevocationName{"required", gdoi::Revocation::required},
};

// The first names are printed; the others are those of earlier releases.
struct KeylessName {
  std::string_view name;
  gdoi::TekWithoutKey value;
};
constexpr std::array keyless_names{
    KeylessName{"deny", gdoi::TekWithoutKey::deny},
    KeylessName{"reject", gdoi::TekWithoutKey::reject},
    KeylessName{"skip", gdoi::TekWithoutKey::skip},
    KeylessName{"bypass", gdoi::TekWithoutKey::bypass},
};
constexpr std::array old_keyless_names{
    KeylessName{"strict", gdoi::TekWithoutKey::reject},
    KeylessName{"ignore", gdoi::TekWithoutKey::skip},
};

struct AckLengthName {
  std::string_view name;
  gdoi::AckKeyLength value;
};
constexpr std::array ack_length_names{
    AckLengthName{"block", gdoi::AckKeyLength::block},
    AckLengthName{"output", gdoi::AckKeyLength::output},
    AckLengthName{"base-key", gdoi::AckKeyLength::base_key},
};

template <class Rows>
auto find_name(const Rows& rows, std::string_view name) {
  return std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
}

template <class Rows>
std::string names_of(const Rows& rows) {
  std::string out;
  for (const auto& row : rows) out += fmt::format("{}{}", out.empty() ? "" : ", ", row.name);
  return out;
}

template <class Rows>
auto parse_name(const Rows& rows, std::string_view text)
    -> Result<std::remove_cvref_t<decltype(rows.front().value)>> {
  const auto found = find_name(rows, text);
  if (found == rows.end()) return invalid(text, names_of(rows));
  return found->value;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) != 0x7f;
  });
}

}  // namespace

tl::unexpected<Error> invalid(std::string_view text, const std::string& expected) {
  return fail(fmt::format("invalid value '{}' (expected {})", text, expected));
}

std::string_view trim_blanks(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t low, std::uint32_t high) {
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  const auto digits = hex ? text.substr(2) : text;
  std::uint64_t value = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (problem == std::errc::invalid_argument || end != digits.data() + digits.size())
    return fail(fmt::format("'{}' is not a number", text));
  if (problem != std::errc{} || value < low || value > high)
    return fail(fmt::format("{} is not in {} to {}", text, low, high));
  return static_cast<std::uint32_t>(value);
}

Result<std::string> parse_interface(std::string_view text) {
  if (auto valid = check_interface_name(text); !valid)
    return tl::unexpected<Error>{std::move(valid.error())};
  return std::string{text};
}

Result<std::string> parse_wan_interface(std::string_view text) {
  const bool pattern = text.ends_with('*');
  const auto name = pattern ? text.substr(0, text.size() - 1) : text;
  if (name.empty() || name.find('*') != std::string_view::npos)
    return fail(fmt::format("'{}': a '*' stands behind the beginning of a name only", text));
  if (auto valid = check_interface_name(name); !valid)
    return tl::unexpected<Error>{std::move(valid.error())};
  return std::string{text};
}

Result<gdoi::seconds> parse_seconds(std::string_view text, std::uint32_t low, std::uint32_t high) {
  return parse_number(text, low, high).map([](std::uint32_t number) {
    return gdoi::seconds{number};
  });
}

Result<bool> parse_flag(std::string_view text) {
  if (text == "yes" || text == "true" || text == "on") return true;
  if (text == "no" || text == "false" || text == "off") return false;
  return invalid(text, "yes, no");
}

Result<std::string> parse_text(std::string_view text, std::size_t limit) {
  if (!is_printable(text)) return fail("has a control character");
  if (text.size() > limit) return fail(fmt::format("is longer than {} octets", limit));
  return std::string{text};
}

Result<std::string> parse_path(std::string_view text) { return parse_text(text, 4095); }

Result<std::string> parse_absolute_path(std::string_view text) {
  if (text.front() != '/') return fail(fmt::format("'{}' is not an absolute path", text));
  return parse_path(text);
}

Result<std::string> parse_socket_path(std::string_view text) {
  constexpr std::size_t limit = sizeof(sockaddr_un::sun_path) - 1;
  if (text.front() != '/') return fail(fmt::format("'{}' is not an absolute path", text));
  return parse_text(text, limit);
}

Result<gdoi::Address> parse_host_address(std::string_view text) {
  const auto address = parse_address(text);
  if (!address) return fail(fmt::format("'{}' is not an IPv4 or IPv6 address", text));
  if (!is_unicast(*address)) return fail(fmt::format("{} is not a unicast address", text));
  return *address;
}

std::string endpoint_text(const gdoi::Endpoint& endpoint) {
  const auto address = to_string(endpoint.address);
  return endpoint.address.family == gdoi::Address::Family::ipv6
             ? fmt::format("[{}]:{}", address, endpoint.port)
             : fmt::format("{}:{}", address, endpoint.port);
}

Result<gdoi::GroupId> parse_group(std::string_view text) {
  if (const auto address = parse_ipv4(text)) return gdoi::GroupId{*address};
  if (text.find('.') != std::string_view::npos)
    return fail(fmt::format("'{}' is neither a number nor an IPv4 address", text));
  const auto number = parse_number(text, 0, 0xffffffff);
  if (!number) return tl::unexpected<Error>{number.error()};
  return gdoi::GroupId{gdoi::GroupNumber{*number}};
}

Result<gdoi::Phase1Proposal> parse_proposal(std::string_view text) {
  const auto first = text.find('-');
  const auto second = text.find('-', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos)
    return fail(fmt::format("'{}' is not CIPHER-HASH-GROUP, such as aes256-sha256-modp2048", text));

  const auto unknown = [&](std::string_view part, const std::string& known) {
    return fail(fmt::format("'{}': unknown '{}'; known are {}", text, part, known));
  };
  const auto cipher = find_name(ike_ciphers, text.substr(0, first));
  if (cipher == ike_ciphers.end()) return unknown(text.substr(0, first), names_of(ike_ciphers));
  const auto hash = find_name(ike_hashes, text.substr(first + 1, second - first - 1));
  if (hash == ike_hashes.end())
    return unknown(text.substr(first + 1, second - first - 1), names_of(ike_hashes));
  const auto group = find_name(dh_groups, text.substr(second + 1));
  if (group == dh_groups.end()) return unknown(text.substr(second + 1), names_of(dh_groups));
  return gdoi::Phase1Proposal{cipher->cipher, cipher->key_bits, hash->hash, group->group};
}

Result<gdoi::Phase1Mode> parse_ike_mode(std::string_view text) {
  if (text == "main") return gdoi::Phase1Mode::main;
  if (text == "aggressive") return gdoi::Phase1Mode::aggressive;
  return invalid(text, "main, aggressive");
}

Result<Authentication::Method> parse_method(std::string_view text) {
  if (text == "psk") return Authentication::Method::pre_shared_key;
  if (text == "cert") return Authentication::Method::certificate;
  return invalid(text, "psk, cert");
}

Result<gdoi::Revocation> parse_revocation(std::string_view text) {
  return parse_name(revocation_names, text);
}

Result<gdoi::SendCertificate> parse_send_certificate(std::string_view text) {
  if (text == "asked") return gdoi::SendCertificate::asked;
  if (text == "always") return gdoi::SendCertificate::always;
  return invalid(text, "asked, always");
}

Result<gdoi::TekWithoutKey> parse_tek_without_key(std::string_view text) {
  const auto old = find_name(old_keyless_names, text);
  if (old != old_keyless_names.end()) return old->value;
  return parse_name(keyless_names, text);
}

Result<gdoi::AckKeyLength> parse_ack_key_length(std::string_view text) {
  return parse_name(ack_length_names, text);
}

Result<gdoi::Address> parse_anchor(std::string_view text) {
  const auto address = parse_ipv4(text);
  if (!address) return fail(fmt::format("'{}' is not an IPv4 address", text));
  // Class E is the place for anchors, so is_unicast would be too strict.
  const auto first = std::to_integer<unsigned>(address->bytes[0]);
  const bool broadcast = text == "255.255.255.255";
  if (first == 0 || first == 127 || (first >= 224 && first < 240) || broadcast)
    return fail(fmt::format("{} cannot be an anchor", text));
  return *address;
}

Result<gdoi::Address> parse_anchor6(std::string_view text) {
  const auto address = parse_ipv6(text);
  if (!address) return fail(fmt::format("'{}' is not an IPv6 address", text));
  const auto octet = [&](std::size_t at) { return std::to_integer<unsigned>(address->bytes[at]); };
  const bool multicast = octet(0) == 0xff;
  const bool link_local = octet(0) == 0xfe && (octet(1) & 0xc0) == 0x80;
  // ::/8 has the unspecified address, the loopback one and IPv4 in disguise.
  if (octet(0) == 0 || multicast || link_local)
    return fail(fmt::format("{} cannot be an anchor", text));
  return *address;
}

Result<std::uint32_t> parse_mark(std::string_view text) {
  const bool hex = text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X";
  const auto mark = parse_number(hex ? text : "0x" + std::string{text}, 0, 0xffffffff);
  if (!mark) return fail(fmt::format("'{}' is not a 32-bit hexadecimal number", text));
  if (!std::has_single_bit(*mark)) return fail(fmt::format("{} is not one single bit", text));
  return *mark;
}

Result<Level> parse_log_level(std::string_view text) {
  const auto level = parse_level(text);
  if (!level) return invalid(text, "error, warning, notice, info, debug");
  return *level;
}

Result<void> check_interface_name(std::string_view text) {
  const bool bad = text.size() >= IFNAMSIZ || text == "." || text == ".." || !is_printable(text) ||
                   text.find_first_of("/ \t:") != std::string_view::npos;
  if (bad) return fail(fmt::format("'{}' cannot be an interface's name", text));
  return {};
}

std::string group_text(const gdoi::GroupId& group) {
  if (const auto* number = std::get_if<gdoi::GroupNumber>(&group))
    return fmt::to_string(number->value);
  return to_string(std::get<gdoi::Address>(group));
}

std::string proposal_text(const gdoi::Phase1Proposal& proposal) {
  const auto cipher =
      std::find_if(ike_ciphers.begin(), ike_ciphers.end(), [&](const CipherName& row) {
        return row.cipher == proposal.cipher &&
               (row.key_bits == 0 || row.key_bits == proposal.key_bits);
      });
  const auto hash = std::find_if(ike_hashes.begin(), ike_hashes.end(),
                                 [&](const HashName& row) { return row.hash == proposal.hash; });
  const auto group = std::find_if(dh_groups.begin(), dh_groups.end(),
                                  [&](const DhName& row) { return row.group == proposal.group; });
  return fmt::format("{}-{}-{}", cipher == ike_ciphers.end() ? "des" : cipher->name,
                     hash == ike_hashes.end() ? "unknown" : hash->name,
                     group == dh_groups.end() ? "unknown" : group->name);
}

std::string_view name_of(gdoi::Revocation value) noexcept {
  return revocation_names.at(static_cast<std::size_t>(value)).name;
}

std::string_view name_of(gdoi::TekWithoutKey value) noexcept {
  return keyless_names.at(static_cast<std::size_t>(value)).name;
}

std::string_view name_of(gdoi::AckKeyLength value) noexcept {
  return ack_length_names.at(static_cast<std::size_t>(value)).name;
}

}  // namespace agent
