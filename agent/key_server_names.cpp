// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/key_server_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/timers.h"

namespace agent {
namespace {

std::string addresses_text(const std::vector<gdoi::Address>& addresses) {
  std::string out;
  for (const auto& address : addresses) out += (out.empty() ? "" : ", ") + to_string(address);
  return out;
}

}  // namespace

KeyServerNames::KeyServerNames(std::vector<KeyServer> configured, StartLookup start, const Log& log)
    : start_{std::move(start)}, log_{log} {
  configure(configured);
}

KeyServerNames::Entry KeyServerNames::entry_of(const KeyServer& host) {
  Entry out;
  out.host = host;
  if (host.name.empty()) out.addresses.push_back(host.address);
  return out;
}

void KeyServerNames::configure(const std::vector<KeyServer>& configured) {
  auto before = std::move(entries_);
  entries_.clear();
  for (const auto& host : configured) {
    auto& entry = entries_.emplace_back(entry_of(host));
    for (auto& known : before)
      if (!host.name.empty() && known.host.name == host.name && entry.addresses.empty())
        entry.addresses = known.addresses;
  }
  ended_at_.reset();
}

bool KeyServerNames::has_names() const noexcept {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return !entry.host.name.empty(); });
}

bool KeyServerNames::is_busy() const noexcept {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.lookup != nullptr; });
}

void KeyServerNames::look_up(Instant now) {
  if (is_busy() || (ended_at_ && now < *ended_at_ + fresh)) return;
  for (auto& entry : entries_)
    if (!entry.host.name.empty()) entry.lookup = start_(entry.host.name, now);
}

void KeyServerNames::look_up_if_due(Instant now) {
  const bool wanted = std::any_of(entries_.begin(), entries_.end(),
                                  [](const Entry& entry) { return entry.addresses.empty(); });
  if (wanted && (!ended_at_ || now >= *ended_at_ + retry_pause)) look_up(now);
}

bool KeyServerNames::wake(Instant now) {
  if (!is_busy()) return false;
  for (auto& entry : entries_) {
    if (!entry.lookup) continue;
    entry.lookup->wake(now);
    if (entry.lookup->found()) take(entry, now);
  }
  if (is_busy()) return false;
  ended_at_ = now;
  return true;
}

void KeyServerNames::take(Entry& entry, Instant now) {
  const auto lookup = std::move(entry.lookup);
  auto found = *lookup->found();
  if (!found) return failed(entry, found.error().what, now);
  const bool failed_before = !entry.failure.empty();
  entry.failure.clear();
  entry.logged.clear();
  const auto count = found->size();
  if (count > max_addresses_of_name) found->resize(max_addresses_of_name);
  // Servers like to turn the order round; that is no news.
  const bool same = std::is_permutation(found->begin(), found->end(), entry.addresses.begin(),
                                        entry.addresses.end());
  if (!same) entry.addresses = std::move(*found);
  if (same && !failed_before) return;
  log_.notice("key server {} is at {}{}", entry.host.name, addresses_text(entry.addresses),
              count > max_addresses_of_name
                  ? fmt::format(" (the first {} of {} addresses)", max_addresses_of_name, count)
                  : "");
}

void KeyServerNames::failed(Entry& entry, std::string why, Instant now) {
  entry.failure = std::move(why);
  if (entry.failure == entry.logged && now < entry.logged_at + log_pause) return;
  entry.logged = entry.failure;
  entry.logged_at = now;
  log_.warning("key server {} cannot be resolved: {}; {}", entry.host.name, entry.failure,
               entry.addresses.empty() ? "no address of it is known yet"
                                       : "in use stays " + addresses_text(entry.addresses));
}

std::optional<Instant> KeyServerNames::deadline() const {
  std::optional<Instant> out;
  for (const auto& entry : entries_)
    if (entry.lookup) out = earliest({out, entry.lookup->deadline()});
  return out;
}

std::vector<KeyServer> KeyServerNames::known() const {
  std::vector<KeyServer> out;
  for (const auto& entry : entries_)
    for (const auto& address : entry.addresses) {
      const gdoi::Endpoint endpoint{address, entry.host.port};
      const bool twice = std::any_of(out.begin(), out.end(), [&](const KeyServer& one) {
        return static_cast<const gdoi::Endpoint&>(one) == endpoint;
      });
      if (!twice && out.size() < max_key_server_addresses)
        out.push_back({endpoint, entry.host.name});
    }
  return out;
}

std::vector<KeyServerName> KeyServerNames::status() const {
  std::vector<KeyServerName> out;
  for (const auto& entry : entries_)
    if (!entry.host.name.empty())
      out.push_back({entry.host.name, entry.host.port, entry.addresses, entry.failure});
  return out;
}

std::string KeyServerNames::obstacle() const {
  for (const auto& entry : entries_)
    if (!entry.failure.empty())
      return fmt::format("{} cannot be resolved: {}", entry.host.name, entry.failure);
  return "no key server has been resolved yet";
}

}  // namespace agent
