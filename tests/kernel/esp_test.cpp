// SPDX-License-Identifier: GPL-2.0-or-later
// States, through Plane, as the kernel holds them.
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

#include "tests/kernel/failures.h"
#include "tests/kernel/kernel_reader.h"
#include "tests/kernel/plane_samples.h"

namespace esp_test {

namespace {

using test::cbc;

xfrm::Plane open(xfrm::PlaneConfig config = test::config()) {
  auto plane = xfrm::Plane::open(std::move(config));
  if (!plane) throw std::runtime_error{plane.error().message()};
  return std::move(*plane);
}

xfrm::Desired with(std::vector<xfrm::SaSpec> sas) { return {test::both_ways(), std::move(sas)}; }

template <class AnyPlane>
void apply(AnyPlane& plane, const xfrm::Desired& desired) {
  const auto done = plane.apply(desired);
  if (!done) FAIL(done.error().message());
  CHECK(plane.failed_removals().empty());
}

std::vector<std::uint32_t> spis(const std::string& destination) {
  std::vector<std::uint32_t> out;
  for (const auto& state : test::read_states())
    if (state.destination == destination) out.push_back(state.spi);
  return out;
}
std::vector<std::uint32_t> inbound() { return spis("240.0.0.1"); }
std::vector<std::uint32_t> outbound() { return spis("240.0.0.2"); }
using Spis = std::vector<std::uint32_t>;

bool set_holds(std::uint32_t spi) {
  const auto text = test::output("nft list set ip getvpn-test spis");
  return text.find(std::to_string(spi)) != std::string::npos;
}

TEST_CASE("opening a plane changes nothing") {
  const test::Site site;
  const auto before = test::snapshot();
  const auto plane = open();
  CHECK(test::snapshot() == before);
}

TEST_CASE("opening works beside a predecessor's remains and does not touch them") {
  const test::Site site;
  {
    auto plane = open();
    apply(plane, with({cbc(0x1001)}));
  }
  const auto before = test::snapshot();
  const auto plane = open();
  CHECK(test::snapshot() == before);
}

TEST_CASE("without CAP_NET_ADMIN opening fails and names it") {
  const test::Site site;
  const ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> none{};
    if (::syscall(SYS_capset, &header, none.data()) != 0) ::_exit(2);
    const auto plane = xfrm::Plane::open(test::config());
    const bool named =
        !plane && plane.error().code == EPERM && plane.error().what == "CAP_NET_ADMIN";
    ::_exit(named ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a TEK is two states and an element of the set, whatever the length of the list") {
  const test::Site site;
  auto plane = open();
  auto sa = cbc(0x12345678, 3);
  sa.lifetime_seconds = 3600;
  auto desired = with({sa});
  for (unsigned i = 0; i < 50; ++i)
    desired.entries.push_back(test::permit({test::ipv4(10, 50, i, 0), 24}, test::all10));
  apply(plane, desired);

  const auto states = test::read_states();
  REQUIRE(states.size() == 2);
  for (const auto& s : states) {
    CHECK(s.spi == 0x12345678);
    CHECK(s.reqid == test::reqid + 3);
    CHECK(s.esp);
    CHECK(s.tunnel);
    CHECK(s.cipher == "cbc(aes)");
    CHECK(s.cipher_bits == 128);
    CHECK(s.integrity == "hmac(sha256)");
    CHECK(s.integrity_bits == 256);
    CHECK(s.icv_bits == 128);
    CHECK(s.hard_seconds == 3600);
    CHECK(s.flags.find("unspec") != std::string::npos);
  }
  CHECK(states[0].source == "0.0.0.0");
  CHECK(states[0].destination == "240.0.0.1");
  CHECK(states[1].source == "240.0.0.1");
  CHECK(states[1].destination == "240.0.0.2");
  CHECK(set_holds(0x12345678));
}

TEST_CASE("the kernel takes every algorithm of the table") {
  const test::Site site;
  auto plane = open();
  struct Row {
    std::string_view cipher;
    std::size_t key;
    std::string_view integrity;
    std::size_t integrity_key;
    std::uint32_t icv;
  };
  const auto row = GENERATE(values<Row>({{"cbc(aes)", 16, "hmac(sha1)", 20, 96},
                                         {"cbc(aes)", 24, "hmac(sha256)", 32, 128},
                                         {"cbc(aes)", 32, "hmac(sha384)", 48, 192},
                                         {"cbc(des3_ede)", 24, "hmac(sha512)", 64, 256},
                                         {"cbc(camellia)", 16, "hmac(md5)", 16, 96},
                                         {"rfc3686(ctr(aes))", 20, "xcbc(aes)", 16, 96},
                                         {"ecb(cipher_null)", 0, "cmac(aes)", 16, 96},
                                         {"rfc4106(gcm(aes))", 20, "", 0, 128},
                                         {"rfc4106(gcm(aes))", 36, "", 0, 64},
                                         {"rfc4309(ccm(aes))", 19, "", 0, 96},
                                         {"rfc4543(gcm(aes))", 20, "", 0, 128}}));
  auto sa = cbc(0x2000);
  sa.cipher = row.cipher;
  sa.cipher_key = std::span{test::key_octets}.first(row.key);
  sa.integrity = row.integrity;
  sa.integrity_key = std::span{test::key_octets}.first(row.integrity_key);
  sa.icv_bits = row.icv;
  sa.aead = row.integrity.empty();
  apply(plane, with({sa}));
  const auto states = test::read_states();
  REQUIRE(states.size() == 2);
  for (const auto& s : states) {
    CHECK((sa.aead ? s.aead : s.cipher) == row.cipher);
    CHECK(s.cipher_bits == row.key * 8);
    CHECK(s.integrity == row.integrity);
    CHECK(s.icv_bits == row.icv);
  }
}

TEST_CASE("replay windows are the inbound state's alone") {
  const test::Site site;
  auto plane = open();
  auto small = cbc(0x2001), wide = cbc(0x2002), extended = cbc(0x2003);
  small.replay_window = 32;
  wide.replay_window = 1024;
  extended.replay_window = 64;
  extended.extended_sequence = true;
  apply(plane, with({small, wide, extended}));
  const auto text = [](const char* what) {
    return test::output(std::string{"ip xfrm state get "} + what);
  };
  CHECK(text("dst 240.0.0.1 proto esp spi 0x2001").find("replay-window 32") != std::string::npos);
  CHECK(text("dst 240.0.0.1 proto esp spi 0x2002").find("replay_window 1024") != std::string::npos);
  const auto esn = text("dst 240.0.0.1 proto esp spi 0x2003");
  CHECK(esn.find("flag af-unspec esn") != std::string::npos);
  CHECK(esn.find("replay_window 64") != std::string::npos);
  CHECK(text("dst 240.0.0.2 proto esp spi 0x2003").find("esn") != std::string::npos);
  CHECK(outbound() == Spis{0x2003});
}

TEST_CASE("a TEK to receive on only has no outbound state until it is to send") {
  const test::Site site;
  auto plane = open();
  auto sa = cbc(0x3001);
  sa.send = false;
  apply(plane, with({sa}));
  CHECK(inbound() == Spis{0x3001});
  CHECK(outbound().empty());
  sa.send = true;
  apply(plane, with({sa}));
  CHECK(outbound() == Spis{0x3001});
}

TEST_CASE("a TEK to send on only is neither received nor in the set") {
  const test::Site site;
  auto plane = open();
  auto sa = cbc(0x3001);
  sa.receive = false;
  apply(plane, with({sa}));
  CHECK(inbound().empty());
  CHECK(outbound() == Spis{0x3001});
  CHECK_FALSE(set_holds(0x3001));
}

TEST_CASE("a rollover adds the new TEK, keeps the old one, and removes it in the end") {
  const test::Site site;
  auto plane = open();
  const auto first = cbc(0x4001), second = cbc(0x4002);
  apply(plane, with({first}));
  auto receive_only = second;
  receive_only.send = false;
  apply(plane, with({first, receive_only}));
  CHECK(inbound() == Spis{0x4001, 0x4002});
  CHECK(outbound() == Spis{0x4001});
  apply(plane, with({first, second}));
  CHECK(outbound() == Spis{0x4001, 0x4002});
  CHECK(set_holds(0x4001));
  apply(plane, with({second}));
  CHECK(inbound() == Spis{0x4002});
  CHECK(outbound() == Spis{0x4002});
  CHECK_FALSE(set_holds(0x4001));
  CHECK(set_holds(0x4002));
}

TEST_CASE("several live TEKs: a first apply sends on the last of each class only") {
  const test::Site site;
  auto plane = open();
  apply(plane, with({cbc(0x4001), cbc(0x4002, 1), cbc(0x4003), cbc(0x4004, 1)}));
  CHECK(inbound() == Spis{0x4001, 0x4002, 0x4003, 0x4004});
  CHECK(outbound() == Spis{0x4003, 0x4004});
}

TEST_CASE("when an earlier TEK is to send again, later outbound states get out of its way") {
  const test::Site site;
  auto plane = open();
  const auto first = cbc(0x4001), second = cbc(0x4002);
  apply(plane, with({first}));
  apply(plane, with({first, second}));
  CHECK(outbound() == Spis{0x4001, 0x4002});
  apply(plane, with({second, first}));
  CHECK(outbound() == Spis{0x4001});
  CHECK(inbound() == Spis{0x4001, 0x4002});
}

TEST_CASE("a state that is there stays, sequence numbers included") {
  const test::Site site;
  auto plane = open();
  apply(plane, with({cbc(0x5001)}));
  const auto added = [] { return test::output("ip -s xfrm state | grep 'add '"); };
  const auto before = added();
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  SECTION("for the same plane") { apply(plane, with({cbc(0x5001)})); }
  SECTION("with another list") {
    apply(plane, {{test::permit(test::all10, test::all10)}, {cbc(0x5001)}});
  }
  SECTION("for a successor that wants the same TEK") {
    auto successor = open();
    apply(successor, with({cbc(0x5001)}));
  }
  CHECK(added() == before);
}

TEST_CASE("a predecessor's state with other keys under a wanted SPI is replaced") {
  const test::Site site;
  {
    auto plane = open();
    auto other = cbc(0x5001);
    other.cipher_key = std::span{test::key_octets}.subspan(40, 16);
    apply(plane, with({other}));
  }
  auto successor = open();
  apply(successor, with({cbc(0x5001)}));
  CHECK(test::output("ip xfrm state").find("0x01080f161d242b32") != std::string::npos);
  CHECK(inbound() == Spis{0x5001});
  CHECK(outbound() == Spis{0x5001});
}

TEST_CASE("a predecessor's stale states go, those of others stay") {
  const test::Site site;
  test::run(
      "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x9001 reqid 7000 mode tunnel "
      "enc "
      "'cbc(aes)' 0x00000000000000000000000000000000 auth-trunc 'hmac(sha1)' "
      "0x0000000000000000000000000000000000000000 96");
  const auto before = test::snapshot();
  {
    auto plane = open();
    apply(plane, with({cbc(0x5001), cbc(0x5002)}));
  }
  auto successor = open();
  apply(successor, with({cbc(0x5002), cbc(0x5003)}));
  CHECK(inbound() == Spis{0x5002, 0x5003});
  CHECK(outbound() == Spis{0x5002, 0x5003});
  CHECK_FALSE(set_holds(0x5001));
  REQUIRE(successor.clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("a state the kernel let expire, or somebody deleted, is no error") {
  const test::Site site;
  auto plane = open();
  auto brief = cbc(0x6001);
  SECTION("expired") {
    brief.lifetime_seconds = 1;
    apply(plane, with({brief}));
    for (int i = 0; i < 300 && !test::read_states().empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  SECTION("deleted") {
    apply(plane, with({brief}));
    test::run("ip xfrm state deleteall");
  }
  REQUIRE(test::read_states().empty());
  apply(plane, with({cbc(0x6002)}));
  CHECK(inbound() == Spis{0x6002});
  CHECK_FALSE(set_holds(0x6001));
}

TEST_CASE("a state another program has for our anchor and SPI is refused by name") {
  const test::Site site;
  test::run(
      "ip xfrm state add src 192.0.2.1 dst 240.0.0.1 proto esp spi 0x7001 reqid 5 mode tunnel enc "
      "'cbc(aes)' 0x00000000000000000000000000000000 auth-trunc 'hmac(sha1)' "
      "0x0000000000000000000000000000000000000000 96");
  const auto before = test::snapshot();
  auto plane = open();
  const auto done = plane.apply(with({cbc(0x7000), cbc(0x7001)}));
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == "state in, SPI 0x00007001: File exists");
  CHECK(test::snapshot() == before);
}

TEST_CASE("an SA that cannot be is refused before anything is touched") {
  const test::Site site;
  auto plane = open();
  apply(plane, with({cbc(0x7001)}));
  const auto before = test::snapshot();
  auto bad = cbc(0x7002);
  bad.cipher = "cbc(rot13)";
  const auto done = plane.apply(with({cbc(0x7001), bad}));
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == "state in, SPI 0x00007002: cbc(rot13): unsupported algorithm");
  CHECK(test::snapshot() == before);
}

TEST_CASE("counters tell of each state, and of nothing when there is none") {
  const test::Site site;
  auto plane = open();
  CHECK(plane.counters()->empty());
  apply(plane, with({cbc(0x8001)}));
  const auto counters = plane.counters();
  REQUIRE(counters);
  REQUIRE(counters->size() == 2);
  std::set<bool> sides;
  for (const auto& c : *counters) {
    CHECK(c.spi == 0x8001);
    CHECK(c.packets == 0);
    CHECK(c.bytes == 0);
    sides.insert(c.outbound);
  }
  CHECK(sides.size() == 2);
}

TEST_CASE("a rekey asks the kernel the same number of things for one line and for hundreds") {
  std::vector<int> requests;
  for (const unsigned lines : {1U, 300U}) {
    const test::Site site;
    int count = 0;
    auto plane = *xfrm::Installer::open(test::ipv4_config(), [&] {
      ++count;
      return 0;
    });
    xfrm::Desired desired;
    for (unsigned i = 0; i < lines; ++i)
      desired.entries.push_back(
          test::permit({test::ipv4(10, i / 250, i % 250, 0), 24}, test::all10));
    desired.sas = {cbc(0x8001)};
    apply(*plane, desired);
    desired.sas = {cbc(0x8001), cbc(0x8002)};
    count = 0;
    apply(*plane, desired);
    requests.push_back(count);
    desired.sas = {cbc(0x8002)};
    count = 0;
    apply(*plane, desired);
    requests.push_back(count);
  }
  // Two states and an element of each table's set; then the same again.
  CHECK(requests == std::vector<int>{4, 4, 4, 4});
}

}  // namespace

}  // namespace esp_test
