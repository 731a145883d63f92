// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/id_triple.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace id_triple_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::octets;

namespace {

// end reads one triple with a one-octet length and says what addresses it means.
std::string end(const char* text) {
  const Bytes bytes = octets(text);
  Reader in{bytes};
  const auto id = read_id_triple(in, IdLength::one_octet);
  if (!id) return failure(id);
  const auto range = traffic_end(*id);
  if (!range) return failure(range);
  TrafficSelector selector;
  selector.protocol = 17;
  selector.source = *range;
  selector.destination = TrafficEnd{AddressRange::any(range->addresses.first.family), 0};
  return describe(selector);
}

}  // namespace

TEST_CASE("a triple is read with lengths of one octet and of two") {
  const Bytes one = octets("01 0350 04 0a00e02c ff"), two = octets("01 0350 0004 0a00e02c ff");
  for (const auto& [bytes, form] :
       {std::pair{&one, IdLength::one_octet}, std::pair{&two, IdLength::two_octets}}) {
    Reader in{*bytes};
    const auto id = read_id_triple(in, form);
    REQUIRE(id);
    CHECK(id->type == IdType::ipv4_addr);
    CHECK(id->port == 848);
    CHECK(hex(id->data) == "0a00e02c");
    CHECK(hex(in.rest()) == "ff");
  }
}

TEST_CASE("a triple read with the wrong length of its length is refused and not taken") {
  const Bytes two = octets("01 0350 0004 0a00e02c");
  Reader as_one{two};
  // The first reading sees no data and goes on; it is the whole payload that will not fit.
  CHECK(read_id_triple(as_one, IdLength::one_octet)->data.empty());

  const Bytes one = octets("01 0350 04 0a00e02c");
  Reader as_two{one};
  CHECK(failure(read_id_triple(as_two, IdLength::two_octets)) == "truncated: ID triple");
  CHECK(as_two.rest().size() == one.size());
}

TEST_CASE("a triple cut anywhere is refused") {
  const Bytes one = octets("01 0350 04 0a00e02c"), two = octets("01 0350 0004 0a00e02c");
  for (std::size_t size = 0; size < one.size(); ++size) {
    Reader in{View{one}.first(size)};
    CHECK(failure(read_id_triple(in, IdLength::one_octet)) == "truncated: ID triple");
  }
  for (std::size_t size = 0; size < two.size(); ++size) {
    Reader in{View{two}.first(size)};
    CHECK(failure(read_id_triple(in, IdLength::two_octets)) == "truncated: ID triple");
  }
}

TEST_CASE("hosts, subnets and ranges are ranges of addresses") {
  CHECK(end("01 0000 04 0a000001") == "udp host 10.0.0.1 any");
  CHECK(end("01 0350 04 0a000001") == "udp host 10.0.0.1 eq 848 any");
  CHECK(end("04 0000 08 0a010000 ffffff00") == "udp 10.1.0.0 0.0.0.255 any");
  CHECK(end("07 0000 08 0a010003 0a010007") == "udp 10.1.0.3-10.1.0.7 any");
  CHECK(end("05 0000 10 20010db8 00000000 00000000 00000001") == "udp host 2001:db8::1 any");
  CHECK(end("06 0000 20 20010db8 00000000 00000000 00000000 ffffffff 00000000 00000000 00000000") ==
        "udp 2001:db8::/32 any");
  CHECK(end("08 0000 20 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000003") ==
        "udp 2001:db8::1-2001:db8::3 any");
}

TEST_CASE("a range of all addresses, and a mask of 0, are any") {
  CHECK(end("04 0000 08 00000000 00000000") == "udp any any");
  CHECK(end("04 0000 08 0a010203 00000000") == "udp any any");
  CHECK(end("07 0000 08 00000000 ffffffff") == "udp any any");
}

TEST_CASE("no data, and three octets of zero, are any address of the type's family") {
  CHECK(end("01 0000 00") == "udp any any");
  CHECK(end("01 0350 03 000000") == "udp any eq 848 any");
  CHECK(end("00 0000 00") == "udp any any");
  const Bytes six = octets("05 0000 00");
  Reader in{six};
  CHECK(traffic_end(*read_id_triple(in, IdLength::one_octet))->addresses ==
        AddressRange::any(Address::Family::ipv6));
}

TEST_CASE("three octets that are not zero are not any") {
  CHECK(end("01 0000 03 000001") == "malformed: ID triple data length");
  CHECK(end("01 0000 03 010000") == "malformed: ID triple data length");
}

