// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/log.h"
#include "agent/config/key_server.h"
#include "agent/control/status.h"
#include "agent/io/name_lookup.h"

namespace agent {

// KeyServerNames knows at which addresses the key servers of a group are. Those of a name stay in
// use until it was resolved to others.
class KeyServerNames {
 public:
  using StartLookup = std::function<std::unique_ptr<Lookup>(const std::string& name, Instant now)>;

  // `log` must outlive it.
  KeyServerNames(std::vector<KeyServer> configured, StartLookup start, const Log& log);

  // configure takes other key servers. Addresses of names that are in both stay known; look-ups
  // under way are given up.
  void configure(const std::vector<KeyServer>& configured);

  // has_names: without any there is nothing to look up.
  [[nodiscard]] bool has_names() const noexcept;

  // look_up resolves all names, unless that is under way or was just done.
  void look_up(Instant now);
  [[nodiscard]] bool is_busy() const noexcept;
  // look_up_if_due does so while some name has no address, now and then.
  void look_up_if_due(Instant now);

  // wake takes what was found, and is true when that ended the look-up.
  [[nodiscard]] bool wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;

  // known is each address, in the order of the configuration, none twice and
  // max_key_server_addresses at most.
  [[nodiscard]] std::vector<KeyServer> known() const;
  // status tells of the names.
  [[nodiscard]] std::vector<KeyServerName> status() const;
  // obstacle says why no address is known.
  [[nodiscard]] std::string obstacle() const;

 private:
  struct Entry {
    KeyServer host;
    std::vector<gdoi::Address> addresses;
    std::string failure;  // of the last look-up; empty: none
    std::unique_ptr<Lookup> lookup;
    std::string logged;  // the failure that the log has
    Instant logged_at{};
  };
  [[nodiscard]] static Entry entry_of(const KeyServer& host);
  void take(Entry& entry, Instant now);
  void failed(Entry& entry, std::string why, Instant now);

  // What was asked so recently is not asked again.
  static constexpr seconds fresh{2};
  static constexpr seconds retry_pause{10};
  // A failure that goes on is logged again after so long.
  static constexpr seconds log_pause{600};

  std::vector<Entry> entries_;
  StartLookup start_;
  const Log& log_;
  std::optional<Instant> ended_at_;  // of the last look-up
};

}  // namespace agent
