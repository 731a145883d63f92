// SPDX-License-Identifier: GPL-2.0-or-later
// Months of a group's life: one member, two key servers, and all that weather can do between them.
// GETVPN_SEEDS says how many lives of each kind are led, from seed 1 on; by default a few,
// and one where sanitizers make it slow.
#include <cstdlib>
#include <sstream>

#include "tests/exchange/rekey_lab.h"
#include "tests/support/ks/living_group.h"

namespace months_test {

using namespace exchange;
using support::Weather;

namespace {

std::uint64_t seeds(std::uint64_t few) {
  const char* const wanted = std::getenv("GETVPN_SEEDS");
#ifdef GETVPN_SANITIZED
  few = 1;
#endif
  return wanted == nullptr ? few : std::strtoull(wanted, nullptr, 10);
}

const std::string first = "10.0.0.5", second = "10.0.0.6";

struct Climate {
  Weather weather;
  unsigned corrupt_percent = 0;
  bool outages = false;      // of one key server or both, for hours
  bool restarts = false;     // the operator clears the group now and then
  bool new_numbers = false;  // retransmissions come with a new sequence number
  unsigned copies = 3;       // of each rekey, ten seconds apart
};

// Life is one member's life in a climate. It watches what must never happen.
class Life {
 public:
  Life(std::uint64_t seed, const Climate& climate)
      : climate_{climate},
        dice_{seed},
        network_{member_config({first, second}), seed},
        group_{config(), network_.now()} {
    for (const auto& name : {first, second}) {
      ks::Script script;
      script.group_now = [this] { return group_.at(network_.now()); };
      script.rekeyer = group_.rekeyer();
      network_.attach(name, std::move(script));
    }
    network_.tap = [this](Way way, gdoi::Bytes& datagram) { return corrupt(way, datagram); };
    network_.weather = climate_.weather;
    clear_since_ = network_.now();
    next_rekey();
    network_.start();
  }

  // live lets time pass; then the weather clears.
  void live(milliseconds span) {
    if (climate_.outages) next_outage();
    if (climate_.restarts) next_restart();
    const Instant end = network_.now() + span;
    network_.run(span, [this] { return watch(); });
    network_.run(std::chrono::duration_cast<milliseconds>(end - network_.now()));
    climate_ = {};
    network_.weather = {};
    plug(first, true);
    plug(second, true);
    network_.run(20min);
    close_lapse();
  }

  // check_sound is what holds in every climate.
  void check_sound() {
    CHECK(network_.registered());
    CHECK(network_.status().registered_with);
    for (const auto& installed : network_.policies) check_keys(installed.what.policy);
    for (const auto& installed : network_.rekeys)
      if (installed.what.rekey.policy) check_keys(*installed.what.rekey.policy);
    // Of two key servers each is asked once in a row; then comes a rest of 5 s at least, and after
    // a success half the life of what it brought.
    const auto& started = network_.started;
    for (std::size_t i = 2; i < started.size(); ++i) {
      CAPTURE(i);
      REQUIRE(started[i] - started[i - 2] >= 5s);
    }
    CHECK(network_.refused.empty());
    CHECK(network_.unusable.empty());
  }
  // check_current: the newest TEK has reached the member.
  void check_current() {
    Instant at{};
    const gdoi::GroupPolicy* last = nullptr;
    for (const auto& installed : network_.policies)
      if (installed.at >= at) at = installed.at, last = &installed.what.policy;
    for (const auto& installed : network_.rekeys)
      if (installed.what.rekey.policy && installed.at >= at)
        at = installed.at, last = &*installed.what.rekey.policy;
    REQUIRE(last != nullptr);
    CHECK(last->find({group_.newest()}) != nullptr);
  }

  [[nodiscard]] Network& network() noexcept { return network_; }
  [[nodiscard]] ks::LivingGroup& group() noexcept { return group_; }
  // Lapses are times without any policy in force although a key server had been there for long.
  [[nodiscard]] const std::vector<milliseconds>& lapses() const noexcept { return lapses_; }
  [[nodiscard]] std::size_t acknowledgements() {
    return network_.server(first).seen().acknowledgements.size() +
           network_.server(second).seen().acknowledgements.size();
  }

 private:
  static ks::LivingGroup::Config config() {
    ks::LivingGroup::Config out;
    out.kek.signer = &ks::Signer::ecdsa("P-256");
    out.kek.acknowledgement = 1;
    return out;
  }

  bool corrupt(Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_member && dice_() % 100 < climate_.corrupt_percent)
      datagram[dice_() % datagram.size()] ^= static_cast<std::byte>(1U << dice_() % 8);
    return true;
  }

  void next_rekey() {
    network_.at(group_.next_rekey(), [this] {
      tell(group_.rekey(network_.now()));
      for (unsigned copy = 1; copy < climate_.copies; ++copy)
        network_.at(network_.now() + copy * 10s, [this, told = told_, restarts = restarts_] {
          if (restarts != restarts_) return;
          tell(climate_.new_numbers ? group_.again(network_.now()) : told);
        });
      next_rekey();
    });
  }

  // tell pushes from the first key server that is there.
  void tell(const ks::Octets& push) {
    told_ = push;
    network_.send(unplugged_.count(first) == 0 ? first : second, push);
  }

  void next_outage() {
    network_.at(network_.now() + 1h * (4 + dice_() % 72), [this] {
      if (!climate_.outages) return;
      const auto which = dice_() % 3;
      const auto length = 1min * (5 + dice_() % 600);
      if (which != 1) plug(first, false);
      if (which != 0) plug(second, false);
      network_.at(network_.now() + length, [this] {
        plug(first, true);
        plug(second, true);
        if (dice_() % 2 == 0) network_.server(first).forget();
        if (climate_.outages) next_outage();
      });
    });
  }

