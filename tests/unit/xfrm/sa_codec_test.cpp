// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/sa_codec.h"

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace sa_codec_test {

namespace {

using test::Octets;
using xfrm::Direction;

const xfrm::Anchors anchors{test::ipv4(240, 0, 0, 1), test::ipv4(240, 0, 0, 2)};
const auto cipher_key = support::octets("000102030405060708090a0b0c0d0e0f");
const auto integrity_key =
    support::octets("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");
constexpr std::uint64_t unlimited = ~std::uint64_t{0};

xfrm::SaSpec cbc() {
  xfrm::SaSpec sa;
  sa.spi = 0x1234abcd;
  sa.cipher = "cbc(aes)";
  sa.cipher_key = cipher_key;
  sa.integrity = "hmac(sha256)";
  sa.integrity_key = integrity_key;
  sa.icv_bits = 128;
  sa.lifetime_seconds = 3600;
  return sa;
}

// What differs between the states of these tests.
struct Fixed {
  std::string_view source, destination;
  std::uint8_t replay_window = 0, flags = 32;  // af-unspec
  std::uint64_t hard_seconds = 3600;
};

// struct xfrm_usersa_info
Octets usersa_info(const Fixed& f) {
  Octets out;
  out.zero(56);                                                                 // sel: empty
  out.raw(f.destination).zero(12).raw("1234abcd").host8(50).zero(3);            // id
  out.raw(f.source).zero(12);                                                   // saddr
  out.host64(unlimited).host64(unlimited).host64(unlimited).host64(unlimited);  // bytes, packets
  out.host64(0).host64(f.hard_seconds).host64(0).host64(0);                     // add, use seconds
  out.zero(32).zero(12);                                                        // curlft, stats
  out.host32(0).host32(7000).host16(2).host8(1);  // seq reqid family mode
  return out.host8(f.replay_window).host8(f.flags).zero(7);
}

Octets auth(std::string_view name, std::uint32_t key_bits, std::uint32_t icv,
            std::string_view key) {
  return Octets{}.name(name, 64).host32(key_bits).host32(icv).raw(key);
}

Octets crypt(std::string_view name, std::uint32_t key_bits, std::string_view key) {
  return Octets{}.name(name, 64).host32(key_bits).raw(key);
}

constexpr std::uint16_t new_sa = 0x10, delete_sa = 0x11, get_sa = 0x12;
constexpr std::uint16_t create = 0x1 | 0x400 | 0x200;  // REQUEST, CREATE, EXCL
constexpr std::uint16_t alg_crypt = 2, alg_aead = 18, alg_auth_trunc = 20, replay_value = 10,
                        replay_esn = 23;

std::string algorithms_of_cbc() {
  Octets out;
  out.attribute(alg_auth_trunc, auth("hmac(sha256)", 256, 128, support::hex(integrity_key)));
  out.attribute(alg_crypt, crypt("cbc(aes)", 128, support::hex(cipher_key)));
  return out.hex();
}

std::string encoded(const xfrm::SaSpec& sa, Direction direction) {
  xfrm::Request request;
  xfrm::add_state(request, sa, direction, anchors, 7000);
  REQUIRE_FALSE(request.overflowed());
  return support::hex(request.bytes());
}

TEST_CASE("an inbound state is from any source to the anchor IN") {
  auto sa = cbc();
  sa.replay_window = 32;

  const Octets body = usersa_info({"00000000", "f0000001", 32}).raw(algorithms_of_cbc());
  CHECK(encoded(sa, Direction::inbound) == message(new_sa, create, body).hex());
}

TEST_CASE("an outbound state is from the anchor IN to the anchor OUT and checks no replays") {
  auto sa = cbc();
  sa.replay_window = 32;

  const Octets body = usersa_info({"f0000001", "f0000002", 0}).raw(algorithms_of_cbc());
  CHECK(encoded(sa, Direction::outbound) == message(new_sa, create, body).hex());
}

TEST_CASE("a state without lifetime never expires") {
  auto sa = cbc();
  sa.lifetime_seconds = 0;
  const Octets body = usersa_info({"00000000", "f0000001", 0, 32, 0}).raw(algorithms_of_cbc());
  CHECK(encoded(sa, Direction::inbound) == message(new_sa, create, body).hex());
}

TEST_CASE("a replay window above 32 goes in an attribute of its own") {
  auto sa = cbc();
  sa.replay_window = 65;
  Octets body = usersa_info({"00000000", "f0000001", 0});
  // struct xfrm_replay_state_esn: bitmap of 3 words
  body.attribute(replay_esn, Octets{}.host32(3).zero(16).host32(65).zero(12));
  body.raw(algorithms_of_cbc());
  CHECK(encoded(sa, Direction::inbound) == message(new_sa, create, body).hex());
}

TEST_CASE("extended sequence numbers set their flag and a window, also for a sender") {
  auto sa = cbc();
  sa.extended_sequence = true;
  sa.replay_window = 64;
  SECTION("inbound: the window asked for") {
    Octets body = usersa_info({"00000000", "f0000001", 0, 32 | 128});
    body.attribute(replay_esn, Octets{}.host32(2).zero(16).host32(64).zero(8));
    body.raw(algorithms_of_cbc());
    CHECK(encoded(sa, Direction::inbound) == message(new_sa, create, body).hex());
  }
  SECTION("outbound: the kernel insists on some window") {
    Octets body = usersa_info({"f0000001", "f0000002", 0, 32 | 128});
    body.attribute(replay_esn, Octets{}.host32(1).zero(16).host32(32).zero(4));
    body.raw(algorithms_of_cbc());
    CHECK(encoded(sa, Direction::outbound) == message(new_sa, create, body).hex());
  }
}

std::string encoded_after(const xfrm::SaSpec& sa, Direction direction, std::uint64_t sent) {
  xfrm::Request request;
  xfrm::add_state(request, sa, direction, anchors, 7000, sent);
  REQUIRE_FALSE(request.overflowed());
  return support::hex(request.bytes());
}

TEST_CASE("an outbound state goes on behind the sequence numbers already used") {
  auto sa = cbc();
  SECTION("of 32 bits") {
    Octets body = usersa_info({"f0000001", "f0000002", 0});
    // struct xfrm_replay_state: oseq, seq, bitmap
    body.attribute(replay_value, Octets{}.host32(0x00100005).host32(0).host32(0));
    body.raw(algorithms_of_cbc());
    CHECK(encoded_after(sa, Direction::outbound, 0x00100005) ==
          message(new_sa, create, body).hex());
  }
  SECTION("of 64 bits") {
    sa.extended_sequence = true;
    sa.replay_window = 64;
    Octets body = usersa_info({"f0000001", "f0000002", 0, 32 | 128});
    // struct xfrm_replay_state_esn: bmp_len, oseq, seq, oseq_hi, seq_hi, replay_window, bmp
    body.attribute(
        replay_esn,
        Octets{}.host32(1).host32(0x00100005).host32(0).host32(7).host32(0).host32(32).zero(4));
    body.raw(algorithms_of_cbc());
    CHECK(encoded_after(sa, Direction::outbound, 0x700100005) ==
          message(new_sa, create, body).hex());
  }
  SECTION("which is nothing to an inbound one") {
    CHECK(encoded_after(sa, Direction::inbound, 0x00100005) == encoded(sa, Direction::inbound));
  }
}

TEST_CASE("the widest replay window still fits a request") {
  auto sa = cbc();
  sa.replay_window = xfrm::max_replay_window;
  Octets body = usersa_info({"00000000", "f0000001", 0});
  body.attribute(replay_esn, Octets{}.host32(128).zero(16).host32(4096).zero(512));
  body.raw(algorithms_of_cbc());
  CHECK(encoded(sa, Direction::inbound) == message(new_sa, create, body).hex());
}

TEST_CASE("an AEAD state has one algorithm, its key with the salt") {
  auto sa = cbc();
  const auto key = support::octets("000102030405060708090a0b0c0d0e0fa0a1a2a3");
  sa.cipher = "rfc4106(gcm(aes))";
  sa.cipher_key = key;
  sa.integrity = {};
  sa.integrity_key = {};
  sa.aead = true;
  const Octets body =
      usersa_info({"00000000", "f0000001", 0})
          .attribute(alg_aead, auth("rfc4106(gcm(aes))", 160, 128, support::hex(key)));
  CHECK(encoded(sa, Direction::inbound) == message(new_sa, create, body).hex());
}

TEST_CASE("every integrity algorithm says how far it is cut") {
  auto sa = cbc();
  struct Row {
    std::string_view name;
    std::size_t octets;
    std::uint32_t icv;
  };
  const auto row = GENERATE(values<Row>({{"hmac(sha1)", 20, 96},
                                         {"hmac(sha256)", 32, 128},
                                         {"hmac(sha384)", 48, 192},
                                         {"hmac(sha512)", 64, 256}}));
  const gdoi::Bytes key(row.octets, std::byte{0x5a});
  sa.integrity = row.name;
  sa.integrity_key = key;
  sa.icv_bits = row.icv;
  Octets body = usersa_info({"00000000", "f0000001", 0});
  body.attribute(alg_auth_trunc, auth(row.name, static_cast<std::uint32_t>(row.octets * 8), row.icv,
                                      support::hex(key)));
  body.attribute(alg_crypt, crypt("cbc(aes)", 128, support::hex(cipher_key)));
  CHECK(encoded(sa, Direction::inbound) == message(new_sa, create, body).hex());
}

TEST_CASE("the null cipher has an empty key") {
  auto sa = cbc();
  sa.cipher = "ecb(cipher_null)";
  sa.cipher_key = {};
  Octets body = usersa_info({"00000000", "f0000001", 0});
  body.attribute(alg_auth_trunc, auth("hmac(sha256)", 256, 128, support::hex(integrity_key)));
  body.attribute(alg_crypt, crypt("ecb(cipher_null)", 0, ""));
  CHECK(encoded(sa, Direction::inbound) == message(new_sa, create, body).hex());
}

TEST_CASE("a state is deleted by destination, SPI and protocol") {
  xfrm::Request request;
  xfrm::delete_state(request, 0x1234abcd, anchors.out);
  // struct xfrm_usersa_id
  const Octets body = Octets{}.raw("f0000002").zero(12).raw("1234abcd").host16(2).host8(50).zero(1);
  CHECK(support::hex(request.bytes()) == message(delete_sa, 0x1, body).hex());
}

TEST_CASE("a list of states is asked for by family") {
  xfrm::Request request;
  xfrm::list_states(request, xfrm::Family::ipv4);
  const Octets body = Octets{}.zero(20).host16(2).zero(2);
  CHECK(support::hex(request.bytes()) == message(get_sa, 0x1, body).hex());
}

// ---- reading

struct Counted {
  std::uint64_t bytes = 840, packets = 10, added = 1700000000, hard_seconds = 3600;
  std::uint32_t replay_window = 1, replay = 2, integrity = 5;
};

// A state as the kernel reports it, inbound.
Octets reported(const Octets& algorithms, std::uint8_t protocol = 50, std::uint8_t mode = 1,
                const Counted& c = {}) {
  Octets body;
  body.zero(56).raw("f0000001").zero(12).raw("1234abcd").host8(protocol).zero(3).zero(16);
  body.zero(40).host64(c.hard_seconds).zero(16);  // lft: of it all, how long the state may live
  body.host64(c.bytes).host64(c.packets).host64(c.added).host64(0);
  body.host32(c.replay_window).host32(c.replay).host32(c.integrity);
  body.host32(0).host32(7000).host16(2).host8(mode).host8(0).host8(32).zero(7).append(algorithms);
  return message(new_sa, 0, body);
}

std::optional<xfrm::State> read(const Octets& octets) {
  return xfrm::read_state(*reinterpret_cast<const nlmsghdr*>(octets.bytes().data()));
}

Octets cbc_algorithms(std::string_view integrity_name = "hmac(sha256)", std::uint32_t icv = 128) {
  Octets out;
  out.attribute(alg_auth_trunc, auth(integrity_name, 256, icv, support::hex(integrity_key)));
  return out.attribute(alg_crypt, crypt("cbc(aes)", 128, support::hex(cipher_key)));
}

TEST_CASE("a state the kernel reports is read with its counters") {
  const auto message = reported(cbc_algorithms());
  const auto state = read(message);
  REQUIRE(state);
  CHECK(state->spi == 0x1234abcd);
  CHECK(state->reqid == 7000);
  CHECK(state->destination == anchors.in);
  CHECK(state->source == test::ipv4(0, 0, 0, 0));
  CHECK(state->esp_tunnel);
  CHECK(state->bytes == 840);
  CHECK(state->packets == 10);
  CHECK(state->added == 1700000000);
  CHECK(state->hard_seconds == 3600);
  CHECK(state->sent == 0);
  CHECK(state->replay_errors == 3);
  CHECK(state->integrity_errors == 5);
}

TEST_CASE("the last sequence number used is read, of 32 bits or of 64") {
  auto algorithms = cbc_algorithms();
  SECTION("32") {
    algorithms.attribute(replay_value, Octets{}.host32(77).host32(5).host32(1));
    CHECK(read(reported(algorithms))->sent == 77);
  }
  SECTION("64") {
    algorithms.attribute(
        replay_esn, Octets{}.host32(1).host32(77).host32(5).host32(2).host32(0).host32(32).zero(4));
    CHECK(read(reported(algorithms))->sent == 0x20000004d);
  }
}

TEST_CASE("of a deleted state the kernel tells what it was") {
  // struct xfrm_usersa_id, and the state in an attribute (XFRMA_SA, 6) beside the others
  const auto whole = reported({});
  const auto info = support::hex(whole.bytes().subspan(16));
  Octets body = Octets{}.raw("f0000001").zero(12).raw("1234abcd").host16(2).host8(50).zero(1);
  body.attribute(6, Octets{}.raw(info));
  body.attribute(replay_value, Octets{}.host32(77).host32(0).host32(0));
  const auto octets = message(delete_sa, 0, body);
  const auto state =
      xfrm::read_state_event(*reinterpret_cast<const nlmsghdr*>(octets.bytes().data()));
  REQUIRE(state);
  CHECK(state->spi == 0x1234abcd);
  CHECK(state->reqid == 7000);
  CHECK(state->destination == anchors.in);
  CHECK(state->sent == 77);
  const auto bare = message(delete_sa, 0, Octets{}.zero(24));
  CHECK_FALSE(xfrm::read_state_event(*reinterpret_cast<const nlmsghdr*>(bare.bytes().data())));
}

TEST_CASE("transport mode and AH are told from ESP in tunnel mode") {
  CHECK_FALSE(read(reported({}, 50, 0))->esp_tunnel);
  CHECK_FALSE(read(reported({}, 51, 1))->esp_tunnel);
}

TEST_CASE("a message too short for a state, or of another type, is none") {
  CHECK_FALSE(read(message(new_sa, 0, Octets{}.zero(223))));
  CHECK_FALSE(read(message(delete_sa, 0, Octets{}.zero(224))));
}

TEST_CASE("the kernel's keys are compared with ours") {
  const auto sa = cbc();
  const auto message = reported(cbc_algorithms());
  const auto state = read(message);
  CHECK(xfrm::same_keys(*state, sa));

  SECTION("another cipher key differs") {
    auto other = sa;
    auto key = cipher_key;
    key.back() ^= std::byte{1};
    other.cipher_key = key;
    CHECK_FALSE(xfrm::same_keys(*state, other));
  }
  SECTION("another integrity key differs") {
    auto other = sa;
    auto key = integrity_key;
    key.front() ^= std::byte{1};
    other.integrity_key = key;
    CHECK_FALSE(xfrm::same_keys(*state, other));
  }
  SECTION("a prefix of the key differs") {
    auto other = sa;
    other.integrity_key = std::span{integrity_key}.first(20);
    CHECK_FALSE(xfrm::same_keys(*state, other));
  }
  SECTION("another algorithm or ICV length differs") {
    const auto named = reported(cbc_algorithms("hmac(sm3)"));
    CHECK_FALSE(xfrm::same_keys(*read(named), sa));
    const auto cut = reported(cbc_algorithms("hmac(sha256)", 96));
    CHECK_FALSE(xfrm::same_keys(*read(cut), sa));
  }
  SECTION("a state without algorithms differs") {
    const auto bare = reported({});
    CHECK_FALSE(xfrm::same_keys(*read(bare), sa));
  }
  SECTION("a key shorter than its length says is not read past") {
    const auto lying = reported(
        Octets{}
            .attribute(alg_auth_trunc, auth("hmac(sha256)", 256, 128, support::hex(integrity_key)))
            .attribute(alg_crypt, crypt("cbc(aes)", 128, "0001")));
    CHECK_FALSE(xfrm::same_keys(*read(lying), sa));
  }
}

TEST_CASE("a state is named by direction and SPI") {
  CHECK(xfrm::describe(Direction::inbound, 0x1234) == "state in, SPI 0x00001234");
  CHECK(xfrm::describe(Direction::outbound, 0xffffffff) == "state out, SPI 0xffffffff");
}

}  // namespace

}  // namespace sa_codec_test