TEST_CASE("host bits in a subnet's address are not part of it") {
  CHECK(end("04 0000 08 0a0100ff ffffff00") == "udp 10.1.0.0 0.0.0.255 any");
}

TEST_CASE("a subnet of 32 bits is a host") {
  CHECK(end("04 0000 08 0a0100ff ffffffff") == "udp host 10.1.0.255 any");
}

TEST_CASE("addresses whose length is not their type's are refused") {
  CHECK(end("01 0000 05 0a00000101") == "malformed: ID triple data length");
  CHECK(end("04 0000 04 0a000001") == "malformed: ID triple data length");
  CHECK(end("05 0000 04 0a000001") == "malformed: ID triple data length");
  CHECK(end("07 0000 07 0a000001 0a0000") == "malformed: ID triple data length");
  const Bytes four = octets("0a000001");
  CHECK(failure(traffic_end({IdType::ipv4_addr_subnet, 0, four})) ==
        "malformed: ID triple data length");
}

TEST_CASE("a mask with holes is many ranges") {
  const auto ends = [](const char* text) {
    const Bytes bytes = octets(text);
    Reader in{bytes};
    const auto all = traffic_ends(*read_id_triple(in, IdLength::one_octet));
    REQUIRE(failure(all).empty());
    std::vector<std::string> out;
    for (const auto& [range, port, last] : *all)
      out.push_back(describe(range.first) + '-' + describe(range.last));
    return out;
  };
  using Texts = std::vector<std::string>;
  CHECK(ends("04 0000 08 0a000500 fffcfff0") == Texts{"10.0.5.0-10.0.5.15", "10.1.5.0-10.1.5.15",
                                                      "10.2.5.0-10.2.5.15", "10.3.5.0-10.3.5.15"});
  CHECK(ends("04 0000 08 0a0000ff fffffffd") ==
        Texts{"10.0.0.253-10.0.0.253", "10.0.0.255-10.0.0.255"});
  CHECK(ends("04 0000 08 0affff00 ff00ff00").size() == 256);
  CHECK(ends("04 0000 08 0a010000 ffffff00") == Texts{"10.1.0.0-10.1.0.255"});
  CHECK(ends("01 0000 04 0a010000") == Texts{"10.1.0.0-10.1.0.0"});
  CHECK(ends("04 0000 08 00000000 00000000") == Texts{"0.0.0.0-255.255.255.255"});
  CHECK(
      ends("06 0000 20 20010db8 00000000 00000000 00000000 fffffffd ffff0000 00000000 00000000") ==
      Texts{"2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff",
            "2001:dba::-2001:dba:0:ffff:ffff:ffff:ffff:ffff"});
}

TEST_CASE("more than eight bits in the holes of a mask are refused with their number") {
  const Bytes bytes = octets("0a000000 ff007f00");
  const auto refused = traffic_ends({IdType::ipv4_addr_subnet, 0, bytes});
  CHECK(failure(refused) == "unsupported: ID subnet mask with too many non-contiguous bits");
  CHECK(detail(refused) == 9);
}

TEST_CASE("where one range is wanted, masks with holes are refused") {
  CHECK(end("04 0000 08 0a000000 ff00ff00") == "unsupported: ID subnet mask is not contiguous");
  CHECK(end("04 0000 08 0a000000 00ffffff") == "unsupported: ID subnet mask is not contiguous");
  CHECK(end("04 0000 08 0a000000 ffffff01") == "unsupported: ID subnet mask is not contiguous");
  CHECK(end("04 0000 08 0a000000 fffe0001") == "unsupported: ID subnet mask is not contiguous");
}

TEST_CASE("a range that ends before it begins is refused") {
  CHECK(end("07 0000 08 0a000002 0a000001") == "malformed: ID range ends before it begins");
  CHECK(end("07 0000 08 0a000001 0a000001") == "udp host 10.0.0.1 any");
}

TEST_CASE("names are read but are no addresses") {
  CHECK(end("02 0000 02 6b73") == "unsupported: ID type that names no addresses");
  CHECK(end("0b 0000 04 00000064") == "unsupported: ID type that names no addresses");
  CHECK(end("63 0000 04 00000064") == "unsupported: ID type that names no addresses");
  const Bytes name = octets("6b73");
  CHECK(detail(traffic_end({IdType::fqdn, 0, name})) == 2);
}

}  // namespace id_triple_test
