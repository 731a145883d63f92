// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/policy_hash.h"

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace policy_hash_test {

namespace {

using test::Octets;
using xfrm::Family;
using xfrm::HashLengths;

constexpr std::uint16_t new_info = 0x24, get_info = 0x25, request_only = 1;
constexpr std::uint16_t attribute_counts = 1, attribute_ipv4 = 3, attribute_ipv6 = 4;

xfrm::Selector selector(unsigned number, std::uint8_t source_length,
                        std::uint8_t destination_length) {
  xfrm::Selector out;
  out.source = {test::ipv4(10, number & 255, number >> 8, 0), source_length};
  out.destination = {test::ipv4(10, 128, number & 255, 0), destination_length};
  return out;
}

std::vector<xfrm::Selector> networks(unsigned count) {
  std::vector<xfrm::Selector> out;
  for (unsigned n = 0; n < count; ++n) out.push_back(selector(n, 24, 24));
  return out;
}

const nlmsghdr& header(const Octets& message) {
  return *reinterpret_cast<const nlmsghdr*>(message.bytes().data());
}

TEST_CASE("networks of one length are hashed from that length on") {
  CHECK(xfrm::best_hash_length(networks(1000)) == 24);
}

TEST_CASE("a short list is left as the kernel has it") {
  CHECK_FALSE(xfrm::best_hash_length(networks(xfrm::least_hashed - 1)));
  CHECK(xfrm::best_hash_length(networks(xfrm::least_hashed)) == 24);
  CHECK_FALSE(xfrm::best_hash_length({}));
}

TEST_CASE("of several lengths the shortest counts that leaves few lines together") {
  auto list = networks(1000);
  for (unsigned n = 0; n < 200; ++n) list.push_back(selector(n, 20, 22));
  CHECK(xfrm::best_hash_length(list) == 20);
  // From 8 bits on all of them would lie in one place.
  for (unsigned n = 0; n < 100; ++n) list.push_back(selector(n, 24, 8));
  CHECK(xfrm::best_hash_length(list) == 20);
}

TEST_CASE("between single hosts the kernel hashes anyway") {
  std::vector<xfrm::Selector> list;
  for (unsigned n = 0; n < 1000; ++n) list.push_back(selector(n, 32, 32));
  CHECK_FALSE(xfrm::best_hash_length(list));
}

TEST_CASE("lines that differ in their ports lie together however they are hashed") {
  std::vector<xfrm::Selector> list(1000, selector(1, 24, 24));
  for (std::uint16_t n = 0; n < list.size(); ++n) {
    list[n].protocol = 6;
    list[n].destination_port = static_cast<std::uint16_t>(1000 + n);
  }
  CHECK_FALSE(xfrm::best_hash_length(list));
}

TEST_CASE("a list from everywhere is left alone") {
  std::vector<xfrm::Selector> list;
  for (unsigned n = 0; n < 1000; ++n) list.push_back(selector(n, 0, 24));
  CHECK_FALSE(xfrm::best_hash_length(list));
}

TEST_CASE("IPv6 networks are hashed likewise") {
  std::vector<xfrm::Selector> list;
  for (unsigned n = 0; n < 600; ++n) {
    xfrm::Selector one;
    one.source.address.family = one.destination.address.family = Family::ipv6;
    one.source.address.bytes[0] = one.destination.address.bytes[0] = std::byte{0x20};
    one.source.address.bytes[4] = static_cast<std::byte>(n & 255);
    one.source.address.bytes[5] = static_cast<std::byte>(n >> 8);
    one.source.length = 48;
    one.destination.length = 64;
    list.push_back(one);
  }
  CHECK(xfrm::best_hash_length(list) == 48);
  CHECK(xfrm::default_hash_lengths(Family::ipv6) == HashLengths{128, 128});
  CHECK(xfrm::default_hash_lengths(Family::ipv4) == HashLengths{32, 32});
}

TEST_CASE("lengths are asked for, read and set as the kernel has them") {
  xfrm::Request request;
  xfrm::ask_hash_lengths(request);
  CHECK(support::hex(request.bytes()) ==
        test::message(get_info, request_only, Octets{}.host32(0)).hex());

  xfrm::set_hash_lengths(request, Family::ipv6, {48, 64});
  CHECK(support::hex(request.bytes()) ==
        test::message(new_info, request_only,
                      Octets{}.host32(0).attribute(attribute_ipv6, Octets{}.host8(48).host8(64)))
            .hex());

  Octets body;
  body.host32(0).attribute(attribute_counts,
                           Octets{}.host32(1).host32(20).host32(300).host32(0).host32(0).host32(0));
  body.attribute(attribute_ipv4, Octets{}.host8(24).host8(16));
  body.attribute(attribute_ipv6, Octets{}.host8(128).host8(127));
  const auto answer = test::message(new_info, 0, body);
  CHECK(xfrm::read_hash_lengths(header(answer), Family::ipv4) == HashLengths{24, 16});
  CHECK(xfrm::read_hash_lengths(header(answer), Family::ipv6) == HashLengths{128, 127});
  CHECK(xfrm::read_policy_count(header(answer)) == 321);
  const auto cut = test::message(new_info, 0, Octets{}.host32(0));
  CHECK_FALSE(xfrm::read_hash_lengths(header(cut), Family::ipv4));
  CHECK_FALSE(xfrm::read_policy_count(header(cut)));
}

}  // namespace

}  // namespace policy_hash_test
