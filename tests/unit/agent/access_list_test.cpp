// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/access_list.h"

#include "tests/support/catch.h"

namespace access_list_test {

using namespace agent;

namespace {

std::string read(std::string_view text) {
  const auto selectors = parse_selectors(text);
  if (!selectors) return "refused: " + selectors.error().what;
  std::string out;
  for (const auto& one : *selectors) out += (out.empty() ? "" : "; ") + gdoi::describe(one);
  return out;
}

std::vector<gdoi::AddressRange> prefixes(std::initializer_list<const char*> texts) {
  std::vector<gdoi::AddressRange> out;
  for (const auto* text : texts) out.push_back(parse_prefix(text).value());
  return out;
}

bool within(const char* prefix, std::initializer_list<const char*> scope) {
  return is_within(parse_prefix(prefix).value(), prefixes(scope));
}

}  // namespace

TEST_CASE("access list entries are read as Cisco writes them") {
  CHECK(read("ip any any") == "ip any any");
  CHECK(read("tcp any any eq 22") == "tcp any any eq 22");
  CHECK(read("  udp host 10.0.0.1 eq 848 \t 10.2.0.0 0.0.255.255 eq 848 ") ==
        "udp host 10.0.0.1 eq 848 10.2.0.0 0.0.255.255 eq 848");
  CHECK(read("ospf 10.1.0.0/24 any") == "ospf 10.1.0.0 0.0.0.255 any");
  CHECK(read("89 any 224.0.0.5/32") == "ospf any host 224.0.0.5");
  CHECK(read("ip 0.0.0.0 255.255.255.255 10.0.0.1") == "ip any host 10.0.0.1");
}

TEST_CASE("IPv6 is spoken of by its addresses or its protocols") {
  CHECK(read("ipv6 any any") == "ipv6 any any");
  CHECK(read("icmpv6 any any") == "icmp any any");
  CHECK(parse_selectors("icmpv6 any any").value().front().protocol == 58);
  CHECK(parse_selectors("icmp any 2001:db8::/32").value().front().protocol == 58);
  CHECK(read("tcp ::/0 ::/0 eq 179") == "tcp any any eq 179");
  CHECK(parse_selectors("tcp ::/0 any eq 179").value().front().destination.addresses ==
        gdoi::AddressRange::any(gdoi::Address::Family::ipv6));
  CHECK(parse_selectors("tcp any any eq 179").value().front().destination.addresses ==
        gdoi::AddressRange::any(gdoi::Address::Family::ipv4));
  CHECK(read("udp host 2001:db8::1 eq 5 2001:db8:3::/48") ==
        "udp host 2001:db8::1 eq 5 2001:db8:3::/48");
  CHECK(range_text(parse_prefix("2001:db8:8000::/33").value()) == "2001:db8:8000::/33");
  CHECK(range_text(parse_prefix("::/0").value()) == "::/0");
  CHECK(range_text(parse_prefix("::1").value()) == "::1/128");
}

TEST_CASE("what is no entry is refused with its reason") {
  CHECK(read("") == "refused: '' is no protocol");
  CHECK(read("tcp") == "refused: an address is missing");
  CHECK(read("tcp any") == "refused: an address is missing");
  CHECK(read("frob any any") == "refused: 'frob' is no protocol");
  CHECK(read("256 any any") == "refused: '256' is no protocol");
  CHECK(read("ip any any eq 22") == "refused: 'eq PORT' is for tcp and udp only");
  CHECK(read("tcp any any eq 0") == "refused: port: 0 is not in 1 to 65535");
  CHECK(read("tcp any any eq") == "refused: port: '' is not a number");
  CHECK(read("ip any any log") == "refused: 'log' is too much");
  CHECK(read("ip host any") == "refused: 'host' needs an address");
  CHECK(read("ip host 10.1.0.1 2001:db8::/32") == "refused: IPv4 and IPv6 are mixed");
  CHECK(read("ipv6 10.1.0.0/24 any") == "refused: IPv4 and IPv6 are mixed");
  CHECK(read("ipv6 2001:db8::1/64 any") ==
        "refused: 2001:db8::1 has host bits; the network is 2001:db8::");
  CHECK(read("ipv6 2001:db8::/129 any") == "refused: prefix length: 129 is not in 0 to 128");
  CHECK(read("ipv6 2001:db8:/32 any") == "refused: '2001:db8:/32' is not a prefix");
  CHECK(read("ip 10.1.0.1 0.0.0.255 any") ==
        "refused: 10.1.0.1 has host bits; the network is 10.1.0.0");
  CHECK(read("ip 10.1.0.0/33 any") == "refused: prefix length: 33 is not in 0 to 32");
  CHECK(read("ip 10.1.5.0 0.255.0.255 any") ==
        "refused: 10.1.5.0 has host bits; the network is 10.0.5.0");
  CHECK(read("ip 10.0.5.0 1.255.0.255 any") ==
        "refused: wildcard 1.255.0.255 has more than 8 ones before its last zero");
  CHECK(read("ip 10.0.5.0 0.63.0.255 10.0.5.0 0.31.0.255") ==
        "refused: its wildcards mean more than 1024 entries");
  CHECK(read("udp any any range 5") == "refused: port: '' is not a number");
  CHECK(read("udp any any range 5 4") == "refused: 'range 5' means no port");
  CHECK(read("udp any any gt 65535") == "refused: 'gt 65535' means no port");
  CHECK(read("udp any any lt 1") == "refused: 'lt 1' means no port");
  CHECK(read("icmp any any gt 3") == "refused: 'gt PORT' is for tcp and udp only");
  CHECK(read("udp any any range 5 70000") == "refused: port: 70000 is not in 1 to 65535");
}

TEST_CASE("a wildcard with zeros among its ones is one entry for each value") {
  CHECK(read("ip 10.0.5.0 0.2.0.255 any") ==
        "ip 10.0.5.0 0.0.0.255 any; ip 10.2.5.0 0.0.0.255 any");
  CHECK(read("ip 10.0.0.1 0.0.1.0 10.0.0.8 0.0.0.5") ==
        "ip host 10.0.0.1 10.0.0.8 0.0.0.1; ip host 10.0.0.1 10.0.0.12 0.0.0.1; "
        "ip host 10.0.1.1 10.0.0.8 0.0.0.1; ip host 10.0.1.1 10.0.0.12 0.0.0.1");
  CHECK(parse_selectors("ip 10.0.5.0 0.255.0.255 any").value().size() == 256);
}

TEST_CASE("ports are compared as Cisco does") {
  CHECK(read("udp any range 5000 5003 any") == "udp any range 5000 5003 any");
  CHECK(read("udp any any range 7 7") == "udp any any eq 7");
  CHECK(read("tcp any any gt 1023") == "tcp any any range 1024 65535");
  CHECK(read("tcp any any lt 1024") == "tcp any any range 1 1023");
  CHECK(read("tcp any lt 2 any gt 65534") == "tcp any eq 1 any eq 65535");
  CHECK(read("tcp any any neq 22") == "tcp any any range 1 21; tcp any any range 23 65535");
  CHECK(read("tcp any any neq 1") == "tcp any any range 2 65535");
}

TEST_CASE("mirroring exchanges the ends") {
  const auto selector = parse_selectors("tcp host 10.0.0.1 eq 5 any eq 6").value().front();
  CHECK(gdoi::describe(mirrored(selector)) == "tcp any eq 6 host 10.0.0.1 eq 5");
  CHECK(mirrored(mirrored(selector)) == selector);
}

TEST_CASE("a range is within a scope when all of it is") {
  CHECK(within("10.1.0.0/16", {}));
  CHECK(within("10.1.0.0/16", {"10.0.0.0/8"}));
  CHECK(within("10.0.0.0/8", {"10.0.0.0/8"}));
  CHECK(within("10.0.0.0/8", {"10.128.0.0/9", "10.0.0.0/9"}));
  CHECK(within("255.255.255.255/32", {"255.0.0.0/8"}));
  CHECK(within("0.0.0.0/0", {"0.0.0.0/0"}));
  CHECK_FALSE(within("10.0.0.0/8", {"10.128.0.0/9", "10.0.0.0/10"}));
  CHECK_FALSE(within("0.0.0.0/0", {"10.0.0.0/8"}));
  CHECK_FALSE(within("11.0.0.0/32", {"10.0.0.0/8", "11.0.0.1/32"}));
  CHECK_FALSE(within("9.255.255.255/32", {"10.0.0.0/8"}));
  CHECK(within("2001:db8::/32", {"2001:db8:8000::/33", "10.0.0.0/8", "2001:db8::/33"}));
  CHECK(within("ffff::/16", {"::/0"}));
  CHECK_FALSE(within("2001:db8::/32", {"2001:db8:8000::/33", "2001:db8::/34"}));
  CHECK_FALSE(within("2001:db8::/32", {"0.0.0.0/0"}));
  CHECK_FALSE(within("10.0.0.0/8", {"::/0"}));
}

}  // namespace access_list_test
