// SPDX-License-Identifier: GPL-2.0-or-later
// The layers of the second lock decide as the first matching line of the list does.
#include "xfrm/nft/lock_plan.h"

#include <netinet/in.h>

#include <algorithm>
#include <optional>
#include <random>

#include "tests/support/catch.h"

namespace lock_plan_test {

namespace {

using xfrm::Entry;
using xfrm::Family;
using xfrm::LockLayer;
using xfrm::LockShape;
using xfrm::Selector;
using Octets = std::vector<std::byte>;

struct Packet {
  std::uint32_t source = 0, destination = 0;
  std::uint8_t protocol = 0;
  std::uint16_t source_port = 0, destination_port = 0;  // of ICMP: type and code
};

bool has_ports(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP;
}

std::uint32_t number_of(const xfrm::Address& address) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i)
    out = out << 8 | std::to_integer<std::uint32_t>(address.bytes[i]);
  return out;
}

std::uint32_t mask_of(std::size_t length) { return length == 0 ? 0 : ~0U << (32 - length); }

// The kernel's way to match a selector.
bool matches(const Selector& s, const Packet& p) {
  const auto within = [](const xfrm::Prefix& prefix, std::uint32_t address) {
    return ((number_of(prefix.address) ^ address) & mask_of(prefix.length)) == 0;
  };
  const auto port = [&](std::uint16_t wanted, std::uint16_t mask, std::uint16_t found) {
    return wanted == 0 || (has_ports(p.protocol) && ((wanted ^ found) & mask) == 0);
  };
  return within(s.source, p.source) && within(s.destination, p.destination) &&
         (s.protocol == 0 || s.protocol == p.protocol) &&
         port(s.source_port, s.source_port_mask, p.source_port) &&
         port(s.destination_port, s.destination_port_mask, p.destination_port);
}

xfrm::Address address_of(std::uint32_t number) {
  xfrm::Address out;
  for (std::size_t i = 0; i < 4; ++i)
    out.bytes[i] = static_cast<std::byte>(number >> (24 - 8 * i) & 0xff);
  return out;
}

xfrm::Packet asked(const Packet& p) {
  return {address_of(p.source), address_of(p.destination), p.protocol, p.source_port,
          p.destination_port};
}

bool first_match_is_clear(const std::vector<Entry>& list, const Packet& p) {
  for (const Entry& entry : list)
    if (matches(entry.selector, p)) return xfrm::may_be_clear(entry);
  return true;
}

void put(Octets& out, std::uint32_t value, std::size_t octets) {
  for (std::size_t i = octets; i-- > 0;) out.push_back(static_cast<std::byte>(value >> (8 * i)));
  while (out.size() % 4 != 0) out.push_back(std::byte{0});
}

// What a rule would load of a packet; nothing when the packet has no such header.
std::optional<Octets> loaded(const LockShape& shape, const Packet& p) {
  Octets out;
  if (shape.source != 0) put(out, p.source & mask_of(shape.source), 4);
  if (shape.destination != 0) put(out, p.destination & mask_of(shape.destination), 4);
  if (shape.protocol) put(out, p.protocol, 1);
  for (const auto& [mask, value] : {std::pair{shape.source_port_mask, p.source_port},
                                    std::pair{shape.destination_port_mask, p.destination_port}}) {
    if (mask == 0) continue;
    if (!has_ports(p.protocol)) return std::nullopt;
    put(out, static_cast<std::uint32_t>(value & mask), shape.icmp ? 1 : 2);
  }
  return out;
}

bool layers_say_clear(const std::vector<LockLayer>& layers, const Packet& p) {
  for (const LockLayer& layer : layers)
    for (const auto& [shape, keys] : layer.tests) {
      const auto key = loaded(shape, p);
      if (key && std::binary_search(keys.begin(), keys.end(), *key)) return layer.in_clear;
    }
  return true;
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_{seed} {}
  std::uint32_t below(std::uint32_t end) {
    return std::uniform_int_distribution<std::uint32_t>{0, end - 1}(engine_);
  }
  std::uint32_t address() { return 0x0a000000U | below(4) << 16 | below(3) << 8 | below(4) << 6; }
  std::uint8_t protocol() {
    constexpr std::array<std::uint8_t, 5> all{0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP,
                                              IPPROTO_GRE};
    return all[below(all.size())];
  }
  xfrm::Prefix prefix() {
    constexpr std::array<std::uint8_t, 7> lengths{0, 8, 14, 16, 24, 26, 32};
    const auto length = lengths[below(lengths.size())];
    const std::uint32_t value = address() & mask_of(length);
    xfrm::Prefix out{{}, length};
    for (std::size_t i = 0; i < 4; ++i)
      out.address.bytes[i] = static_cast<std::byte>(value >> (24 - 8 * i));
    return out;
  }
  Entry entry() {
    Entry out;
    constexpr std::array actions{Entry::Action::protect, Entry::Action::bypass,
                                 Entry::Action::discard, Entry::Action::protect_inbound_optional};
    out.action = actions[below(4)];
    out.selector = {prefix(), prefix(), protocol()};
    const bool icmp = out.selector.protocol == IPPROTO_ICMP;
    if (out.selector.protocol == IPPROTO_GRE || below(2) == 0) return out;
    out.selector.source_port = static_cast<std::uint16_t>(icmp ? 8 : 8 * below(3));
    if (!icmp) out.selector.destination_port = static_cast<std::uint16_t>(512 * below(3));
    if (out.selector.destination_port != 0 && below(2) == 0)
      out.selector.destination_port_mask = 0xff00;
    return out;
  }
  Packet packet() {
    Packet out{address(), address(), protocol(), 0, 0};
    if (out.protocol == 0) out.protocol = IPPROTO_UDP;
    if (!has_ports(out.protocol)) return out;
    const bool icmp = out.protocol == IPPROTO_ICMP;
    out.source_port = static_cast<std::uint16_t>(8 * below(icmp ? 2 : 3));
    out.destination_port = static_cast<std::uint16_t>(icmp ? 0 : 512 * below(3) + below(2));
    return out;
  }

 private:
  std::mt19937 engine_;
};

