// SPDX-License-Identifier: GPL-2.0-or-later
// A group as key servers keep it alive: TEKs and KEKs end, and others take their place.
#pragma once

#include <chrono>
#include <cstdint>

#include "tests/support/ks/rekeyer.h"

namespace ks {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::seconds;

// LivingGroup is what all key servers of a group know. Each TEK is replaced when a tenth of its
// life is left, and the KEK with it when it would not see two more rekeys.
class LivingGroup {
 public:
  struct Config {
    seconds tek_life{3600}, kek_life{86400};
    Kek kek = lab_kek();  // what KEKs are like
    // The permitted lines, both ways each.
    std::vector<std::pair<Id, Id>> lines{{subnet("10.1.0.0", 24), subnet("10.3.0.0", 24)}};
    std::optional<seconds> activation_delay;
    bool names_old = true;  // the older TEKs too, as long as they live; or the newest alone
  };
  LivingGroup(Config config, Time now);

  // at is the group as a registration finds it: the KEK in force and the TEKs that live, the newest
  // last. TEKs and KEK that ended are replaced first.
  [[nodiscard]] Group at(Time now);
  // rekey replaces the TEK (and the KEK, when its time comes) and tells it. again tells the same
  // under the next number.
  [[nodiscard]] Octets rekey(Time now);
  [[nodiscard]] Octets again(Time now);
  [[nodiscard]] Time next_rekey() const { return teks_.back().ends - config_.tek_life / 10; }
  // change puts other lines in force, under a new TEK.
  [[nodiscard]] Octets change(std::vector<std::pair<Id, Id>> lines, Time now);
  // restart deletes everything and begins anew, like `clear crypto gdoi ks members now`.
  [[nodiscard]] Octets restart(Time now);

  [[nodiscard]] const std::shared_ptr<Rekeyer>& rekeyer() const noexcept { return rekeyer_; }
  [[nodiscard]] std::uint32_t newest() const noexcept { return teks_.back().spi; }
  [[nodiscard]] std::uint32_t keks() const noexcept { return kek_number_; }

 private:
  struct Tek {
    std::uint32_t spi;
    Time ends;
  };
  void add_tek(Time now);
  [[nodiscard]] Kek next_kek();
  void expire(Time now);
  [[nodiscard]] Group list(Time now) const;

  Config config_;
  std::vector<Tek> teks_;  // from the oldest to the newest
  std::uint32_t next_spi_ = 0x1000, kek_number_ = 0;
  Time kek_ends_;
  std::shared_ptr<Rekeyer> rekeyer_;
};

}  // namespace ks
