// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/ks/living_group.h"

#include <algorithm>

namespace ks {
namespace {

unsigned left_until(Time end, Time now) {
  return static_cast<unsigned>(std::chrono::floor<seconds>(end - now).count());
}

}  // namespace

LivingGroup::LivingGroup(Config config, Time now)
    : config_{std::move(config)}, kek_ends_{now + config_.kek_life} {
  rekeyer_ = std::make_shared<Rekeyer>(next_kek());
  add_tek(now);
}

Kek LivingGroup::next_kek() {
  Kek out = another_kek(++kek_number_, config_.kek);
  out.life = static_cast<unsigned>(config_.kek_life.count());
  return out;
}

void LivingGroup::add_tek(Time now) { teks_.push_back({++next_spi_, now + config_.tek_life}); }

void LivingGroup::expire(Time now) {
  std::erase_if(teks_, [now](const Tek& tek) { return tek.ends < now + seconds{1}; });
}

Group LivingGroup::list(Time now) const {
  Group out;
  for (const auto& tek : teks_) {
    if (!config_.names_old && tek.spi != newest()) continue;
    const Octets attributes = aes_sha256(128, left_until(tek.ends, now));
    for (const auto& [here, there] : config_.lines) {
      out.sats.push_back({1, 0, here, there, 12, tek.spi, attributes, 1});
      out.sats.push_back({1, 0, there, here, 12, tek.spi, attributes, 1});
    }
    out.packets.push_back(tek_packet(tek.spi, 16, 32));
  }
  if (config_.activation_delay)
    out.gap = tv(1, static_cast<unsigned>(config_.activation_delay->count()));
  return out;
}

Group LivingGroup::at(Time now) {
  expire(now);
  if (teks_.empty()) add_tek(now);
  if (kek_ends_ < now + seconds{1}) {
    rekeyer_->renew(next_kek());
    kek_ends_ = now + config_.kek_life;
  }
  Group out = list(now);
  Kek kek = rekeyer_->kek();
  kek.life = left_until(kek_ends_, now);
  add_kek(out, kek, rekeyer_->sequence());
  return out;
}

Octets LivingGroup::rekey(Time now) {
  expire(now);
  add_tek(now);
  if (kek_ends_ - now > 2 * config_.tek_life) return rekeyer_->push(list(now));
  kek_ends_ = now + config_.kek_life;
  return rekeyer_->announce(list(now), next_kek());
}

Octets LivingGroup::again(Time now) {
  expire(now);
  return rekeyer_->push(list(now));
}

Octets LivingGroup::change(std::vector<std::pair<Id, Id>> lines, Time now) {
  config_.lines = std::move(lines);
  expire(now);
  add_tek(now);
  Push push;
  push.group = list(now);
  return rekeyer_->push(push);
}

Octets LivingGroup::restart(Time now) {
  Push push;
  push.deletes = {delete_teks(), delete_keks()};
  Octets out = rekeyer_->push(push);
  teks_.clear();
  add_tek(now);
  rekeyer_->renew(next_kek());
  kek_ends_ = now + config_.kek_life;
  return out;
}

}  // namespace ks