TEST_CASE("layers decide as the first matching line does") {
  Random random{GENERATE(range(1U, 60U))};
  std::vector<Entry> list;
  for (auto lines = 1 + random.below(40); lines > 0; --lines) list.push_back(random.entry());
  const auto layers = xfrm::lock_layers(list);
  for (int i = 0; i < 300; ++i) {
    const Packet p = random.packet();
    CAPTURE(p.source, p.destination, p.protocol, p.source_port, p.destination_port);
    REQUIRE(layers_say_clear(layers, p) == first_match_is_clear(list, p));
    // The product's own look-ups, of which explain tells.
    REQUIRE(xfrm::lets_pass(layers, asked(p)) == first_match_is_clear(list, p));
    for (const Entry& entry : list)
      REQUIRE(xfrm::matches(entry.selector, asked(p)) == matches(entry.selector, p));
  }
}

TEST_CASE("lines of one shape cost one test, whatever their number") {
  std::vector<Entry> list;
  for (unsigned i = 0; i < 1000; ++i) {
    Entry entry;
    entry.action = i % 2 == 0 ? Entry::Action::protect : Entry::Action::bypass;
    const auto octet = [&](unsigned value) { return static_cast<std::byte>(value); };
    entry.selector.source = {{Family::ipv4, {octet(10), octet(i / 200), octet(i % 200)}}, 24};
    list.push_back(entry);
  }
  const auto layers = xfrm::lock_layers(list);
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].tests.size() == 1);
  CHECK(layers[0].tests[0].keys.size() == 500);
  CHECK(layers[1].tests.size() == 1);
}

TEST_CASE("a line of another decision that may match the same packets begins a layer") {
  Entry wide, narrow;
  narrow.action = Entry::Action::bypass;
  narrow.selector.destination = {{Family::ipv4, {std::byte{10}}}, 8};
  CHECK(xfrm::lock_layers(std::vector{narrow, wide}).size() == 2);
  CHECK(xfrm::lock_layers(std::vector{wide, narrow, wide}).size() == 3);
  CHECK(xfrm::lock_layers(std::vector<Entry>{}).empty());
}

TEST_CASE(
    "ESP is judged by addresses: by what a list protects at all, and lets pass whatever it is") {
  const auto line = [](Entry::Action action, unsigned net, std::uint8_t protocol = 0,
                       std::uint16_t port = 0) {
    Entry out;
    out.action = action;
    out.key_class = 3;
    out.selector.destination = {{Family::ipv4, {std::byte{10}, static_cast<std::byte>(net)}}, 16};
    out.selector.protocol = protocol;
    out.selector.destination_port = port;
    return out;
  };
  using Action = Entry::Action;
  const auto networks = xfrm::lock_networks(
      std::vector{line(Action::bypass, 1, IPPROTO_TCP, 179), line(Action::bypass, 2),
                  line(Action::bypass, 3, IPPROTO_ESP), line(Action::bypass, 4, 0, 53),
                  line(Action::protect, 4, IPPROTO_TCP, 80), line(Action::protect, 4, IPPROTO_UDP),
                  line(Action::protect_inbound_optional, 5), line(Action::discard, 6)});
  REQUIRE(networks.size() == 4);
  const auto is = [&](std::size_t at, Action action, unsigned net) {
    Entry wanted = line(action, net);
    wanted.key_class = 0;
    CHECK(networks[at] == wanted);
  };
  is(0, Action::bypass, 2);
  is(1, Action::bypass, 3);
  is(2, Action::protect, 4);
  is(3, Action::protect, 5);
}

}  // namespace

}  // namespace lock_plan_test
