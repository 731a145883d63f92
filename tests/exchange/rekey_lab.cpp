// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/exchange/rekey_lab.h"

#include <sstream>

namespace exchange {
namespace {

ks::Script script_of(const std::shared_ptr<ks::Rekeyer>& rekeyer) {
  ks::Script out;
  ks::add_kek(out.group, rekeyer->kek());
  out.rekeyer = rekeyer;
  return out;
}

long long ticks(const std::optional<Instant>& when) {
  return when ? static_cast<long long>(when->time_since_epoch().count()) : -1;
}

}  // namespace

RekeyLab::RekeyLab(ks::Kek kek, gdoi::MemberConfig config, std::uint64_t seed)
    : rekeyer{std::make_shared<ks::Rekeyer>(std::move(kek))},
      network{std::move(config), seed},
      key_server{network.attach(server, script_of(rekeyer))} {
  network.start();
  network.run(5s, [&] { return network.registered(); });
  network.run(100ms);
  REQUIRE(network.registered());
  REQUIRE(network.policies.size() == 1);
  REQUIRE(network.unusable.empty());
  REQUIRE(key_server.seen().complaints.empty());
}

void RekeyLab::push(const ks::Octets& datagram) {
  network.send(server, datagram);
  network.run(1s);
}

const std::vector<ks::Acknowledgement>& RekeyLab::acknowledgements() const {
  return key_server.seen().acknowledgements;
}

void RekeyLab::check_untouched(const gdoi::Bytes& datagram) {
  const std::string before = state_of(network);
  const auto drops = network.drops.size();
  const auto counted = network.status().datagrams_dropped;
  network.inject(endpoint(server), datagram);
  CHECK(state_of(network) == before);
  CHECK(network.drops.size() == drops + 1);
  CHECK(network.status().datagrams_dropped == counted + 1);
}

std::string RekeyLab::dropped() const {
  return network.drops.empty() ? "" : told(network.drops.back());
}

milliseconds RekeyLab::next_registration() const {
  REQUIRE(network.status().reregister_at);
  return std::chrono::duration_cast<milliseconds>(*network.status().reregister_at - network.now());
}

std::string state_of(Network& network) {
  const auto& status = network.status();
  std::ostringstream out;
  out << "state " << static_cast<int>(status.state) << " with "
      << (status.registered_with ? gdoi::describe(status.registered_with->address) : "nobody")
      << " asking "
      << (status.current_key_server ? gdoi::describe(status.current_key_server->address) : "nobody")
      << " attempts " << status.registrations_attempted << '/' << status.registrations_succeeded
      << " again " << ticks(status.reregister_at) << '/' << ticks(status.retry_at) << " deadline "
      << ticks(network.member().deadline()) << " failure "
      << (status.last_failure ? told(*status.last_failure) : "none") << " rekeys "
      << status.rekeys.unicast << '/' << status.rekeys.multicast << '/'
      << status.rekeys.since_registration << '/' << status.rekeys.refused << '/'
      << status.rekeys.repeated << '/' << status.rekeys.acknowledgements_sent << " last "
      << status.rekeys.last_sequence.value << '/' << ticks(status.rekeys.last_at) << " done "
      << network.sent.size() << '/' << network.policies.size() << '/' << network.rekeys.size()
      << '/' << network.listens.size() << '/' << network.refused.size() << '/'
      << network.failures.size();
  for (const auto& kek : network.member().rekey_sas()) {
    out << " KEK";
    for (const auto octet : kek.policy.spi.initiator.bytes) out << ' ' << static_cast<int>(octet);
    out << " role " << static_cast<int>(kek.role) << " sequence " << kek.last_sequence.value
        << " ends " << ticks(kek.expires);
  }
  return out.str();
}

void silence(RekeyLab& lab) { lab.key_server.script().instead[ks::Step::mm2] = {}; }

ks::Push deleting(std::vector<ks::Octets> deletes) {
  ks::Push out;
  out.deletes = std::move(deletes);
  return out;
}

}  // namespace exchange
