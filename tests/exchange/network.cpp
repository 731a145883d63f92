// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/exchange/network.h"

#include <cstring>

#include "tests/support/catch.h"

namespace exchange {

gdoi::Bytes to_bytes(const ks::Octets& octets) {
  gdoi::Bytes out(octets.size());
  std::transform(octets.begin(), octets.end(), out.begin(),
                 [](std::uint8_t octet) { return std::byte{octet}; });
  return out;
}

ks::Octets to_octets(gdoi::View bytes) {
  ks::Octets out(bytes.size());
  std::transform(bytes.begin(), bytes.end(), out.begin(),
                 [](std::byte octet) { return std::to_integer<std::uint8_t>(octet); });
  return out;
}

gdoi::Address address(const std::string& dotted) {
  gdoi::Address out;
  const gdoi::Bytes octets = to_bytes(ks::host(dotted).data);
  std::copy(octets.begin(), octets.end(), out.bytes.begin());
  return out;
}

gdoi::Endpoint endpoint(const std::string& dotted, std::uint16_t port) {
  return {address(dotted), port};
}

gdoi::KeyMaterial secret(const std::string& text) {
  return gdoi::KeyMaterial::copy_of(to_bytes(ks::text(text)));
}

gdoi::MemberConfig member_config(const std::vector<std::string>& key_servers) {
  gdoi::MemberConfig out;
  out.group = gdoi::GroupNumber{100};
  out.local_address = address("172.16.1.2");
  for (const auto& dotted : key_servers)
    out.key_servers.push_back({endpoint(dotted), secret("SUPERSECRET")});
  out.phase1.proposals = {
      {gdoi::CipherAlgorithm::aes_cbc, 256, gdoi::HashAlgorithm::sha256, gdoi::DhGroup::ecp256}};
  return out;
}

Network::Network(gdoi::MemberConfig config, std::uint64_t seed)
    : seed_{seed}, dice_{seed}, random_{seed + 1}, member_{std::move(config), random_} {}

ks::KeyServer& Network::attach(const std::string& dotted, ks::Script script) {
  auto& place = key_servers_[endpoint(dotted)];
  place = std::make_unique<ks::KeyServer>(std::move(script));
  return *place;
}

void Network::start() { perform(member_.start(now_)); }
void Network::reregister() { perform(member_.reregister(now_)); }
void Network::clear() { perform(member_.clear(now_)); }
void Network::stop() { perform(member_.stop(now_)); }

void Network::inject(const gdoi::Endpoint& from, const gdoi::Bytes& datagram,
                     std::uint16_t to_port) {
  perform(member_.receive(gdoi::Datagram::parse(from, datagram, to_port), now_));
}

void Network::deliver(const std::string& dotted, const ks::Octets& datagram) {
  inject(endpoint(dotted), to_bytes(datagram));
}

void Network::send(const std::string& dotted, const ks::Octets& datagram) {
  launch(Way::to_member, endpoint(dotted), to_bytes(datagram));
}

void Network::at(Instant when, std::function<void()> what) {
  agenda_.emplace(when, std::move(what));
}

void Network::plug(const std::string& dotted, bool in) {
  if (in)
    unplugged_.erase(endpoint(dotted));
  else
    unplugged_.insert(endpoint(dotted));
}

void Network::answer_installation(bool installed) {
  REQUIRE_FALSE(unanswered_.empty());
  answer_installation(installed, unanswered_.front());
}

void Network::answer_installation(bool installed, gdoi::InstallToken token) {
  std::erase(unanswered_, token);
  perform(installed ? member_.installed(token, now_) : member_.install_failed(token, now_));
}

void Network::run(milliseconds span, const std::function<bool()>& until) {
  const Instant end = now_ + span;
  unsigned idle_wakes = 0;
  while (!until || !until()) {
    const auto deadline = member_.deadline();
    std::optional<Instant> next = deadline;
    if (!wire_.empty()) next = next ? std::min(*next, wire_.top().arrives) : wire_.top().arrives;
    if (!agenda_.empty())
      next = next ? std::min(*next, agenda_.begin()->first) : agenda_.begin()->first;
    if (!next || *next > end) break;
    if (!agenda_.empty() && agenda_.begin()->first <= *next) {
      now_ = std::max(now_, agenda_.begin()->first);
      const auto what = std::move(agenda_.begin()->second);
      agenda_.erase(agenda_.begin());
      what();
      continue;
    }
    if (!wire_.empty() && wire_.top().arrives <= *next) {
      now_ = std::max(now_, wire_.top().arrives);
      Flight flight = wire_.top();
      wire_.pop();
      land(std::move(flight));
      idle_wakes = 0;
      continue;
    }
    now_ = std::max(now_, *deadline);
    perform(member_.wake(now_));
    const auto after = member_.deadline();
    idle_wakes = after && *after <= now_ ? idle_wakes + 1 : 0;
    if (idle_wakes > 2) FAIL("the member asks to be woken without end; seed " << seed_);
  }
  if (!until || !until()) now_ = end;
}

void Network::perform(gdoi::Actions actions) {
  for (auto& action : actions) {
    if (auto* send = std::get_if<gdoi::Send>(&action)) {
      sent.push_back({send->to, send->datagram, now_, send->from_port});
      launch(Way::to_key_server, send->to, std::move(send->datagram));
      continue;
    }
    std::optional<gdoi::InstallToken> token;
    if (const auto* policy = std::get_if<gdoi::InstallPolicy>(&action)) token = policy->token;
    if (const auto* rekey = std::get_if<gdoi::InstallRekey>(&action)) token = rekey->token;
    note(action);
    if (!token) continue;
    unanswered_.push_back(*token);
    if (!wait_to_install) answer_installation(!refuse_to_install, *token);
  }
}

void Network::note(gdoi::Action& action) {
  if (auto* install = std::get_if<gdoi::InstallPolicy>(&action))
    policies.push_back({std::move(*install), now_});
  if (auto* install = std::get_if<gdoi::InstallRekey>(&action))
    rekeys.push_back({std::move(*install), now_});
  if (auto* listen = std::get_if<gdoi::ListenForRekeys>(&action)) listens.push_back(*listen);
  if (auto* failed = std::get_if<gdoi::RegistrationFailed>(&action))
    failures.push_back({*failed, now_});
  if (auto* rekey = std::get_if<gdoi::RekeyRefused>(&action)) refused.push_back(*rekey);
  if (auto* rekey = std::get_if<gdoi::RekeyRepeated>(&action)) repeated.push_back(*rekey);
  if (auto* kek = std::get_if<gdoi::KekUnusable>(&action)) unusable.push_back(kek->why);
  if (auto* dropped = std::get_if<gdoi::DatagramDropped>(&action)) drops.push_back(dropped->why);
  if (const auto* alive = std::get_if<gdoi::KeepAlive>(&action))
    kept_alive.push_back({alive->to, now_});
  if (std::holds_alternative<gdoi::RegistrationStarted>(action)) started.push_back(now_);
  if (auto* later = std::get_if<gdoi::RegistrationPostponed>(&action)) postponed.push_back(*later);
  if (auto* up = std::get_if<gdoi::Phase1Established>(&action)) established.push_back(*up);
}

void Network::launch(Way way, const gdoi::Endpoint& key_server, gdoi::Bytes datagram) {
  if (unplugged_.count(key_server) > 0) return;
  if (tap && !tap(way, datagram)) return;
  if (chance(weather.loss_percent)) return;
  const unsigned copies = chance(weather.duplicate_percent) ? 2 : 1;
  for (unsigned i = 0; i < copies; ++i) {
    milliseconds takes = delay;
    if (chance(weather.reorder_percent)) takes += milliseconds{dice_() % 3000};
    wire_.push({now_ + takes, ++order_, way, key_server, datagram});
  }
}

void Network::land(Flight flight) {
  if (flight.way == Way::to_member) {
    const bool floated = flight.key_server.port == gdoi::nat_traversal_port;
    inject(flight.key_server, flight.datagram, floated ? flight.key_server.port : 848);
    return;
  }
  // A key server listens at UDP 4500, too, and answers from where it was asked.
  auto place = flight.key_server;
  if (place.port == gdoi::nat_traversal_port) place.port = 848;
  const auto found = key_servers_.find(place);
  if (found == key_servers_.end()) return;
  for (const auto& reply : found->second->receive(to_octets(flight.datagram)))
    launch(Way::to_member, flight.key_server, to_bytes(reply));
}

bool Network::chance(unsigned percent) { return percent > 0 && dice_() % 100 < percent; }

}  // namespace exchange
