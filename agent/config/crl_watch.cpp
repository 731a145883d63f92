// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/crl_watch.h"

#include "agent/base/names.h"

namespace agent {

bool CrlWatch::look(Credentials& credentials, const Authentication& config, gdoi::WallTime wall,
                    Instant now, const Log& log) {
  if (config.crl_files.empty()) return false;
  const bool renewed = follow(credentials, config, log);
  warn(credentials, wall, now, log);
  return renewed;
}

bool CrlWatch::follow(Credentials& credentials, const Authentication& config, const Log& log) {
  std::vector<FileVersion> versions;
  for (const auto& file : config.crl_files) {
    const auto version = file_version(file);
    if (!version) {
      set_problem(version.error().what, log);
      return false;
    }
    versions.push_back(*version);
  }
  const bool settled = versions == seen_;
  seen_ = versions;
  if (versions == credentials.crl_files().versions) {
    set_problem({}, log);
    return false;
  }
  if (!settled || versions == refused_) return false;
  const auto renewed = credentials.renew_crls(config);
  if (!renewed) {
    refused_ = std::move(versions);
    set_problem(renewed.error().what, log);
    return false;
  }
  refused_.clear();
  problem_.clear();
  log.notice("CRL files have changed: {} in use for registrations from now on",
             counted(credentials.crl_files().crls.size(), "list is", "lists are"));
  return true;
}

void CrlWatch::set_problem(const std::string& problem, const Log& log) {
  if (problem == problem_) return;
  if (problem.empty())
    log.notice("CRL files are again what they were");
  else
    log.error("{}; the CRLs that were read before stay in use", problem);
  problem_ = problem;
}

void CrlWatch::warn(const Credentials& credentials, gdoi::WallTime wall, Instant now,
                    const Log& log) {
  std::map<std::string, Warned> warned;
  for (const auto& crl : credentials.crl_files().crls) {
    const auto state = state_of(crl, wall);
    if (state == CrlState::valid) continue;
    const auto key = crl.file + '\n' + crl.issuer;
    const auto before = warned_.find(key);
    const bool told = before != warned_.end() && before->second.state == state &&
                      now - before->second.at < warning_pause;
    if (!told) log.warning("{}", end_text(crl, state));
    warned[key] = told ? before->second : Warned{state, now};
  }
  warned_ = std::move(warned);
}

CrlStatus CrlWatch::status(const Credentials& credentials, gdoi::WallTime wall) const {
  CrlStatus out;
  out.problem = problem_;
  for (const auto& crl : credentials.crl_files().crls) {
    out.lists.push_back({crl.file, crl.issuer, state_of(crl, wall), std::nullopt});
    if (crl.to) out.lists.back().left = *crl.to - wall;
  }
  return out;
}

void CrlWatch::forget() { *this = CrlWatch{}; }

}  // namespace agent
