// SPDX-License-Identifier: GPL-2.0-or-later
// Revocation lists that are replaced while the daemon runs, and those that are about to end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/config/authentication.h"

namespace agent {

// What `show` tells.
struct CrlStatus {
  struct List {
    std::string file, issuer;
    CrlState state = CrlState::valid;
    std::optional<std::chrono::seconds> left;  // until nextUpdate; negative: since then
  };
  std::vector<List> lists;  // those in use
  std::string problem;      // why newer files are not in use; empty: there is no problem
};

// CrlWatch looks at the CRL files of a group now and then. Files that changed, and did not go on
// changing until the next look, are read anew, all of them. When that fails, the lists in use stay,
// and the log says why, once. It also warns of lists that end soon or have ended, once a day for
// each.
class CrlWatch {
 public:
  static constexpr std::chrono::seconds pause{5};
  static constexpr std::chrono::hours warning_pause{24};

  // look tells whether `credentials` have other lists now. `wall` is the time of day.
  [[nodiscard]] bool look(Credentials& credentials, const Authentication& config,
                          gdoi::WallTime wall, Instant now, const Log& log);

  [[nodiscard]] CrlStatus status(const Credentials& credentials, gdoi::WallTime wall) const;

  // forget is for when the configuration or the credentials are others.
  void forget();

 private:
  struct Warned {
    CrlState state;
    Instant at;
  };
  [[nodiscard]] bool follow(Credentials& credentials, const Authentication& config, const Log& log);
  void set_problem(const std::string& problem, const Log& log);
  void warn(const Credentials& credentials, gdoi::WallTime wall, Instant now, const Log& log);

  std::vector<FileVersion> seen_;     // at the last look
  std::vector<FileVersion> refused_;  // that could not be used
  std::string problem_;
  std::map<std::string, Warned> warned_;  // by file and issuer
};

}  // namespace agent
