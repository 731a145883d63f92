// SPDX-License-Identifier: GPL-2.0-or-later
// getvpn-gm's protocol, configuration and credentials without its data plane, so that phase 1 can
// be tried where the kernel has no ESP. Options are the daemon's; runs until a signal ends it.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <iostream>

#include "agent/base/address.h"
#include "agent/base/clock.h"
#include "agent/base/fd.h"
#include "agent/config/authentication.h"
#include "agent/config/options.h"
#include "agent/io/nat_framing.h"
#include "gdoi/crypto/random.h"
#include "gdoi/member.h"

namespace {

using agent::Fd;
using gdoi::gdoi_port;
constexpr std::uint16_t nat_port = 4500;

Fd open_port(std::uint16_t port) {
  Fd out{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  if (!out || ::bind(out.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    std::cerr << "phase1-client: UDP port " << port << " cannot be had\n";
    std::exit(1);
  }
  return out;
}

gdoi::MemberConfig member_config(const agent::GroupConfig& config,
                                 const agent::Credentials& credentials) {
  gdoi::MemberConfig out;
  out.group = config.group;
  out.key_servers = credentials.key_servers(config.authentication, config.key_servers);
  credentials.fill(out.phase1, config.authentication);
  out.phase1.proposals = config.proposals;
  out.phase1.mode = config.ike_mode;
  out.phase1.doi = config.phase1_doi.value_or(2);
  out.phase1.fallback_doi = !config.phase1_doi;
  out.phase1.nat_traversal = config.nat_traversal;
  out.phase1.fragments = config.ike_fragmentation;
  return out;
}

// local_address is ours towards a key server.
gdoi::Address local_address(const gdoi::Endpoint& key_server) {
  const Fd probe{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const auto to = agent::to_sockaddr(key_server);
  agent::SocketAddress ours;
  if (!probe || ::connect(probe.get(), to.get(), to.size) != 0 ||
      ::getsockname(probe.get(), ours.get(), &ours.size) != 0) {
    std::cerr << "phase1-client: no way to the key server\n";
    std::exit(1);
  }
  return agent::to_endpoint(ours).address;
}

struct Client {
  gdoi::GroupMember member;
  Fd port = open_port(gdoi_port), nat = open_port(nat_port);

  void perform(gdoi::Actions actions) {
    for (auto& action : actions) {
      if (const auto* send = std::get_if<gdoi::Send>(&action)) {
        const bool floated = send->from_port == nat_port;
        const auto octets = floated ? agent::framed(send->datagram) : send->datagram;
        const auto to = agent::to_sockaddr(send->to);
        (void)::sendto((floated ? nat : port).get(), octets.data(), octets.size(), 0, to.get(),
                       to.size);
      } else if (std::holds_alternative<gdoi::Phase1Established>(action)) {
        std::cout << "phase 1 is up" << std::endl;
      } else if (const auto* failed = std::get_if<gdoi::RegistrationFailed>(&action)) {
        std::cout << "registration failed: " << name_of(failed->why.code) << ": "
                  << failed->why.where << std::endl;
      }
    }
  }

  void receive(const Fd& from, std::uint16_t to_port) {
    std::array<std::byte, 65536> room{};
    agent::SocketAddress peer;
    const auto size = ::recvfrom(from.get(), room.data(), room.size(), 0, peer.get(), &peer.size);
    if (size < 0) return;
    gdoi::View datagram = gdoi::View{room}.first(static_cast<std::size_t>(size));
    if (to_port == nat_port) {
      const auto inner = agent::unframed(datagram);
      if (!inner) return;
      datagram = *inner;
    }
    perform(member.receive(gdoi::Datagram::parse(agent::to_endpoint(peer), datagram, to_port),
                           agent::boot_time()));
  }

  [[noreturn]] void run() {
    perform(member.start(agent::boot_time()));
    for (;;) {
      std::array<pollfd, 2> ready{{{port.get(), POLLIN, 0}, {nat.get(), POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), 100) > 0) {
        if ((ready[0].revents & POLLIN) != 0) receive(port, gdoi_port);
        if ((ready[1].revents & POLLIN) != 0) receive(nat, nat_port);
      }
      perform(member.wake(agent::boot_time()));
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto options = agent::parse_daemon_options(argc, argv);
  if (!options) return options.error();
  const auto& config = options->config.groups.front().config;
  const auto credentials = agent::Credentials::load(config.authentication, config.key_servers);
  if (!credentials) {
    std::cerr << credentials.error().what << '\n';
    return 2;
  }
  auto member = member_config(config, *credentials);
  member.local_address = local_address(config.key_servers.front());
  gdoi::SystemRandom random;
  Client{{std::move(member), random}}.run();
}
