// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/exchange/network.h"

#include <cstring>

#include "tests/support/catch.h"

namespace exchange {

gdoi::KeyMaterial secret(const std::string& text) {
  return gdoi::KeyMaterial::copy_of(ks::text(text));
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
    : SimulatedNetwork{seed},
      random_{seed + 1},
      address_{config.local_address},
      member_{std::move(config), random_} {
  SimulatedNetwork::attach(address_, *this);
}

void Network::start() { perform(member_.start(now())); }
void Network::reregister() { perform(member_.reregister(now())); }
void Network::register_with(const std::string& dotted) {
  perform(member_.register_with(address(dotted), now()));
}
void Network::register_with_next() { perform(member_.register_with_next(now())); }
void Network::clear() { perform(member_.clear(now())); }
void Network::stop() { perform(member_.stop(now())); }

void Network::inject(const gdoi::Endpoint& from, const gdoi::Bytes& datagram,
                     std::uint16_t to_port) {
  perform(member_.receive(gdoi::Datagram::parse(from, datagram, to_port), now()));
}

void Network::deliver(const std::string& dotted, const ks::Octets& datagram) {
  inject(endpoint(dotted), datagram);
}

void Network::send(const std::string& dotted, const ks::Octets& datagram) {
  launch(Way::to_member, address_, endpoint(dotted), datagram);
}

void Network::plug(const std::string& dotted, bool in) { cut(address(dotted), !in); }

void Network::receive(const gdoi::Datagram& datagram) { perform(member_.receive(datagram, now())); }

void Network::wake() { perform(member_.wake(now())); }

void Network::answer_installation(bool installed) {
  REQUIRE_FALSE(unanswered_.empty());
  answer_installation(installed, unanswered_.front());
}

void Network::answer_installation(bool installed, gdoi::InstallToken token) {
  std::erase(unanswered_, token);
  perform(installed ? member_.installed(token, now()) : member_.install_failed(token, now()));
}

void Network::answer_location() {
  std::vector<gdoi::KeyServer> key_servers;
  for (const auto& dotted : found) key_servers.push_back({endpoint(dotted), secret("SUPERSECRET")});
  perform(member_.set_key_servers(std::move(key_servers), now()));
}

void Network::perform(gdoi::Actions actions) {
  for (auto& action : actions) {
    if (auto* send = std::get_if<gdoi::Send>(&action)) {
      sent.push_back({send->to, send->datagram, now(), send->from_port});
      launch(Way::to_key_server, address_, send->to, std::move(send->datagram));
      continue;
    }
    std::optional<gdoi::InstallToken> token;
    if (const auto* policy = std::get_if<gdoi::InstallPolicy>(&action)) token = policy->token;
    if (const auto* rekey = std::get_if<gdoi::InstallRekey>(&action)) token = rekey->token;
    note(action);
    if (std::holds_alternative<gdoi::LocateKeyServers>(action) && !wait_to_locate)
      answer_location();
    if (!token) continue;
    unanswered_.push_back(*token);
    if (!wait_to_install) answer_installation(!refuse_to_install, *token);
  }
}

void Network::note(gdoi::Action& action) {
  if (auto* install = std::get_if<gdoi::InstallPolicy>(&action))
    policies.push_back({std::move(*install), now()});
  if (auto* install = std::get_if<gdoi::InstallRekey>(&action))
    rekeys.push_back({std::move(*install), now()});
  if (auto* listen = std::get_if<gdoi::ListenForRekeys>(&action)) listens.push_back(*listen);
  if (auto* failed = std::get_if<gdoi::RegistrationFailed>(&action))
    failures.push_back({*failed, now()});
  if (auto* rekey = std::get_if<gdoi::RekeyRefused>(&action)) refused.push_back(*rekey);
  if (auto* rekey = std::get_if<gdoi::RekeyRepeated>(&action)) repeated.push_back(*rekey);
  if (auto* kek = std::get_if<gdoi::KekUnusable>(&action)) unusable.push_back(kek->why);
  if (auto* dropped = std::get_if<gdoi::DatagramDropped>(&action)) drops.push_back(dropped->why);
  if (const auto* alive = std::get_if<gdoi::KeepAlive>(&action))
    kept_alive.push_back({alive->to, now()});
  if (std::holds_alternative<gdoi::RegistrationStarted>(action)) started.push_back(now());
  if (auto* later = std::get_if<gdoi::RegistrationPostponed>(&action)) postponed.push_back(*later);
  if (auto* up = std::get_if<gdoi::Phase1Established>(&action)) established.push_back(*up);
  if (const auto* other = std::get_if<gdoi::AnswerIgnored>(&action)) ignored.push_back(*other);
  if (const auto* seen = std::get_if<gdoi::UnknownKekSeen>(&action)) unknown_keks.push_back(*seen);
  if (std::holds_alternative<gdoi::LocateKeyServers>(action)) located += 1;
}

}  // namespace exchange
