// SPDX-License-Identifier: GPL-2.0-or-later
// GroupLog: signs that others have other keys.
#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "agent/config/octet_values.h"
#include "agent/group/group_log.h"

namespace agent {
namespace {

// not_again is how the message about a registration for some sign ends.
std::string not_again(const RecoveryLimit::Status& limit, Instant now) {
  return fmt::format("for this reason not again within {} s",
                     std::chrono::ceil<seconds>(limit.held_back_until.value_or(now) - now).count());
}

}  // namespace

void GroupLog::unknown_spis(const Result<std::vector<UnknownSpi>>& counted) {
  if (!counted && !unknown_spis_logged_)
    log_.error("cannot read from the kernel which ESP comes under unknown SPIs: {}",
               counted.error().what);
  unknown_spis_logged_ = !counted;
}

void GroupLog::recovery(std::span<const StrangeSpi> strange, const RecoveryLimit::Status& limit,
                        Instant now) const {
  constexpr std::size_t most_spis = 4, most_senders = 3;
  std::string spis;
  for (const auto& one : strange.first(std::min(most_spis, strange.size()))) {
    std::string senders;
    for (std::size_t i = 0; i < std::min(most_senders, one.senders.size()); ++i)
      senders += (i == 0 ? "" : ", ") + to_string(one.senders[i]);
    if (one.senders.size() > most_senders)
      senders += fmt::format(" and {} more", one.senders.size() - most_senders);
    spis += fmt::format("{}{} ({} from {})", spis.empty() ? "" : ", ", spi_text(one.spi),
                        counted(one.packets, "packet", "packets"), senders);
  }
  if (strange.size() > most_spis) spis += fmt::format(" and {} more", strange.size() - most_spis);
  tell(
      Level::warning, EventKind::unknown_spi, {{"spis", spis}},
      "ESP of group {} comes in under {} that no key server gave us: {}. Registering with the next "
      "key server, as other members may have other keys; {}",
      names_.group, strange.size() == 1 ? "an SPI" : "SPIs", spis, not_again(limit, now));
}

void GroupLog::unknown_kek(const UnknownKek& kek, const RecoveryLimit::Status& limit,
                           Instant now) const {
  tell(Level::warning, EventKind::unknown_kek, {{"key_server", to_string(kek.from.address)}},
       "a rekey of group {} came from {} under a KEK that no key server gave us: 0x{}. Registering "
       "there, as the key server may have lost its state; {}",
       names_.group, to_string(kek.from.address), spi_text(kek.spi), not_again(limit, now));
}

void GroupLog::one_way(const OneWay& traffic, const RecoveryLimit::Status& limit,
                       Instant now) const {
  tell(Level::warning, EventKind::one_way, {{"packets", std::to_string(traffic.unanswered)}},
       "nothing comes in any more for group {}: {} in {} s had no answer, and before there were "
       "answers. Registering with the next key server, as other members may have other keys; {}",
       names_.group, counted(traffic.unanswered, "packet", "packets"), traffic.span.count(),
       not_again(limit, now));
}

}  // namespace agent
