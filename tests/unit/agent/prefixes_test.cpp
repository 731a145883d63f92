// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/prefixes.h"

#include <random>

#include "agent/base/address.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace prefixes_test {

using namespace agent;
using support::ip;
using support::range;

namespace {

std::string text(const std::vector<xfrm::Prefix>& prefixes) {
  std::string out;
  for (const auto& prefix : prefixes)
    out += (out.empty() ? "" : " ") + to_string(to_gdoi(prefix.address)) + "/" +
           std::to_string(prefix.length);
  return out;
}

std::string cover_text(std::string_view first, std::string_view last) {
  return text(cover(range(first, last)));
}

std::uint32_t number(const std::array<std::byte, 16>& bytes) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return out;
}

gdoi::Address address(std::uint32_t value) {
  gdoi::Address out;
  for (std::size_t i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::byte>(value >> (24 - 8 * i));
  return out;
}

}  // namespace

TEST_CASE("a range that is a prefix is covered by one") {
  CHECK(cover_text("10.1.0.0", "10.1.0.255") == "10.1.0.0/24");
  CHECK(cover_text("10.1.0.7", "10.1.0.7") == "10.1.0.7/32");
  CHECK(cover_text("0.0.0.0", "255.255.255.255") == "0.0.0.0/0");
  CHECK(cover_text("128.0.0.0", "255.255.255.255") == "128.0.0.0/1");
  CHECK(cover_text("255.255.255.255", "255.255.255.255") == "255.255.255.255/32");
}

TEST_CASE("another range is covered by the fewest prefixes") {
  CHECK(cover_text("10.0.0.1", "10.0.0.6") == "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32");
  CHECK(cover_text("10.0.0.0", "10.0.1.0") == "10.0.0.0/24 10.0.1.0/32");
  CHECK(cover_text("0.0.0.0", "255.255.255.254") ==
        "0.0.0.0/1 128.0.0.0/2 192.0.0.0/3 224.0.0.0/4 240.0.0.0/5 248.0.0.0/6 252.0.0.0/7 "
        "254.0.0.0/8 255.0.0.0/9 255.128.0.0/10 255.192.0.0/11 255.224.0.0/12 255.240.0.0/13 "
        "255.248.0.0/14 255.252.0.0/15 255.254.0.0/16 255.255.0.0/17 255.255.128.0/18 "
        "255.255.192.0/19 255.255.224.0/20 255.255.240.0/21 255.255.248.0/22 255.255.252.0/23 "
        "255.255.254.0/24 255.255.255.0/25 255.255.255.128/26 255.255.255.192/27 "
        "255.255.255.224/28 255.255.255.240/29 255.255.255.248/30 255.255.255.252/31 "
        "255.255.255.254/32");
  CHECK(cover(range("0.0.0.1", "255.255.255.254")).size() == 62);
}

TEST_CASE("IPv6 ranges are covered alike") {
  const auto cover6 = [](const char* first, const char* last) {
    return text(cover({*parse_ipv6(first), *parse_ipv6(last)}));
  };
  CHECK(cover6("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "::/0");
  CHECK(cover6("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff") == "2001:db8::/32");
  CHECK(cover6("::1", "::6") == "::1/128 ::2/127 ::4/127 ::6/128");
  CHECK(cover6("2001:db8::ff:ffff", "2001:db8::100:0") ==
        "2001:db8::ff:ffff/128 2001:db8::100:0/128");
  const auto all = cover6("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
  CHECK(std::count(all.begin(), all.end(), '/') == 254);
}

TEST_CASE("any range is covered exactly, without a gap or an overlap") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  for (int i = 0; i < 2000; ++i) {
    // Small numbers too, else all ranges would be huge.
    auto first = static_cast<std::uint32_t>(random()) >> (random() % 32);
    auto last = static_cast<std::uint32_t>(random()) >> (random() % 32);
    if (last < first) std::swap(first, last);
    std::uint64_t next = first;
    for (const auto& prefix : cover({address(first), address(last)})) {
      const std::uint64_t size = std::uint64_t{1} << (32 - prefix.length);
      REQUIRE(number(prefix.address.bytes) == next);
      REQUIRE(next % size == 0);
      next += size;
    }
    REQUIRE(next == std::uint64_t{last} + 1);
  }
}

TEST_CASE("ports are covered by the fewest blocks, exactly") {
  const auto covered = [](std::uint16_t first, std::uint16_t last) {
    return cover_ports({{}, first, last});
  };
  CHECK(covered(0, 0) == std::vector<PortBlock>{{0, 0xffff}});
  CHECK(covered(22, 0) == std::vector<PortBlock>{{22, 0xffff}});
  CHECK(covered(5000, 5003) == std::vector<PortBlock>{{5000, 0xfffc}});
  CHECK(covered(1, 4) == std::vector<PortBlock>{{1, 0xffff}, {2, 0xfffe}, {4, 0xffff}});
  CHECK(covered(1, 65535).size() == 16);
  CHECK(covered(1, 65534).size() == 30);
  CHECK(covered(32768, 65535) == std::vector<PortBlock>{{32768, 0x8000}});

  std::mt19937 random{7};
  std::uniform_int_distribution<std::uint16_t> any_port{1, 65535};
  for (int round = 0; round < 200; ++round) {
    auto first = any_port(random), last = any_port(random);
    if (first > last) std::swap(first, last);
    if (first == last) continue;
    const auto blocks = covered(first, last);
    for (unsigned port = 1; port < 65536; port += 1 + port % 7) {
      const auto hits = std::count_if(blocks.begin(), blocks.end(), [port](const PortBlock& block) {
        return (port & block.mask) == block.port;
      });
      REQUIRE(hits == (port >= first && port <= last ? 1 : 0));
    }
  }
}

}  // namespace prefixes_test
