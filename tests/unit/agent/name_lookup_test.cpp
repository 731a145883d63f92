// SPDX-License-Identifier: GPL-2.0-or-later
// Look-ups against a small DNS server on the loopback (RFC 1035).
#include "agent/io/name_lookup.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <map>

#include "agent/base/address.h"
#include "tests/support/catch.h"

namespace name_lookup_test {

using namespace agent;

namespace {

constexpr unsigned type_a = 1, type_aaaa = 28;

// Server answers questions by a table; a name that is not in it does not exist.
struct Server {
  EventLoop loop = EventLoop::create().value();
  Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::map<std::string, std::vector<std::string>> addresses;
  bool silent = false;
  unsigned asked = 0;

  Server() {
    auto any = to_sockaddr({*parse_ipv4("127.0.0.1"), 0});
    REQUIRE(::bind(socket.get(), any.get(), any.size) == 0);
    REQUIRE(loop.watch(socket.get(), EPOLLIN, [this](std::uint32_t) { serve(); }).has_value());
  }
  [[nodiscard]] std::string at() const {
    SocketAddress ours;
    REQUIRE(::getsockname(socket.get(), ours.get(), &ours.size) == 0);
    return "127.0.0.1:" + std::to_string(to_endpoint(ours).port);
  }
  void serve() {
    std::array<std::uint8_t, 512> question{};
    SocketAddress from;
    const auto size =
        ::recvfrom(socket.get(), question.data(), question.size(), 0, from.get(), &from.size);
    asked += 1;
    if (size < 17 || silent) return;
    std::string name;
    std::size_t at = 12;
    while (question[at] != 0) {
      const std::size_t length = question[at];
      if (!name.empty()) name += '.';
      name.append(reinterpret_cast<const char*>(&question[at + 1]), length);
      at += length + 1;
    }
    const unsigned type = question[at + 1] * 256u + question[at + 2];
    at += 5;
    std::vector<std::uint8_t> answer(question.begin(),
                                     question.begin() + static_cast<std::ptrdiff_t>(at));
    answer[2] = 0x85;
    const auto known = addresses.find(name);
    answer[3] = known != addresses.end() ? 0x80 : 0x83;
    std::fill(answer.begin() + 6, answer.begin() + 12, std::uint8_t{0});
    const auto none = std::vector<std::string>{};
    for (const auto& text : known != addresses.end() ? known->second : none) {
      auto address = parse_ipv4(text);
      if (!address) address = parse_ipv6(text);
      const bool ipv4 = address->family == gdoi::Address::Family::ipv4;
      if ((ipv4 ? type_a : type_aaaa) != type) continue;
      answer[7] = static_cast<std::uint8_t>(answer[7] + 1);
      const auto octets = static_cast<std::uint8_t>(address->size());
      const std::array<std::uint8_t, 12> head{
          0xc0, 12, 0, static_cast<std::uint8_t>(type), 0, 1, 0, 0, 0, 60, 0, octets};
      answer.insert(answer.end(), head.begin(), head.end());
      for (std::size_t i = 0; i < octets; ++i)
        answer.push_back(std::to_integer<std::uint8_t>(address->bytes[i]));
    }
    (void)::sendto(socket.get(), answer.data(), answer.size(), 0, from.get(), from.size);
  }

  [[nodiscard]] std::string find(const std::string& name, NameLookup::Options options = {}) {
    if (options.servers.empty()) options.servers = at();
    NameLookup lookup{loop, name, options, boot_time()};
    REQUIRE(loop.run([&](Instant now) {
                  lookup.wake(now);
                  if (lookup.found()) loop.stop();
                  return lookup.deadline();
                })
                .has_value());
    if (!*lookup.found()) return lookup.found()->error().what;
    std::string out;
    for (const auto& address : **lookup.found())
      out += (out.empty() ? "" : " ") + to_string(address);
    return out;
  }
};

}  // namespace

TEST_CASE("all addresses of a name are found, IPv4 first") {
  Server server;
  server.addresses["ks1.example.net"] = {"2001:db8::5", "10.0.0.6", "10.0.0.5"};
  CHECK(server.find("ks1.example.net") == "10.0.0.6 10.0.0.5 2001:db8::5");
  CHECK(server.asked == 2);
}

TEST_CASE("one family is enough") {
  Server server;
  server.addresses["ks4.example.net"] = {"10.0.0.6"};
  server.addresses["ks6.example.net"] = {"2001:db8::6"};
  CHECK(server.find("ks4.example.net") == "10.0.0.6");
  CHECK(server.find("ks6.example.net") == "2001:db8::6");
}

TEST_CASE("what can be no key server's address is left out") {
  Server server;
  server.addresses["ks1.example.net"] = {"127.0.0.1", "224.0.0.1", "10.0.0.5", "::1", "fe80::1"};
  CHECK(server.find("ks1.example.net") == "10.0.0.5");
  server.addresses["ks1.example.net"] = {"127.0.0.1"};
  CHECK(server.find("ks1.example.net") == "it has no address of another machine");
}

TEST_CASE("a name that does not exist, or has no address, is told so") {
  Server server;
  CHECK(server.find("none.example.net") == "Domain name not found");
  server.addresses["empty.example.net"] = {};
  CHECK_THAT(server.find("empty.example.net"), Catch::Contains("no data"));
}

TEST_CASE("a server that does not answer is waited for no longer than the limit") {
  Server server;
  server.silent = true;
  const auto begin = boot_time();
  CHECK(server.find("ks1.example.net", {{}, {}, milliseconds{300}}) ==
        "no answer from a DNS server");
  CHECK(boot_time() - begin < seconds{5});
}

TEST_CASE("a device that is not there is an error, not left out") {
  Server server;
  server.addresses["ks1.example.net"] = {"10.0.0.5"};
  CHECK_THAT(server.find("ks1.example.net", {"no-such-vrf", {}, milliseconds{3000}}),
             Catch::StartsWith("a socket in VRF no-such-vrf: "));
  CHECK(server.asked == 0);
}

TEST_CASE("questions go through the device that is named") {
  Server server;
  server.addresses["ks1.example.net"] = {"10.0.0.5"};
  CHECK(server.find("ks1.example.net", {"lo", {}, milliseconds{3000}}) == "10.0.0.5");
}

TEST_CASE("a look-up that is given up leaves nothing behind") {
  Server server;
  server.silent = true;
  {
    const NameLookup lookup{server.loop, "ks1.example.net", {{}, server.at()}, boot_time()};
    CHECK_FALSE(lookup.found().has_value());
    CHECK(lookup.deadline().has_value());
  }
  server.silent = false;
  server.addresses["ks1.example.net"] = {"10.0.0.5"};
  CHECK(server.find("ks1.example.net") == "10.0.0.5");
}

}  // namespace name_lookup_test
