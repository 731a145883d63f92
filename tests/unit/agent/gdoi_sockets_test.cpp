// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/gdoi_sockets.h"

#include <sys/epoll.h>

#include <fstream>

#include "agent/io/network.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/unit/agent/policies.h"

namespace gdoi_sockets_test {

using namespace agent;
using support::ip;
using support::octets;

namespace {

gdoi::Address ip6(std::string_view text) { return parse_ipv6(text).value(); }

// Site is one set of sockets with what it heard.
struct Site {
  struct Heard {
    gdoi::Endpoint from, to;
    std::string octets;
    friend bool operator==(const Heard&, const Heard&) = default;
  };

  explicit Site(std::string device = {}) : loop{std::move(EventLoop::create().value())} {
    auto opened = GdoiSockets::open(loop, std::move(device), [this](const Datagram& datagram) {
      heard.push_back({datagram.from, datagram.to, support::hex(datagram.octets)});
    });
    INFO((opened ? "" : opened.error().what));
    REQUIRE(opened.has_value());
    sockets = std::move(*opened);
  }

  // hear runs the loop until `count` datagrams have come.
  void hear(std::size_t count) {
    const auto patience = boot_time() + seconds{20};
    const auto ran = loop.run([&](Instant now) -> std::optional<Instant> {
      if (heard.size() >= count || now > patience) loop.stop();
      return now + milliseconds{50};
    });
    REQUIRE(ran.has_value());
    REQUIRE(heard.size() == count);
  }

  EventLoop loop;
  std::unique_ptr<GdoiSockets> sockets;
  std::vector<Heard> heard;
};

UdpPort stranger(std::uint16_t number, gdoi::Address::Family family) {
  auto port = UdpPort::open({number, family, {}});
  INFO((port ? "" : port.error().what));
  REQUIRE(port.has_value());
  return std::move(*port);
}

constexpr auto ipv4 = gdoi::Address::Family::ipv4, ipv6 = gdoi::Address::Family::ipv6;

// Groups in which `interface` takes part, as the kernel lists them.
bool takes_part(const std::string& file, const std::string& group) {
  std::ifstream in{file};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  return text.find(group) != std::string::npos;
}

}  // namespace

TEST_CASE("the GDOI sockets speak and hear both address families, from the address told") {
  Site site;
  const auto four = stranger(8480, ipv4);
  const auto six = stranger(8480, ipv6);
  REQUIRE(four.send(ip("127.0.0.9"), {ip("127.0.0.7"), 848}, octets("01")).has_value());
  REQUIRE(six.send(ip6("::1"), {ip6("::1"), 848}, octets("02")).has_value());
  site.hear(2);
  CHECK(std::count(site.heard.begin(), site.heard.end(),
                   Site::Heard{{ip("127.0.0.9"), 8480}, {ip("127.0.0.7"), 848}, "01"}) == 1);
  CHECK(std::count(site.heard.begin(), site.heard.end(),
                   Site::Heard{{ip6("::1"), 8480}, {ip6("::1"), 848}, "02"}) == 1);

  // And back: they hear themselves through 127.0.0.7 and ::1.
  REQUIRE(site.sockets->send({ip("127.0.0.3"), 848}, {ip("127.0.0.7"), 848}, octets("03")));
  REQUIRE(site.sockets->send({ip6("::1"), 848}, {ip6("::1"), 848}, octets("04")));
  site.hear(4);
  CHECK(std::count(site.heard.begin(), site.heard.end(),
                   Site::Heard{{ip("127.0.0.3"), 848}, {ip("127.0.0.7"), 848}, "03"}) == 1);
}

TEST_CASE("a datagram larger than the path goes in fragments, in both address families") {
  REQUIRE(std::system("ip link set lo mtu 1500") == 0);
  Site site;
  const gdoi::Bytes large(60000, std::byte{0x5a});
  REQUIRE(site.sockets->send({ip("127.0.0.1"), 848}, {ip("127.0.0.1"), 848}, large).has_value());
  REQUIRE(site.sockets->send({ip6("::1"), 848}, {ip6("::1"), 848}, large).has_value());
  site.hear(2);
  for (const auto& heard : site.heard) CHECK(heard.octets.size() == 2 * large.size());
  REQUIRE(std::system("ip link set lo mtu 65536") == 0);
}

TEST_CASE("multicast groups of several listeners are joined once and left with the last one") {
  REQUIRE(std::system("ip link add wan0 type veth peer name far0 && ip link set far0 up && "
                      "ip link set wan0 up") == 0);
  const std::string igmp = "/proc/net/igmp", mld = "/proc/net/igmp6";
  const std::string four = "0101C0EF", six = "ff050000000000000000000000000848";  // as listed there
  const std::vector<std::string> wan{"wan0"};
  const std::vector<gdoi::Endpoint> one{{ip("239.192.1.1"), 848}, {ip6("ff05::848"), 5000}};
  const std::vector<gdoi::Endpoint> other{{ip("239.192.1.1"), 848}};
  const int first = 0, second = 0;
  {
    Site site;
    CHECK(site.sockets->listen(&first, one, wan).empty());
    CHECK(site.sockets->listen(&second, other, wan).empty());
    CHECK(takes_part(igmp, four));
    CHECK(takes_part(mld, six));

    CHECK(site.sockets->listen(&first, {}, wan).empty());
    CHECK(takes_part(igmp, four));
    CHECK_FALSE(takes_part(mld, six));
    // The port that only the multicast group needed is closed.
    CHECK(UdpPort::open({5000, ipv6, {}}).has_value());

    CHECK(site.sockets->listen(&second, {}, wan).empty());
    CHECK_FALSE(takes_part(igmp, four));

    const auto errors = site.sockets->listen(&first, one, std::vector<std::string>{"nowhere"});
    REQUIRE(errors.size() == 2);
    CHECK_THAT(errors[0].what, Catch::StartsWith("join multicast group 239.192.1.1 on nowhere: "));
    CHECK_THAT(errors[1].what, Catch::StartsWith("join multicast group ff05::848 on nowhere: "));
  }
  REQUIRE(std::system("ip link del wan0") == 0);
}

TEST_CASE("sockets bound to a device hear nothing from others") {
  REQUIRE(std::system("ip link add vrf9 type veth peer name far9 && ip link set far9 up && "
                      "ip link set vrf9 up") == 0);
  Site site{"vrf9"};
  const auto four = stranger(8480, ipv4);
  REQUIRE(four.send(ip("127.0.0.9"), {ip("127.0.0.7"), 848}, octets("01")).has_value());
  const auto ran = site.loop.run([&, until = boot_time() + milliseconds{300}](Instant now) {
    if (now > until) site.loop.stop();
    return std::optional{now + milliseconds{50}};
  });
  REQUIRE(ran.has_value());
  CHECK(site.heard.empty());
  REQUIRE(std::system("ip link del vrf9") == 0);

  EventLoop loop{std::move(EventLoop::create().value())};
  const auto missing = GdoiSockets::open(loop, "vrf9", [](const Datagram&) {});
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().what == "UDP port 848 on vrf9: SO_BINDTODEVICE: No such device");
}

