// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/policy/selector.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace selector_test {

using namespace gdoi;
using support::octets;

namespace {

Address address(const char* text) {
  const Bytes bytes = octets(text);
  Address out;
  out.family = bytes.size() == 4 ? Address::Family::ipv4 : Address::Family::ipv6;
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

TrafficEnd end(const char* first, const char* last, std::uint16_t port = 0) {
  return {AddressRange{address(first), address(last)}, port};
}

const TrafficEnd any4{AddressRange::any(Address::Family::ipv4), 0};
const TrafficEnd any6{AddressRange::any(Address::Family::ipv6), 0};

}  // namespace

TEST_CASE("entries read as the lines of an access list") {
  CHECK(describe(TrafficSelector{0, any4, any4}) == "ip any any");
  CHECK(describe(TrafficSelector{0, end("0a000001", "0a000001"), any4}) == "ip host 10.0.0.1 any");
  CHECK(describe(TrafficSelector{0, end("0a010000", "0a0100ff"), end("0a030000", "0a0300ff")}) ==
        "ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255");
  CHECK(describe(TrafficSelector{17, TrafficEnd{any4.addresses, 848},
                                 TrafficEnd{any4.addresses, 848}}) == "udp any eq 848 any eq 848");
  CHECK(describe(TrafficSelector{6, TrafficEnd{any4.addresses, 179}, any4}) ==
        "tcp any eq 179 any");
  CHECK(describe(TrafficSelector{6, any4, end("0a000000", "0affffff", 22)}) ==
        "tcp any 10.0.0.0 0.255.255.255 eq 22");
}

TEST_CASE("subnets have wildcards down to one bit") {
  CHECK(describe(TrafficSelector{0, end("0a000000", "0a000001"), any4}) ==
        "ip 10.0.0.0 0.0.0.1 any");
  CHECK(describe(TrafficSelector{0, end("80000000", "ffffffff"), any4}) ==
        "ip 128.0.0.0 127.255.255.255 any");
}

TEST_CASE("ranges that are no subnet are written as they are") {
  CHECK(describe(TrafficSelector{0, end("0a000001", "0a000002"), any4}) ==
        "ip 10.0.0.1-10.0.0.2 any");
  CHECK(describe(TrafficSelector{0, end("0a000000", "0a0000fe"), any4}) ==
        "ip 10.0.0.0-10.0.0.254 any");
  CHECK(describe(TrafficSelector{0, end("0a000003", "0a000004"), any4}) ==
        "ip 10.0.0.3-10.0.0.4 any");
}

TEST_CASE("protocols have Cisco's names, others their number") {
  const std::initializer_list<std::pair<std::uint8_t, const char*>> names{
      {1, "icmp"}, {2, "igmp"},  {6, "tcp"},    {17, "udp"},  {47, "gre"},
      {50, "esp"}, {51, "ahp"},  {88, "eigrp"}, {89, "ospf"}, {103, "pim"},
      {58, "58"},  {132, "132"}, {255, "255"}};
  for (const auto& [number, name] : names)
    CHECK(describe(TrafficSelector{number, any4, any4}) == std::string{name} + " any any");
}

TEST_CASE("ICMP has no ports") {
  CHECK(describe(TrafficSelector{1, TrafficEnd{any4.addresses, 8}, any4}) == "icmp any any");
  CHECK(describe(TrafficSelector{58, TrafficEnd{any6.addresses, 128}, any6}) == "icmp any any");
}

TEST_CASE("IPv6 is written in prefixes") {
  CHECK(describe(TrafficSelector{
            0, end("20010db8000000000000000000000000", "20010db8ffffffffffffffffffffffff"),
            any6}) == "ipv6 2001:db8::/32 any");
  CHECK(describe(TrafficSelector{
            17, end("20010db8000000000000000000000001", "20010db8000000000000000000000001", 848),
            any6}) == "udp host 2001:db8::1 eq 848 any");
  CHECK(describe(TrafficSelector{
            0, end("20010db8000000000000000000000001", "20010db8000000000000000000000003"),
            any6}) == "ipv6 2001:db8::1-2001:db8::3 any");
}

TEST_CASE("IPv6 addresses are shortened as RFC 5952 has it") {
  const std::initializer_list<std::pair<const char*, const char*>> addresses{
      {"00000000000000000000000000000000", "::"},
      {"00000000000000000000000000000001", "::1"},
      {"fe800000000000000000000000000000", "fe80::"},
      {"20010db8000000000001000000000001",
       "2001:db8::1:0:0:1"},  // section 4.2.3: the first of equals
      {"20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"},  // section 4.2.2: not one group
      {"20010000000100000000000000000001", "2001:0:1::1"},
      {"0001000200030004000500060007abcd", "1:2:3:4:5:6:7:abcd"},
      {"00000000000000000000000100020003", "::1:2:3"},
      {"00010002000300040005000600000000", "1:2:3:4:5:6::"}};
  for (const auto& [octets_of, text] : addresses) CHECK(describe(address(octets_of)) == text);
}

TEST_CASE("groups are named by number or address") {
  CHECK(describe(GroupId{GroupNumber{100}}) == "100");
  CHECK(describe(GroupId{GroupNumber{0xffffffff}}) == "4294967295");
  CHECK(describe(GroupId{address("e1010101")}) == "225.1.1.1");
}

TEST_CASE("any is all of one family") {
  CHECK(any4.addresses.is_any());
  CHECK(any6.addresses.is_any());
  CHECK(any4.addresses != any6.addresses);
  CHECK_FALSE(end("00000000", "fffffffe").addresses.is_any());
  CHECK_FALSE(end("00000001", "ffffffff").addresses.is_any());
}

}  // namespace selector_test
