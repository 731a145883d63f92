// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/group_values.h"

#include <algorithm>

#include "agent/config/access_list.h"
#include "agent/config/config_values.h"
#include "agent/config/identity.h"

namespace agent {
namespace {

using Method = Authentication::Method;
using Identity = Authentication::Identity;

}  // namespace

Result<void> add_file(Texts& files, std::string_view text) {
  return add(files, parse_path(text), 32, "files");
}

Result<std::string> parse_interface(std::string_view text) {
  if (auto valid = check_interface_name(text); !valid)
    return tl::unexpected<Error>{std::move(valid.error())};
  return std::string{text};
}

Result<gdoi::seconds> parse_seconds(std::string_view text, std::uint32_t low, std::uint32_t high) {
  return parse_number(text, low, high).map([](std::uint32_t number) {
    return gdoi::seconds{number};
  });
}

// An exception counts in both directions: "tcp any any eq 22" is meant to let an operator in, which
// takes the answers as well.
Result<void> add_exception(std::vector<gdoi::TrafficSelector>& known, std::string_view text) {
  constexpr std::size_t most = 4096;
  const auto selectors = parse_selectors(text);
  if (!selectors) return tl::unexpected<Error>{selectors.error()};
  const auto add = [&known](const gdoi::TrafficSelector& one) {
    const bool is_new = std::find(known.begin(), known.end(), one) == known.end();
    if (is_new) known.push_back(one);
    return is_new;
  };
  bool is_new = false;
  for (const auto& selector : *selectors) {
    if (known.size() >= most) return fail("too many exceptions");
    is_new = add(selector) || is_new;
    add(mirrored(selector));
  }
  if (!is_new) return fail(fmt::format("'{}' is there already", text));
  return {};
}

Result<void> set_identity(Identity& identity, gdoi::Identification& given, std::string_view text) {
  identity = text == "address" ? Identity::address
             : text == "dn"    ? Identity::subject
                               : Identity::given;
  return identity == Identity::given ? set(given, parse_identity(text)) : Result<void>{};
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

}  // namespace agent
