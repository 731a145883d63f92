// SPDX-License-Identifier: GPL-2.0-or-later
// A member, its key servers and the wire between them, in memory on a clock of their own.
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <random>

#include "gdoi/member.h"
#include "tests/exchange/key_server.h"
#include "tests/support/fixed_random.h"

namespace exchange {

using gdoi::Instant;
using gdoi::milliseconds;
using gdoi::seconds;
using namespace std::chrono_literals;

// Octets of the two worlds.
[[nodiscard]] gdoi::Bytes to_bytes(const ks::Octets& octets);
[[nodiscard]] ks::Octets to_octets(gdoi::View bytes);

[[nodiscard]] gdoi::Address address(const std::string& dotted);
[[nodiscard]] gdoi::Endpoint endpoint(const std::string& dotted, std::uint16_t port = 848);
[[nodiscard]] gdoi::KeyMaterial secret(const std::string& text);

// A member of group 100 with these key servers, and the seed's pre-shared key for each. Its phase 1
// offer is short and cheap to compute.
[[nodiscard]] gdoi::MemberConfig member_config(const std::vector<std::string>& key_servers);

enum class Way { to_key_server, to_member };

// Weather is what a wire does to datagrams, drawn from the network's seed.
struct Weather {
  unsigned loss_percent = 0, duplicate_percent = 0, reorder_percent = 0;
};

class Network {
 public:
  explicit Network(gdoi::MemberConfig config, std::uint64_t seed = 1);

  // attach puts a key server at an address; where there is none, datagrams vanish.
  ks::KeyServer& attach(const std::string& dotted, ks::Script script = {});

  [[nodiscard]] ks::KeyServer& server(const std::string& dotted) {
    return *key_servers_.at(endpoint(dotted));
  }

  void start();
  void reregister();
  void clear();
  void stop();
  // run lets time pass until nothing is left to do, `span` is over, or `until` says so.
  void run(milliseconds span, const std::function<bool()>& until = {});
  // inject delivers a datagram to the member at once.
  void inject(const gdoi::Endpoint& from, const gdoi::Bytes& datagram, std::uint16_t to_port = 848);
  // deliver is inject for a datagram of a key server attached at `dotted`.
  void deliver(const std::string& dotted, const ks::Octets& datagram);
  // send gives a datagram of a key server to the wire and its weather.
  void send(const std::string& dotted, const ks::Octets& datagram);
  // at has something done when that time comes.
  void at(Instant when, std::function<void()> what);
  // plug cuts the line to a key server, or mends it.
  void plug(const std::string& dotted, bool in);

  // wait_to_install lets installations rest until answer_installation, which answers the oldest
  // that waits, or the one with this token.
  void answer_installation(bool installed);
  void answer_installation(bool installed, gdoi::InstallToken token);

  // What happened.
  struct Failure {
    gdoi::RegistrationFailed report;
    Instant at;
  };
  struct Sent {
    gdoi::Endpoint to;
    gdoi::Bytes datagram;
    Instant at;
    std::uint16_t from_port = 848;
  };
  struct KeptAlive {
    gdoi::Endpoint to;
    Instant at;
  };
  struct Installed {
    gdoi::InstallPolicy what;
    Instant at;
  };
  struct Rekeyed {
    gdoi::InstallRekey what;
    Instant at;
  };
  std::vector<Installed> policies;
  std::vector<Rekeyed> rekeys;
  std::vector<gdoi::ListenForRekeys> listens;
  std::vector<gdoi::RekeyRefused> refused;
  std::vector<gdoi::RekeyRepeated> repeated;
  std::vector<gdoi::Error> unusable;  // KEKs
  std::vector<Failure> failures;
  std::vector<gdoi::Error> drops;
  std::vector<Sent> sent;
  std::vector<KeptAlive> kept_alive;
  std::vector<Instant> started;
  std::vector<gdoi::RegistrationPostponed> postponed;
  std::vector<gdoi::Phase1Established> established;

  // What the test decides.
  Weather weather;
  milliseconds delay{10};
  bool refuse_to_install = false, wait_to_install = false;
  // Called for each datagram on the wire; may change it, and drops it by returning false.
  std::function<bool(Way, gdoi::Bytes&)> tap;

  [[nodiscard]] Instant now() const noexcept { return now_; }
  [[nodiscard]] Instant begin() const noexcept { return Instant{} + 1h; }
  [[nodiscard]] gdoi::GroupMember& member() noexcept { return member_; }
  [[nodiscard]] gdoi::MemberStatus status() const { return member_.status(); }
  [[nodiscard]] bool registered() const noexcept {
    return status().state == gdoi::MemberStatus::State::registered;
  }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  struct Flight {
    Instant arrives;
    std::uint64_t order;
    Way way;
    gdoi::Endpoint key_server;
    gdoi::Bytes datagram;
    friend bool operator<(const Flight& a, const Flight& b) {
      return std::tie(b.arrives, b.order) < std::tie(a.arrives, a.order);
    }
  };
  void perform(gdoi::Actions actions);
  void note(gdoi::Action& action);
  void launch(Way way, const gdoi::Endpoint& key_server, gdoi::Bytes datagram);
  void land(Flight flight);
  [[nodiscard]] bool chance(unsigned percent);

  std::uint64_t seed_;
  std::mt19937_64 dice_;
  support::SeededRandom random_;
  gdoi::GroupMember member_;
  std::map<gdoi::Endpoint, std::unique_ptr<ks::KeyServer>> key_servers_;
  std::set<gdoi::Endpoint> unplugged_;
  std::multimap<Instant, std::function<void()>> agenda_;
  std::priority_queue<Flight> wire_;
  std::uint64_t order_ = 0;
  std::deque<gdoi::InstallToken> unanswered_;
  Instant now_ = begin();
};

}  // namespace exchange
