// SPDX-License-Identifier: GPL-2.0-or-later
// What happens to groups, for those who want to be told of it: `getvpnctl monitor`, `show events`,
// and programs that stand on them. An event is told once, in the log and here, by an EventLog.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/log.h"

namespace agent {

enum class EventKind : std::uint8_t {
  registering,  // a registration begins
  registered,   // a key server's policy is in force
  registration_failed,
  rekeyed,        // a rekey was accepted
  rekey_refused,  // one that is signed by the key server
  rekey_key,      // rekeys are signed by another key than before
  installed,      // a policy of a registration or rekey is in the kernel
  install_failed,
  tek_expired,
  lost,         // the last TEK has expired: what the list protects is dropped
  cleared,      // by the operator
  deleted,      // the key server deletes TEKs or KEKs
  fail_closed,  // fail-close is in force
  adopted,      // what a predecessor left stays in force
  uplink,       // other WAN interfaces or another address, or no route to a key server
  drop,         // the second lock dropped packets in clear
  drift,        // others changed what is ours in the kernel
  unknown_spi,  // ESP under SPIs that no key server gave us
  unknown_kek,  // a rekey under a KEK that no key server gave us
  one_way,      // nothing comes back any more from other members
  replay,       // replay windows drop much of what comes from a network
};

// name_of is a word of small letters and hyphens: "registration-failed".
[[nodiscard]] std::string_view name_of(EventKind kind) noexcept;
// message_id_of is its MESSAGE_ID in the journal, which packaging/journal/getvpn-gm.catalog
// explains.
[[nodiscard]] std::string_view message_id_of(EventKind kind) noexcept;

// Facts are what a program wants of an event, by name.
using EventFacts = std::vector<std::pair<std::string, std::string>>;

struct Event {
  EventKind kind{};
  Level level{};
  std::string group;
  std::string text;  // as in the log
  EventFacts facts{};
  std::uint64_t number = 0;  // counted from 1 since the daemon began
  std::chrono::system_clock::time_point time{};
};

// mnemonic_of is what the text begins with, where that is one of Cisco's: "%GDOI-5-GM_REGS_COMPL".
[[nodiscard]] std::string_view mnemonic_of(const Event& event) noexcept;

// Events keeps the last ones.
class Events {
 public:
  static constexpr std::size_t room = 256;

  Events();

  // add gives the event its number and time.
  void add(Event event);

  // run tells the events of this process from those of another.
  [[nodiscard]] const std::string& run() const noexcept { return run_; }
  // last is the number of the newest, 0 before there is one. kept are the last `room`, in order.
  [[nodiscard]] std::uint64_t last() const noexcept { return last_; }
  [[nodiscard]] const std::deque<Event>& kept() const noexcept { return kept_; }

 private:
  std::string run_;
  std::uint64_t last_ = 0;
  std::deque<Event> kept_;
};

// EventLog writes to the log, and tells of what is an event as well.
class EventLog {
 public:
  // Both outlive it. No events: only the log is written.
  EventLog(const Log& log, Events* events) : log_{log}, events_{events} {}

  template <class... Args>
  void tell(Level level, EventKind kind, const std::string& group, EventFacts facts,
            fmt::format_string<Args...> format, Args&&... args) const {
    add({kind, level, group, fmt::format(format, std::forward<Args>(args)...), std::move(facts)});
  }

  [[nodiscard]] const Log& log() const noexcept { return log_; }

 private:
  void add(Event event) const;

  const Log& log_;
  Events* events_;
};

}  // namespace agent
