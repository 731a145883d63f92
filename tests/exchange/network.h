// SPDX-License-Identifier: GPL-2.0-or-later
// One member on the simulated network, and all that it did.
#pragma once

#include <cstdint>
#include <deque>

#include "gdoi/member.h"
#include "tests/support/fixed_random.h"
#include "tests/support/simulated_network.h"

namespace exchange {

using gdoi::Instant;
using gdoi::milliseconds;
using gdoi::seconds;
using support::address;
using support::endpoint;
using support::Way;
using namespace std::chrono_literals;

[[nodiscard]] gdoi::KeyMaterial secret(const std::string& text);

// A member of group 100 with these key servers, and the seed's pre-shared key for each. Its phase 1
// offer is short and cheap to compute.
[[nodiscard]] gdoi::MemberConfig member_config(const std::vector<std::string>& key_servers);

class Network : public support::SimulatedNetwork, private support::SimulatedNetwork::Member {
 public:
  explicit Network(gdoi::MemberConfig config, std::uint64_t seed = 1);

  void start();
  void reregister();
  void register_with_next();
  void register_with(const std::string& dotted);
  void clear();
  void stop();
  // inject delivers a datagram to the member at once.
  void inject(const gdoi::Endpoint& from, const gdoi::Bytes& datagram, std::uint16_t to_port = 848);
  // deliver is inject for a datagram of a key server attached at `dotted`.
  void deliver(const std::string& dotted, const ks::Octets& datagram);
  // send gives a datagram of a key server to the wire and its weather.
  void send(const std::string& dotted, const ks::Octets& datagram);
  // plug parts a key server from the member, or joins it again.
  void plug(const std::string& dotted, bool in);

  // wait_to_install lets installations rest until answer_installation, which answers the oldest
  // that waits, or the one with this token.
  void answer_installation(bool installed);
  void answer_installation(bool installed, gdoi::InstallToken token);

  void answer_location();

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
  std::vector<gdoi::AnswerIgnored> ignored;
  std::vector<gdoi::UnknownKekSeen> unknown_keks;
  unsigned located = 0;  // how often key servers were looked for

  // What the test decides, beside the weather.
  bool refuse_to_install = false, wait_to_install = false;
  std::vector<std::string> found;  // where key servers are, when they are looked for
  bool wait_to_locate = false;     // until answer_location

  [[nodiscard]] gdoi::GroupMember& member() noexcept { return member_; }
  [[nodiscard]] gdoi::MemberStatus status() const { return member_.status(); }
  [[nodiscard]] bool registered() const noexcept {
    return status().state == gdoi::MemberStatus::State::registered;
  }

 private:
  void receive(const gdoi::Datagram& datagram) override;
  [[nodiscard]] std::optional<Instant> deadline() const override { return member_.deadline(); }
  void wake() override;
  void perform(gdoi::Actions actions);
  void note(gdoi::Action& action);

  support::SeededRandom random_;
  gdoi::Address address_;
  gdoi::GroupMember member_;
  std::deque<gdoi::InstallToken> unanswered_;
};

}  // namespace exchange
