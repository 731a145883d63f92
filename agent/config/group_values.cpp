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
