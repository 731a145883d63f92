// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/checks.h"

#include <cerrno>

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"
#include "xfrm/ipsec/sa_codec.h"

namespace checks_test {

namespace {

const std::vector<std::byte> key(32, std::byte{0x22});

xfrm::InstallerConfig config() {
  xfrm::InstallerConfig c;
  c.name = "getvpn-100";
  c.reqid = 7000;
  c.anchors.in = test::ipv4(240, 0, 0, 1);
  c.anchors.out = test::ipv4(240, 0, 0, 2);
  c.mark = 0x10000000;
  c.interfaces = {"wan0"};
  return c;
}

xfrm::SaSpec sa(std::uint32_t spi) {
  xfrm::SaSpec s;
  s.spi = spi;
  s.cipher = "cbc(aes)";
  s.cipher_key = std::span{key}.first(16);
  s.integrity = "hmac(sha256)";
  s.integrity_key = key;
  s.icv_bits = 128;
  return s;
}

xfrm::Entry entry() {
  xfrm::Entry e;
  e.selector.source = {test::ipv4(10, 1, 0, 0), 24};
  e.selector.destination = {test::ipv4(10, 3, 0, 0), 24};
  return e;
}

xfrm::Result<void> checked(const xfrm::InstallerConfig& config) { return check(config); }

xfrm::Result<void> checked(const xfrm::Desired& desired) {
  auto list = xfrm::check_acl(desired.entries, xfrm::Family::ipv4);
  return list ? xfrm::check_keys(desired) : list;
}

template <class Given>
std::string why(const Given& given) {
  const auto result = checked(given);
  return result ? "accepted" : result.error().message();
}

TEST_CASE("a good configuration passes") { CHECK(why(config()) == "accepted"); }

TEST_CASE("a name that is no plain word is refused") {
  auto c = config();
  const std::string name = GENERATE("", "a b", "a/b", "a{", "\xc3\xa4");
  c.name = name;
  CHECK(why(c) == "name " + name + ": not 1 to 64 letters, digits, '-', '_' and '.'");
  c.name.assign(64, 'x');
  CHECK(why(c) == "accepted");
  c.name.assign(65, 'x');
  CHECK(why(c) != "accepted");
}

TEST_CASE("anchors must be two addresses of one family") {
  auto c = config();
  SECTION("the same twice") {
    c.anchors.out = c.anchors.in;
    CHECK(why(c) == "anchors 240.0.0.1: in and out are the same");
  }
  SECTION("none") {
    c.anchors.out = {};
    CHECK(why(c) == "anchor: no address");
  }
  SECTION("of two families") {
    c.anchors.in.family = xfrm::Family::ipv6;
    CHECK(why(c) == "anchors f000:1::: IPv4 and IPv6 mixed");
  }
  SECTION("IPv6") {
    c.anchors.in.family = c.anchors.out.family = xfrm::Family::ipv6;
    CHECK(why(c) == "accepted");
  }
}

TEST_CASE("the mark must be a single bit") {
  auto c = config();
  c.mark = GENERATE(0U, 3U, 0xffffffffU);
  CHECK(why(c) == "mark: not a single bit");
}

TEST_CASE("the reqids must not start at 0 nor wrap") {
  auto c = config();
  c.reqid = GENERATE(0U, 0xffffffffU, 0xfffff000U);
  CHECK_FALSE(xfrm::check(c));
  c.reqid = 0xffffefffU;
  CHECK(xfrm::check(c));
}

TEST_CASE("WAN interfaces must be given, named and different") {
  auto c = config();
  c.interfaces = {};
  CHECK(why(c) == "WAN interfaces: none given");
  c.interfaces = {"wan0", "wan1", "wan0"};
  CHECK(why(c) == "interface wan0: given twice");
  c.interfaces = {"abcdefghijklmnop"};
  CHECK(why(c) == "interface abcdefghijklmnop: not a name of 1 to 15 characters");
  c.interfaces = {"abcdefghijklmno"};
  CHECK(why(c) == "accepted");
}

TEST_CASE("entries must be IPv4 prefixes without further bits, of a known class") {
  xfrm::Desired d;
  d.entries = {entry(), entry()};
  CHECK(why(d) == "accepted");
  auto& e = d.entries[1];
  SECTION("bits beyond the source prefix") {
    e.selector.source.address = test::ipv4(10, 1, 0, 128);
    CHECK(why(d) == "entry, 10.1.0.128/24 to 10.3.0.0/24: address bits beyond the prefix");
  }
  SECTION("one bit beyond an uneven destination prefix") {
    e.selector.destination = {test::ipv4(10, 3, 4, 0), 21};
    CHECK(why(d) != "accepted");
    e.selector.destination = {test::ipv4(10, 3, 8, 0), 21};
    CHECK(why(d) == "accepted");
  }
  SECTION("a prefix of 33 bits") {
    e.selector.destination.length = 33;
    CHECK(why(d) == "entry, 10.1.0.0/24 to 10.3.0.0/33: a prefix longer than its address");
  }
  SECTION("IPv6") {
    e.selector.source.address.family = xfrm::Family::ipv6;
    CHECK(checked(d).error().code == EAFNOSUPPORT);
  }
  SECTION("a class out of range") {
    e.key_class = xfrm::max_key_classes - 1;
    CHECK(why(d) == "accepted");
    e.key_class = xfrm::max_key_classes;
    CHECK(why(d) == "entry, 10.1.0.0/24 to 10.3.0.0/24: a key class out of range");
  }
}

TEST_CASE("a list longer than is taken is refused whole") {
  xfrm::Desired d;
  d.entries.assign(xfrm::max_entries, entry());
  CHECK(why(d) == "accepted");
  d.entries.push_back(entry());
  CHECK(why(d) == "ACL of 1048577 entries: more than 1048576");
}

TEST_CASE("SAs must have an SPI of their own, and what the kernel can check") {
  xfrm::Desired d;
  d.sas = {sa(256), sa(257)};
  CHECK(why(d) == "accepted");
  auto& s = d.sas[1];
  SECTION("a reserved SPI") {
    s.spi = 255;
    CHECK(why(d) == "state in, SPI 0x000000ff: a reserved SPI");
  }
  SECTION("an SPI twice") {
    s.spi = 256;
    CHECK(why(d) == "state in, SPI 0x00000100: given twice");
  }
  SECTION("too wide a window") {
    s.replay_window = xfrm::max_replay_window;
    CHECK(why(d) == "accepted");
    s.replay_window += 1;
    CHECK(why(d) == "state in, SPI 0x00000101: a replay window above 4096");
  }
  SECTION("extended sequence numbers without a window") {
    s.extended_sequence = true;
    CHECK(why(d) == "state in, SPI 0x00000101: extended sequence numbers without a replay window");
    s.replay_window = 1;
    CHECK(why(d) == "accepted");
    s.replay_window = 0;
    s.receive = false;
    CHECK(why(d) == "accepted");
  }
  SECTION("a bad key") {
    s.cipher_key = {};
    CHECK(why(d) == "state in, SPI 0x00000101: cbc(aes): a key of 0 octets");
  }
}

TEST_CASE("a kept state of a class out of range is refused") {
  xfrm::Desired d;
  d.kept = {{0x1001, true, xfrm::max_key_classes - 1}};
  CHECK(why(d) == "accepted");
  d.kept[0].key_class = xfrm::max_key_classes;
  CHECK(why(d) == "state out, SPI 0x00001001: a key class out of range");
}

}  // namespace

}  // namespace checks_test
