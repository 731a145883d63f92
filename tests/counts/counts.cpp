// SPDX-License-Identifier: GPL-2.0-or-later
// counts MEASURE: one piece of a member's work on a simulated network, with all that is random
// known beforehand, for counts.py to have its instructions counted. Without callgrind it only says
// whether the work was done. Counted is what the member does: not the key server, not the wire and
// not the kernel, which are in this program, too.
#include <linux/xfrm.h>

#include <iostream>
#include <stdexcept>

#include "agent/group/group_session.h"
#include "tests/counts/counting.h"
#include "tests/counts/installing_plane.h"
#include "tests/counts/scripted_kernel.h"
#include "tests/exchange/network.h"

namespace counts {
namespace {

using namespace std::chrono_literals;
using ks::operator+;
using support::SimulatedNetwork;

const std::string server = "10.0.0.5";
constexpr std::uint32_t first_spi = 0xdda601aa, second_spi = 0x5eed0002;  // the first: lab_group's

void demand(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error{"not so: " + what};
}

// CountedMember is a group's session with all that a daemon would give it.
class CountedMember final : public agent::Transport, public SimulatedNetwork::Member {
 public:
  explicit CountedMember(SimulatedNetwork& network)
      : network_{network},
        group_{{{"100", address_}, {"wan0"}},
               exchange::member_config({server}),
               {random_, plane_, *this, spis_, log_}} {
    network.attach(address_, *this);
  }

  void start() {
    bool started = false;
    counted([&] { started = group_.start(network_.now()).has_value(); });
    demand(started, "the group starts");
  }
  void receive(const gdoi::Datagram& datagram) override {
    counted([&] { group_.receive(datagram, network_.now()); });
  }
  void wake() override {
    counted([&] { group_.wake(network_.now()); });
  }
  std::optional<gdoi::Instant> deadline() const override { return group_.deadline(); }

  void send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t) override {
    uncounted([&] {
      network_.launch(support::Way::to_key_server, address_, to,
                      {datagram.begin(), datagram.end()});
    });
  }
  void listen(std::span<const gdoi::Endpoint>) override {}
  void locate_key_servers() override {}

  [[nodiscard]] const agent::SaTable& sas() const { return group_.sa_table(); }
  [[nodiscard]] const gdoi::Address& address() const { return address_; }

 private:
  SimulatedNetwork& network_;
  gdoi::Address address_ = support::address("172.16.1.2");
  support::SeededRandom random_{1};
  InstallingPlane plane_;
  agent::InboundSpis spis_;
  agent::Log log_{agent::Level::info, agent::Log::LineSink{[](agent::Level, std::string_view) {}}};
  agent::GroupSession group_;
};

// Lab is the member, and a key server with a group under a KEK.
class Lab {
 public:
  explicit Lab(ks::Group group) {
    ks::add_kek(group, rekeyer_->kek());
    ks::Script script{.group = std::move(group), .rekeyer = rekeyer_};
    network_.attach(server, std::move(script));
  }

  void registration() {
    member_.start();
    network_.run(1s);
    demand(member_.sas().find(gdoi::Spi{first_spi}) != nullptr, "the member has the first key");
    demand(network_.server(server).seen().complaints.empty(), "the key server has no complaint");
  }

  // `group` has a key of second_spi.
  void rekey(const ks::Group& group) {
    const auto push = rekeyer_->push(group);
    network_.launch(support::Way::to_member, member_.address(), support::endpoint(server), push);
    network_.run(1s);
    demand(member_.sas().find(gdoi::Spi{second_spi}) != nullptr, "the member has the second key");
  }

  [[nodiscard]] std::size_t lines() const { return member_.sas().entries().size(); }

 private:
  // The key that signs is made anew each time. One for ECDSA takes no search for primes, nor does
  // any of those that a Kek and a Script have unless they are told of others.
  std::shared_ptr<ks::Rekeyer> rekeyer_ =
      std::make_shared<ks::Rekeyer>(ks::Kek{.signer = &ks::Signer::ecdsa("P-256")});
  SimulatedNetwork network_{1};
  CountedMember member_{network_};
};

// A mask with 8 holes is 256 networks.
constexpr std::size_t masks = 40, networks = 256;
ks::Group with_long_list(ks::Group out) {
  const auto like = out.sats.front();
  out.sats.clear();
  for (unsigned n = 0; n < masks; ++n) {
    auto sat = like;
    sat.source = {
        4, 0,
        ks::host("10.0." + std::to_string(10 + n) + ".0").data + ks::host("255.0.255.0").data};
    sat.destination = ks::subnet("10.3.0.0", 24);
    out.sats.push_back(std::move(sat));
  }
  return out;
}

void measure(std::string_view what) {
  if (what == "registration") {
    Lab{ks::lab_group(false)}.registration();
  } else if (what == "rekey") {
    Lab lab{ks::lab_group(false)};
    set_counting(false);
    lab.registration();
    set_counting(true);
    lab.rekey(ks::tek_group(second_spi));
  } else if (what == "long-rekey") {
    Lab lab{with_long_list(ks::lab_group(false))};
    set_counting(false);
    lab.registration();
    const auto put = requests().find(XFRM_MSG_NEWPOLICY)->second;
    set_counting(true);
    lab.rekey(with_long_list(ks::tek_group(second_spi)));
    demand(requests().find(XFRM_MSG_NEWPOLICY)->second == put, "no policy was put again");
  } else if (what == "list") {
    Lab lab{with_long_list(ks::lab_group(false))};
    lab.registration();
    demand(lab.lines() == masks * networks, "all lines are in force");
    const auto put = requests().find(XFRM_MSG_NEWPOLICY);
    demand(put != requests().end() && put->second >= 3 * masks * networks,
           "three policies a line were handed to netlink");
  } else {
    throw std::runtime_error{"measures are registration, rekey, long-rekey, list"};
  }
}

}  // namespace
}  // namespace counts

int main(int argc, char** argv) {
  try {
    counts::measure(argc == 2 ? argv[1] : "");
  } catch (const std::exception& error) {
    std::cerr << "counts: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