  void next_restart() {
    network_.at(network_.now() + 24h * (1 + dice_() % 20), [this] {
      if (!climate_.restarts) return;
      restarts_ += 1;
      tell(group_.restart(network_.now()));
      clear_since_ = network_.now();
      next_restart();
    });
  }

  void plug(const std::string& name, bool in) {
    network_.plug(name, in);
    const bool dark = unplugged_.size() == 2;
    if (in)
      unplugged_.erase(name);
    else
      unplugged_.insert(name);
    if (dark && unplugged_.size() < 2) clear_since_ = network_.now();
  }

  // After both were gone the member may rest for 375 s, and then ask one in vain for 62 s.
  [[nodiscard]] bool served() const {
    return unplugged_.size() < 2 && network_.now() - clear_since_ > 15min;
  }

  bool watch() {
    const bool without = !network_.status().registered_with && served();
    if (without && !lapsed_at_) lapsed_at_ = network_.now();
    if (!without) close_lapse();
    return false;
  }
  void close_lapse() {
    if (lapsed_at_)
      lapses_.push_back(std::chrono::duration_cast<milliseconds>(network_.now() - *lapsed_at_));
    lapsed_at_.reset();
  }

  static void check_keys(const gdoi::GroupPolicy& policy) {
    for (const auto& tek : policy.teks) {
      REQUIRE(tek.cipher_key.equals(ks::cipher_key(tek.spi.value, 16)));
      REQUIRE(tek.integrity_key.equals(ks::integrity_key(tek.spi.value, 32)));
    }
  }

  Climate climate_;
  std::mt19937_64 dice_;
  Network network_;
  ks::LivingGroup group_;
  std::set<std::string> unplugged_;
  ks::Octets told_;
  unsigned restarts_ = 0;
  Instant clear_since_;
  std::optional<Instant> lapsed_at_;
  std::vector<milliseconds> lapses_;
};

std::string story_of(Life& life) {
  std::ostringstream out;
  const auto& network = life.network();
  out << network.started.size() << " registrations, " << network.rekeys.size() << " rekeys, "
      << network.repeated.size() << " repeated, " << network.drops.size() << " drops, lapses:";
  for (const auto lapse : life.lapses()) out << ' ' << lapse.count() << " ms";
  return out.str();
}

}  // namespace

TEST_CASE("in a quarter of fair weather one registration is enough") {
  for (std::uint64_t seed = 1; seed <= seeds(1); ++seed) {
    INFO("seed " << seed);
    Life life{seed, {}};
    life.live(90 * 24h);
    INFO(story_of(life));
    life.check_sound();
    life.check_current();
    CHECK(life.network().started.size() == 1);
    CHECK(life.network().rekeys.size() == 90 * 24 * 10 / 9);
    CHECK(life.network().repeated.size() == 2 * life.network().rekeys.size());
    CHECK(life.acknowledgements() == 3 * life.network().rekeys.size());
    CHECK(life.network().drops.empty());
    CHECK(life.group().keks() > 90);
    CHECK(life.lapses().empty());
  }
}

TEST_CASE("duplicates and disorder alone cost no registration") {
  for (std::uint64_t seed = 1; seed <= seeds(2); ++seed) {
    INFO("seed " << seed);
    Climate climate;
    climate.weather = {0, 30, 30};
    climate.new_numbers = seed % 2 == 0;
    Life life{seed, climate};
    life.live(60 * 24h);
    INFO(story_of(life));
    life.check_sound();
    life.check_current();
    CHECK(life.network().started.size() == 1);
    CHECK(life.lapses().empty());
  }
}

TEST_CASE("when some rekeys are lost the member registers in time, and only then") {
  for (std::uint64_t seed = 1; seed <= seeds(3); ++seed) {
    INFO("seed " << seed);
    Climate climate;
    climate.weather = {10, 10, 10};
    climate.corrupt_percent = 2;
    climate.new_numbers = seed % 2 == 0;
    Life life{seed, climate};
    life.live(60 * 24h);
    INFO(story_of(life));
    life.check_sound();
    life.check_current();
    // One rekey in a thousand is lost with all its copies.
    CHECK(life.network().started.size() < 30);
    CHECK(life.network().rekeys.size() > 1500);
    CHECK(life.lapses().empty());
  }
}

TEST_CASE("through outages of key servers and cleared groups the member stays or comes back") {
  for (std::uint64_t seed = 1; seed <= seeds(4); ++seed) {
    INFO("seed " << seed);
    Climate climate;
    climate.weather = {5, 5, 5};
    climate.outages = true;
    climate.restarts = seed % 2 == 0;
    Life life{seed, climate};
    life.live(60 * 24h);
    INFO(story_of(life));
    life.check_sound();
    life.check_current();
    CHECK(life.lapses().empty());
    // While both are silent the member asks twice in 62 s, and rests for 300 s at least.
    CHECK(life.network().started.size() < 60 * 24 * 3600 / 200);
  }
}

TEST_CASE("with a third of all datagrams lost a lapse is rare and short") {
  for (std::uint64_t seed = 1; seed <= seeds(3); ++seed) {
    INFO("seed " << seed);
    Climate climate;
    climate.weather = {30, 20, 20};
    climate.outages = seed % 2 == 0;
    Life life{seed, climate};
    life.live(90 * 24h);
    INFO(story_of(life));
    life.check_sound();
    life.check_current();
    CHECK(life.lapses().size() <= 3);
    for (const auto lapse : life.lapses()) CHECK(lapse < 15min);
  }
}

}  // namespace months_test
