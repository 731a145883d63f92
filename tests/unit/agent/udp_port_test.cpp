// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/udp_port.h"

#include <poll.h>

#include <array>

#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/unit/agent/policies.h"

namespace udp_port_test {

using namespace agent;
using support::ip;
using support::octets;

namespace {

// wait_for waits until something has arrived; a test that waits in vain fails.
std::optional<Datagram> wait_for(UdpPort& port) {
  pollfd arrival{port.fd(), POLLIN, 0};
  REQUIRE(::poll(&arrival, 1, 5000) == 1);
  return port.receive();
}

UdpPort opened(std::uint16_t number, gdoi::Address::Family family = gdoi::Address::Family::ipv4) {
  auto port = UdpPort::open({number, family, {}});
  INFO((port ? "" : port.error().what));
  REQUIRE(port.has_value());
  return std::move(*port);
}

}  // namespace

TEST_CASE("the GDOI port sends from the address it is told to, and says who wrote to which") {
  auto here = opened(848);
  auto there = opened(8480);
  const auto sent = here.send(ip("127.0.0.7"), {ip("127.0.0.9"), 8480}, octets("00ff"));
  REQUIRE(sent.has_value());

  const auto got = wait_for(there);
  REQUIRE(got.has_value());
  CHECK(got->from == gdoi::Endpoint{ip("127.0.0.7"), 848});
  CHECK(got->to == gdoi::Endpoint{ip("127.0.0.9"), 8480});
  CHECK(support::hex(got->octets) == "00ff");
  CHECK_FALSE(there.receive().has_value());
}

TEST_CASE("what is sent is marked as network control, in both address families") {
  struct Case {
    gdoi::Address::Family family;
    gdoi::Address address;
    int level, asked, told;
  };
  const Case both[] = {
      {gdoi::Address::Family::ipv4, ip("127.0.0.1"), IPPROTO_IP, IP_RECVTOS, IP_TOS},
      {gdoi::Address::Family::ipv6, parse_ipv6("::1").value(), IPPROTO_IPV6, IPV6_RECVTCLASS,
       IPV6_TCLASS}};
  for (const auto& [family, address, level, asked, told] : both) {
    auto here = opened(848, family);
    auto there = opened(8480, family);
    const int on = 1;
    REQUIRE(::setsockopt(there.fd(), level, asked, &on, sizeof on) == 0);
    REQUIRE(here.send(address, {address, 8480}, octets("01")).has_value());
    pollfd readable{there.fd(), POLLIN, 0};
    REQUIRE(::poll(&readable, 1, 20'000) == 1);
    alignas(cmsghdr) std::array<std::byte, 256> control{};
    std::byte octet{};
    iovec part{&octet, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    REQUIRE(::recvmsg(there.fd(), &message, 0) == 1);
    int found = -1;
    for (auto* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head))
      // IPv4 tells one octet, IPv6 an int.
      if (head->cmsg_level == level && head->cmsg_type == told)
        found = level == IPPROTO_IP ? static_cast<int>(*CMSG_DATA(head))
                                    : *reinterpret_cast<const int*>(CMSG_DATA(head));
    CHECK(found == 0xc0);
  }
}

TEST_CASE("an empty datagram and the largest one arrive whole") {
  auto here = opened(848);
  auto there = opened(8480);
  for (const std::size_t size : {std::size_t{0}, std::size_t{65507}}) {
    const gdoi::Bytes datagram(size, std::byte{0x5a});
    REQUIRE(here.send(ip("127.0.0.1"), {ip("127.0.0.1"), 8480}, datagram).has_value());
    const auto got = wait_for(there);
    REQUIRE(got.has_value());
    CHECK(got->octets.size() == size);
  }
}

TEST_CASE("a second instance is told that there is one") {
  const auto first = opened(848);
  const auto second = UdpPort::open({});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().what ==
        "UDP port 848 is taken: another getvpn-gm or GDOI daemon runs in this network namespace");
}

TEST_CASE("a datagram that cannot be sent is an error with its destination") {
  const auto here = opened(848);
  const auto sent = here.send(ip("127.0.0.1"), {ip("192.0.2.1"), 848}, octets("00"));
  REQUIRE_FALSE(sent.has_value());
  CHECK_THAT(sent.error().what, Catch::StartsWith("send to 192.0.2.1/848: "));
}

TEST_CASE("GDOI passes where the list would drop it") {
  // The loopback interface is spared by the kernel's IPsec, unless told otherwise.
  REQUIRE(std::system("sysctl -qw net.ipv4.conf.lo.disable_xfrm=0 "
                      "net.ipv4.conf.lo.disable_policy=0") == 0);
  // A policy that blocks all UDP in both directions, as a list with all its TEKs expired does.
  for (const char* direction : {"in", "out"})
    REQUIRE(
        std::system((std::string{"ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 proto udp dir "} +
                     direction + " action block")
                        .c_str()) == 0);
  auto here = opened(848);
  auto there = opened(8480);
  REQUIRE(here.send(ip("127.0.0.1"), {ip("127.0.0.1"), 8480}, octets("01")).has_value());
  CHECK(wait_for(there).has_value());

  // The twin: a socket without the exemption is blocked.
  const Fd plain{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const auto peer = to_sockaddr({ip("127.0.0.1"), 8480});
  CHECK(::sendto(plain.get(), "x", 1, 0, peer.get(), peer.size) < 0);
  REQUIRE(std::system("ip xfrm policy flush") == 0);
}

}  // namespace udp_port_test
