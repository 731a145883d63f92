// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/events.h"

namespace agent {

std::string_view name_of(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::registering:
      return "registering";
    case EventKind::registered:
      return "registered";
    case EventKind::registration_failed:
      return "registration-failed";
    case EventKind::rekeyed:
      return "rekeyed";
    case EventKind::rekey_refused:
      return "rekey-refused";
    case EventKind::rekey_key:
      return "rekey-key";
    case EventKind::installed:
      return "installed";
    case EventKind::install_failed:
      return "install-failed";
    case EventKind::tek_expired:
      return "tek-expired";
    case EventKind::lost:
      return "lost";
    case EventKind::cleared:
      return "cleared";
    case EventKind::deleted:
      return "deleted";
    case EventKind::fail_closed:
      return "fail-closed";
    case EventKind::adopted:
      return "adopted";
    case EventKind::uplink:
      return "uplink";
    case EventKind::drop:
      return "drop";
    case EventKind::drift:
      return "drift";
    case EventKind::unknown_spi:
      return "unknown-spi";
    case EventKind::replay:
      return "replay";
  }
  return "unknown";
}

std::string_view mnemonic_of(const Event& event) noexcept {
  const std::string_view text = event.text;
  if (text.substr(0, 1) != "%") return {};
  return text.substr(0, text.find(':'));
}

Events::Events()
    : run_{fmt::to_string(std::chrono::duration_cast<std::chrono::microseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count())} {}

void Events::add(Event event) {
  event.number = ++last_;
  event.time = std::chrono::system_clock::now();
  kept_.push_back(std::move(event));
  if (kept_.size() > room) kept_.pop_front();
}

void EventLog::add(Event event) const {
  log_.write(event.level, event.text);
  if (events_ != nullptr) events_->add(std::move(event));
}

}  // namespace agent
