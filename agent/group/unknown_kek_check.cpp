// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/unknown_kek_check.h"

#include <algorithm>
#include <utility>

namespace agent {

void UnknownKekCheck::configure(const RecoveryOptions& options) {
  if (options.interval == limit_.interval()) return;
  limit_.configure(options.interval);
  waiting_.clear();
}

void UnknownKekCheck::rekey_came(const UnknownKek& kek, Instant now, gdoi::Random& random) {
  if (!limit_.is_on() || ours_.held_lately(kek.spi)) return;
  rekeys_ += 1;
  // There was a registration for it, and it is over.
  if (cause_ == kek.spi) foreign_.push_back(*std::exchange(cause_, std::nullopt));
  if (foreign_.size() > most_foreign) foreign_.pop_front();
  if (std::find(foreign_.begin(), foreign_.end(), kek.spi) != foreign_.end()) return;
  std::erase_if(waiting_, [&](const UnknownKek& one) { return one.spi == kek.spi; });
  if (waiting_.size() < most) waiting_.push_back(kek);
  limit_.request(now, settling, random);
}

void UnknownKekCheck::follow(std::vector<gdoi::RekeySpi> held, Instant now) {
  ours_.follow(std::move(held), now);
  std::erase_if(waiting_, [&](const UnknownKek& one) { return ours_.held_lately(one.spi); });
  limit_.wake(now);
  if (!cause_ || !ours_.holds(*cause_)) return;
  limit_.helped();
  cause_.reset();
}

void UnknownKekCheck::skip() {
  waiting_.clear();
  limit_.cancel();
}

std::optional<UnknownKek> UnknownKekCheck::take(Instant now) {
  if (!limit_.is_due(now)) return std::nullopt;
  if (waiting_.empty()) {
    limit_.cancel();
    return std::nullopt;
  }
  limit_.begin(now);
  auto out = waiting_.back();
  cause_ = out.spi;
  waiting_.clear();
  return out;
}

}  // namespace agent
