// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/group_values.h"

#include <algorithm>

#include "agent/base/address.h"
#include "agent/config/access_list.h"
#include "agent/config/config_values.h"
#include "agent/config/identity.h"
#include "xfrm/plane/plane.h"

namespace agent {
namespace {

using Method = Authentication::Method;
using Identity = Authentication::Identity;

}  // namespace

Result<void> add_file(Texts& files, std::string_view text) {
  return add(files, parse_path(text), 32, "files");
}

Result<void> set_identity(Identity& identity, gdoi::Identification& given, std::string_view text) {
  identity = text == "address" ? Identity::address
             : text == "dn"    ? Identity::subject
                               : Identity::given;
  return identity == Identity::given ? set(given, parse_identity(text)) : Result<void>{};
}

Result<Source> parse_source(std::string_view text) {
  const auto address = parse_address(text);
  if (address) {
    if (!is_unicast(*address)) return fail(fmt::format("{} cannot be an address of ours", text));
    return Source{*address};
  }
  return parse_interface(text).map([](std::string&& name) { return Source{std::move(name)}; });
}

std::string source_text(const Source& source) {
  if (const auto* address = std::get_if<gdoi::Address>(&source)) return to_string(*address);
  return std::get<std::string>(source);
}

Result<std::optional<std::uint16_t>> parse_mss_clamp(std::string_view text) {
  if (text == "yes") return std::optional<std::uint16_t>{0};
  if (text == "no") return std::optional<std::uint16_t>{};
  const auto size = parse_number(text, 536, 65495);
  if (!size) return invalid(text, "yes, no, 536 to 65495");
  return std::optional{static_cast<std::uint16_t>(*size)};
}

Result<std::optional<gdoi::seconds>> parse_recovery_check(std::string_view text) {
  if (text == "no") return std::optional<gdoi::seconds>{};
  const auto interval = parse_seconds(text, 60, 86400);
  if (!interval) return invalid(text, "no, 60 to 86400");
  return std::optional{*interval};
}

std::string mss_clamp_text(const std::optional<std::uint16_t>& value) {
  if (!value) return "no";
  return *value == 0 ? "yes" : fmt::to_string(*value);
}

bool with_certificates(const ConfiguredGroup& group) {
  return group.config.authentication.method == Method::certificate;
}

std::string own_identity(const ConfiguredGroup& group) {
  const auto& authentication = group.config.authentication;
  if (authentication.identity == Identity::given) return identity_text(authentication.given);
  const bool subject = authentication.identity == Identity::subject ||
                       (with_certificates(group) && authentication.identity == Identity::standard);
  return subject ? "dn" : "address";
}

std::string ace_text(const gdoi::TrafficSelector& selector) { return gdoi::describe(selector); }
std::string yes_or_no(bool on) { return on ? "yes" : "no"; }

Result<void> add_replay_sender(ReplaySenders& to, std::string_view text) {
  if (text == "auto") {
    if (!to.networks.empty()) return fail("auto goes with no prefix");
    to.of_list = true;
    return {};
  }
  if (to.of_list) return fail("auto goes with no prefix");
  return add_unique(to.networks, text, parse_prefix(text), xfrm::max_senders, "prefixes");
}

Result<bool> parse_replay_unknown(std::string_view text) {
  if (text != "accept" && text != "drop") return invalid(text, "accept, drop");
  return text == "drop";
}

}  // namespace agent
