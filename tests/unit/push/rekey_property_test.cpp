// SPDX-License-Identifier: GPL-2.0-or-later
// Random lives of a group: what must hold of each, whatever the network does.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "gdoi/push/rekey_sa_table.h"
#include "tests/support/catch.h"
#include "tests/unit/push/pushes.h"

namespace rekey_property_test {

using namespace gdoi;
using namespace push_test;

namespace {

// Life is a key server that rolls its KEKs over, a network that loses, repeats, reorders and
// corrupts, and the member that hears what is left.
class Life {
 public:
  explicit Life(unsigned seed) : random_{seed} { registers(); }

  void step() {
    now_ += seconds{pick(60)};
    switch (pick(10)) {
      case 0:
        return announces();
      case 1:
        return registers();
      case 2:
        static_cast<void>(hear(corrupted(sent_[pick(sent_.size())].octets), false));
        return;
      case 3:
      case 4:
        return hears_again(pick(sent_.size()));
      case 5:
        sas_.expire(now_);
        return;
      default:
        return pushes();
    }
  }

  void check() const {
    const auto keks = sas_.status();
    REQUIRE(keks.size() <= RekeySaTable::max_keks);
    std::set<RekeySpi> spis;
    bool past_current = false;
    for (const auto& kek : keks) {
      CHECK(spis.insert(kek.policy.spi).second);
      CHECK_FALSE((past_current && kek.role != RekeyRole::next));
      past_current = past_current || kek.role != RekeyRole::previous;
      // What the member believes to have heard was sent.
      CHECK(kek.last_sequence.value <= keks_.at(kek.policy.spi).counter);
    }
  }

  [[nodiscard]] std::size_t accepted_pushes() const noexcept { return accepted_.size(); }

 private:
  struct Known {
    ks::Kek kek;
    std::uint32_t counter = 0;
  };
  struct Sent {
    RekeySpi under;
    std::uint32_t sequence;
    Bytes octets;
  };

  std::size_t pick(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random_);
  }

  Known& fresh() {
    Known out;
    out.kek.signer = &Signer::rsa(1024);
    out.kek.key = repeated(static_cast<unsigned>(keks_.size()), 16);
    out.kek.spi = ks::be(keks_.size() + 1, 4) + repeated(7, 12);
    const RekeySpi spi = spi_of(out.kek);
    current_ = spi;
    return keks_[spi] = std::move(out);
  }

  void registers() {
    if (keks_.empty() || pick(3) == 0) fresh();
    const Known& known = keks_.at(current_);
    Kek kek = downloaded(known.kek, known.counter);
    // A key server that is behind must not open the door to what was heard before.
    const auto held = sas_.status();
    if (known.counter > 0 && std::any_of(held.begin(), held.end(),
                                         [&](const auto& sa) { return sa.policy.spi == current_; }))
      kek.last_sequence.value -= 1;
    REQUIRE(sas_.adopt(kek, member, now_));
    if (sent_.empty()) pushes();
  }

  void send(Known& known, Push push) {
    const std::uint32_t sequence = known.counter;
    sent_.push_back({spi_of(known.kek), sequence, datagram(known.kek, push)});
    if (pick(4) != 0) hears_again(sent_.size() - 1);  // or it is lost, for now
  }

  void pushes() {
    Known& known = keks_.at(current_);
    send(known, tek_push(++known.counter, static_cast<std::uint32_t>(1 + pick(9))));
  }

  void announces() {
    const RekeySpi before = current_;
    const ks::Kek next = fresh().kek;
    Known& known = keks_.at(before);
    Sak policy;
    policy.lifetime = static_cast<std::uint32_t>(60 + pick(3600));
    send(known, kek_push(++known.counter, 7, next, policy));
  }

  Bytes corrupted(Bytes octets) {
    octets[pick(octets.size())] ^= static_cast<std::byte>(1U << pick(8));
    return octets;
  }

  void hears_again(std::size_t at) {
    const auto outcome = hear(sent_[at].octets, true);
    const auto id = std::pair{sent_[at].under, sent_[at].sequence};
    if (outcome && std::holds_alternative<Rekey>(*outcome)) {
      CHECK(accepted_.insert(id).second);  // never twice
      CHECK(std::get<Rekey>(*outcome).sequence.value == id.second);
      CHECK(std::get<Rekey>(*outcome).under == id.first);
      last_ = id;
    } else if (outcome) {
      CHECK(std::holds_alternative<RepeatedPush>(*outcome));
      CHECK(last_ == id);
    }
  }

  std::optional<PushOutcome> hear(const Bytes& octets, bool genuine) {
    const std::string before = state(sas_);
    auto outcome = receive(sas_, octets, now_);
    if (!genuine) CHECK_FALSE(outcome);
    if (!outcome) {
      CHECK(state(sas_) == before);
      return std::nullopt;
    }
    return std::move(*outcome);
  }

  std::mt19937 random_;
  Instant now_ = noon;
  RekeySaTable sas_;
  std::map<RekeySpi, Known> keks_;
  RekeySpi current_;
  std::vector<Sent> sent_;
  std::set<std::pair<RekeySpi, std::uint32_t>> accepted_;
  std::optional<std::pair<RekeySpi, std::uint32_t>> last_;
};

}  // namespace

TEST_CASE("in no life is a PUSH accepted twice, a forged one once, or a fourth KEK held") {
  std::size_t accepted_pushes = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Life life{seed};
    for (int i = 0; i < 200; ++i) {
      life.step();
      life.check();
    }
    accepted_pushes += life.accepted_pushes();
  }
  CHECK(accepted_pushes > 500);  // or the lives were empty ones
}

}  // namespace rekey_property_test
