// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/packet.h"

#include <sstream>

#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace packet_test {

using namespace agent;
using namespace support;

namespace {

Result<Packet> parsed(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return parse_packet(words);
}

std::string read_back(const std::string& text) {
  const auto packet = parsed(text);
  return packet ? packet_text(*packet) : packet.error().what;
}

}  // namespace

TEST_CASE("a packet is read as an operator writes it") {
  CHECK(read_back("10.1.0.1 10.3.0.1") == "ip 10.1.0.1 to 10.3.0.1");
  CHECK(read_back("10.1.0.1 10.3.0.1 udp 53") == "udp 10.1.0.1 port 49152 to 10.3.0.1 port 53");
  CHECK(read_back("10.1.0.1 10.3.0.1 tcp 1 2") == "tcp 10.1.0.1 port 1 to 10.3.0.1 port 2");
  CHECK(read_back("10.1.0.1 10.3.0.1 icmp") == "icmp 10.1.0.1 to 10.3.0.1 type 8 code 0");
  CHECK(read_back("10.1.0.1 10.3.0.1 icmp 3 4") == "icmp 10.1.0.1 to 10.3.0.1 type 3 code 4");
  CHECK(read_back("10.1.0.1 10.3.0.1 gre") == "gre 10.1.0.1 to 10.3.0.1");
  CHECK(read_back("10.1.0.1 10.3.0.1 99") == "99 10.1.0.1 to 10.3.0.1");
  CHECK(read_back("2001:db8::1 2001:db8::2 icmp") ==
        "icmp 2001:db8::1 to 2001:db8::2 type 128 code 0");
  CHECK(parsed("2001:db8::1 2001:db8::2 icmp")->protocol == 58);
}

TEST_CASE("a packet that is none is refused") {
  CHECK(read_back("10.1.0.1") == "a packet has a source and a destination");
  CHECK(read_back("10.1.0.1 10.3.0.0/24") == "'10.3.0.0/24' is no address");
  CHECK(read_back("10.1.0.1 2001:db8::1") == "IPv4 and IPv6 are mixed");
  CHECK(read_back("10.1.0.1 10.3.0.1 uucp") == "'uucp' is no protocol");
  CHECK(read_back("10.1.0.1 10.3.0.1 tcp") == "a destination port is missing");
  CHECK(read_back("10.1.0.1 10.3.0.1 tcp 1 2 3") == "'3' is too much");
  CHECK(read_back("10.1.0.1 10.3.0.1 esp 5") == "'5' is too much: the protocol has no ports");
  CHECK_FALSE(parsed("10.1.0.1 10.3.0.1 tcp 65536").has_value());
  CHECK_FALSE(parsed("10.1.0.1 10.3.0.1 icmp 256").has_value());
}

TEST_CASE("a selector is about a packet when protocol, addresses and ports are within") {
  auto what = selector(range("10.1.0.5", "10.1.0.9"), site(3));
  CHECK(matches(what, *parsed("10.1.0.5 10.3.0.1 udp 53")));
  CHECK(matches(what, *parsed("10.1.0.9 10.3.0.1")));
  CHECK_FALSE(matches(what, *parsed("10.1.0.10 10.3.0.1")));
  CHECK_FALSE(matches(what, *parsed("10.3.0.1 10.1.0.5")));
  what.protocol = 17;
  what.destination.port = 50;
  CHECK(matches(what, *parsed("10.1.0.5 10.3.0.1 udp 50")));
  CHECK_FALSE(matches(what, *parsed("10.1.0.5 10.3.0.1 udp 51")));
  what.destination.last_port = 53;
  CHECK(matches(what, *parsed("10.1.0.5 10.3.0.1 udp 53")));
  CHECK_FALSE(matches(what, *parsed("10.1.0.5 10.3.0.1 udp 54")));
  CHECK_FALSE(matches(what, *parsed("10.1.0.5 10.3.0.1 tcp 53")));
  CHECK_FALSE(matches(what, *parsed("2001:db8::1 2001:db8::2 udp 53")));
}

}  // namespace packet_test
