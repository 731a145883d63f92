// SPDX-License-Identifier: GPL-2.0-or-later
// What must outlive the daemon, in a file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/result.h"
#include "gdoi/push/rekey_sa.h"

namespace agent {

// KeptState is the file of what a restart must not forget of the groups, which are named by their
// nftables tables: how far the rekeys of each KEK that lives were numbered, so that a recorded
// rekey is not taken again, and the signing key that was seen first (rekey-key = first). There is
// no secret in it.
//
// It is text, a line a fact, written afresh under another name and renamed. Where it cannot be
// written, a warning says so once, and the facts last as long as the daemon.
class KeptState {
 public:
  // An empty `file` keeps nothing beyond the daemon. `log` must outlive it.
  KeptState(std::string file, const Log& log) : file_{std::move(file)}, log_{log} {}

  // load reads the file, if there is one. One that is not ours, or not readable, is reported and
  // counts as empty.
  void load(Instant now);

  [[nodiscard]] std::vector<gdoi::KnownSequence> sequences(const std::string& table) const;
  void set_sequences(const std::string& table, std::vector<gdoi::KnownSequence> sequences,
                     Instant now);

  // has_kek tells whether a KEK that lives is, or was, one of any group's, configured still or not.
  [[nodiscard]] bool has_kek(const gdoi::RekeySpi& spi) const;

  // rekey_key is the SHA-256 of the signing key that was seen first, empty: none was.
  [[nodiscard]] gdoi::Bytes rekey_key(const std::string& table) const;
  void set_rekey_key(const std::string& table, gdoi::Bytes digest, Instant now);

  // text and read are the file's contents; `wall` is the time in seconds since 1970.
  [[nodiscard]] std::string text(Instant now, std::int64_t wall) const;
  [[nodiscard]] Result<void> read(std::string_view text, Instant now, std::int64_t wall);

 private:
  struct Facts {
    std::vector<gdoi::KnownSequence> sequences;
    gdoi::Bytes rekey_key;
  };

  [[nodiscard]] Result<void> read_line(std::string_view line, Instant now, std::int64_t& wall);
  void save(Instant now);

  std::string file_;
  const Log& log_;
  std::map<std::string, Facts, std::less<>> groups_;
  bool complained_ = false;
};

}  // namespace agent
