// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/finding.h"

#include <algorithm>

namespace agent {
namespace {

bool has(const std::vector<Finding>& findings, const Finding& finding) {
  return std::find(findings.begin(), findings.end(), finding) != findings.end();
}

}  // namespace

std::string finding_text(const Finding& finding) {
  return fmt::format("{}: {}; remedy: {}", finding.where, finding.what, finding.remedy);
}

void FindingLog::update(Result<std::vector<Finding>> found, const Log& log) {
  if (!found) {
    current_.reset();
    if (found.error().what != obstacle_)
      log.error("cannot look for hostile settings of this machine: {}", found.error().what);
    obstacle_ = found.error().what;
    return;
  }
  obstacle_.clear();
  for (const auto& finding : *found)
    if (!has(logged_, finding)) log.warning("hostile setting: {}", finding_text(finding));
  for (const auto& finding : logged_)
    if (!has(*found, finding)) log.notice("no longer: {}", finding.where);
  logged_ = *found;
  current_ = std::move(*found);
}

}  // namespace agent