TEST_CASE("a port that is needed and taken by another program is an error that says so") {
  const auto other = stranger(4500, ipv4);
  Site site;
  const auto sent =
      site.sockets->send({ip("127.0.0.1"), 4500}, {ip("127.0.0.1"), 4500}, octets("00"));
  REQUIRE_FALSE(sent.has_value());
  CHECK(sent.error().what == "UDP port 4500 is taken by another program");
}

TEST_CASE("the port of NAT traversal is nobody else's from the start, until it is given up") {
  const auto taken = [](gdoi::Address::Family family) {
    const auto other = UdpPort::open({4500, family, {}});
    return !other && other.error().what.find("is taken by another program") != std::string::npos;
  };
  Site site;
  CHECK_FALSE(taken(ipv4));
  REQUIRE(site.sockets->hold_nat_traversal(true).has_value());
  CHECK(taken(ipv4));
  CHECK(taken(ipv6));
  REQUIRE(site.sockets->hold_nat_traversal(true).has_value());
  // It hears what comes with the marker of RFC 3948, and says so with one.
  REQUIRE(site.sockets->send({ip("127.0.0.1"), 4500}, {ip("127.0.0.1"), 4500}, octets("07")));
  site.hear(1);
  CHECK(site.heard[0].octets == "07");
  REQUIRE(site.sockets->hold_nat_traversal(false).has_value());
  CHECK_FALSE(taken(ipv4));
  CHECK_FALSE(taken(ipv6));
}

TEST_CASE("a port of NAT traversal that is taken is told of in the log, and asked for again") {
  auto loop = std::move(EventLoop::create().value());
  std::vector<std::string> lines;
  const Log log{Level::warning, [&](Level, std::string_view line) { lines.emplace_back(line); }};
  Network network{loop, log, [](const std::string&, const Datagram&) {}};
  REQUIRE(network.use("").has_value());
  {
    const auto other = stranger(4500, ipv6);
    network.hold_nat_traversal({""});
    CHECK(lines == std::vector<std::string>{
                       "UDP port 4500 (IPv6) is taken by another program: where a NAT is on the "
                       "way to a key server, no registration will succeed. Stop that program, or "
                       "set nat-t = no where there is no NAT"});
    CHECK_FALSE(UdpPort::open({4500, ipv4, {}}).has_value());  // that one was free
  }
  network.hold_nat_traversal({""});
  CHECK(lines.size() == 1);
  CHECK_FALSE(UdpPort::open({4500, ipv6, {}}).has_value());
  network.hold_nat_traversal({"elsewhere"});
  CHECK(UdpPort::open({4500, ipv4, {}}).has_value());
}

TEST_CASE("the ports of two domains stand beside each other, but nobody else's beside them") {
  auto loop = std::move(EventLoop::create().value());
  const Log log{Level::error, [](Level, std::string_view) {}};
  std::vector<std::string> heard;
  Network network{loop, log, [&](const std::string& vrf, const Datagram&) {
                    heard.push_back(vrf);
                    loop.stop();
                  }};
  REQUIRE(network.use("").has_value());
  // An interface will do for a VRF here: the more closely bound port hears what comes by it.
  REQUIRE(network.use("lo").has_value());
  REQUIRE(network.use("lo").has_value());
  REQUIRE(stranger(8480, ipv4).send(ip("127.0.0.9"), {ip("127.0.0.7"), 848}, octets("01")));
  const auto patience = boot_time() + seconds{20};
  REQUIRE(loop.run([&](Instant now) -> std::optional<Instant> {
    if (now > patience) loop.stop();
    return now + milliseconds{50};
  }));
  CHECK(heard == std::vector<std::string>{"lo"});
  for (const auto* device : {"", "lo"}) {
    const auto other = UdpPort::open({848, ipv4, device});
    REQUIRE_FALSE(other.has_value());
    CHECK_THAT(other.error().what, Catch::Contains("is taken"));
  }
  CHECK_FALSE(network.use("no-such-vrf").has_value());
}

}  // namespace gdoi_sockets_test
