// SPDX-License-Identifier: GPL-2.0-or-later
// Key servers, members and the wire between them, in memory on a clock of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>

#include "gdoi/datagram.h"
#include "tests/support/ks/key_server.h"

namespace support {

[[nodiscard]] gdoi::Address address(const std::string& dotted);
[[nodiscard]] gdoi::Endpoint endpoint(const std::string& dotted, std::uint16_t port = 848);

enum class Way { to_key_server, to_member };

// Weather is what a wire does to datagrams, drawn from the network's seed. Each takes the network's
// delay, up to `jitter` more, and up to `reorder_by` more where it falls behind others.
struct Weather {
  unsigned loss_percent = 0, duplicate_percent = 0, reorder_percent = 0;
  gdoi::milliseconds jitter{0}, reorder_by{3000};
};

class SimulatedNetwork {
 public:
  // Member is what is on the other side of the key servers.
  class Member {
   public:
    virtual ~Member() = default;
    virtual void receive(const gdoi::Datagram& datagram) = 0;
    [[nodiscard]] virtual std::optional<gdoi::Instant> deadline() const = 0;
    virtual void wake() = 0;
  };

  explicit SimulatedNetwork(std::uint64_t seed) : seed_{seed}, dice_{seed} {}

  // attach puts a key server at an address; where there is none, datagrams vanish. A member is not
  // owned, and stays where it is.
  ks::KeyServer& attach(const std::string& dotted, ks::Script script = {});
  void attach(const gdoi::Address& at, Member& member) { members_[at] = &member; }
  [[nodiscard]] ks::KeyServer& server(const std::string& dotted) {
    return *key_servers_.at(endpoint(dotted));
  }

  // launch gives a datagram to the wire and its weather.
  void launch(Way way, const gdoi::Address& member, const gdoi::Endpoint& key_server,
              gdoi::Bytes datagram);
  // cut parts an address from all others, or joins it to them again. What is on its way then is
  // lost, too.
  void cut(const gdoi::Address& at, bool apart);
  [[nodiscard]] bool is_cut(const gdoi::Address& at) const { return cut_.count(at) > 0; }
  // at has something done when that time comes.
  void at(gdoi::Instant when, std::function<void()> what) {
    agenda_.emplace(when, std::move(what));
  }

  // step does what comes next, and is false when nothing does until `end`: what was to be done
  // first, then what arrives, then whoever asked to be woken. Throws when a member asks for that
  // without end.
  bool step(gdoi::Instant end);
  // advance lets nothing but time pass.
  void advance(gdoi::Instant to) { now_ = std::max(now_, to); }
  // run lets time pass until nothing is left to do, `span` is over, or `until` says so.
  void run(gdoi::milliseconds span, const std::function<bool()>& until = {});

  [[nodiscard]] std::uint64_t draw(std::uint64_t bound) { return dice_() % bound; }
  [[nodiscard]] const gdoi::Instant& now() const noexcept { return now_; }
  [[nodiscard]] static gdoi::Instant begin() noexcept {
    return gdoi::Instant{} + std::chrono::hours{1};
  }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

  // What the test decides.
  Weather weather;
  gdoi::milliseconds delay{10};
  // In place of `weather`, when there: for each datagram.
  std::function<Weather(const gdoi::Address& member, const gdoi::Bytes&)> weather_of;
  // From where key servers answer, in place of where they were asked.
  std::optional<gdoi::Address> answers_from;
  // Called for each datagram on the wire; may change it, and drops it by returning false.
  std::function<bool(Way, gdoi::Bytes&)> tap;

 private:
  struct Flight {
    gdoi::Instant arrives;
    std::uint64_t order;
    Way way;
    gdoi::Address member;
    gdoi::Endpoint key_server;
    gdoi::Bytes datagram;
    friend bool operator<(const Flight& a, const Flight& b) {
      return std::tie(b.arrives, b.order) < std::tie(a.arrives, a.order);
    }
  };
  void land(const Flight& flight);
  void wake(Member& member);
  [[nodiscard]] bool chance(unsigned percent) { return percent > 0 && draw(100) < percent; }
  [[nodiscard]] gdoi::milliseconds up_to(gdoi::milliseconds most);

  std::uint64_t seed_;
  std::mt19937_64 dice_;
  std::map<gdoi::Endpoint, std::unique_ptr<ks::KeyServer>> key_servers_;
  std::map<gdoi::Address, Member*> members_;
  std::set<gdoi::Address> cut_;
  std::multimap<gdoi::Instant, std::function<void()>> agenda_;
  std::priority_queue<Flight> wire_;
  std::uint64_t order_ = 0;
  unsigned idle_wakes_ = 0;
  gdoi::Instant now_ = begin();
};

}  // namespace support
