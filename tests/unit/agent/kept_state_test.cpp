// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/kept_state.h"

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace kept_state_test {

using namespace agent;

namespace {

constexpr Instant noon{std::chrono::hours{12}};

gdoi::KnownSequence known(std::uint8_t name, std::uint32_t last, seconds left) {
  gdoi::KnownSequence out;
  out.spi.initiator.bytes.fill(std::byte{name});
  out.spi.responder.bytes.fill(std::byte{static_cast<std::uint8_t>(name + 1)});
  out.key = gdoi::Bytes(16, std::byte{name});
  out.last.value = last;
  out.ends = noon + left;
  return out;
}

struct Fixture {
  std::vector<std::string> lines;
  Log log{Level::debug, [this](Level, std::string_view line) { lines.emplace_back(line); }};
};

std::string what(const Result<void>& result) { return result ? "" : result.error().what; }

}  // namespace

TEST_CASE("what is written is read again, a line a fact") {
  Fixture f;
  KeptState state{"", f.log};
  state.set_sequences("getvpn-100", {known(0x10, 7, seconds{60}), known(0x20, 9, seconds{0})},
                      noon);
  state.set_rekey_key("getvpn-100", gdoi::Bytes(32, std::byte{0xab}), noon);
  const auto text = state.text(noon, 1000);
  CHECK(text ==
        "getvpn-gm state 1\nsaved 1000\n"
        "sequence getvpn-100 10101010101010101111111111111111 "
        "10101010101010101010101010101010 7 1060\n"
        "rekey-key getvpn-100 abababababababababababababababababababababababababababababababab\n");

  KeptState again{"", f.log};
  REQUIRE(what(again.read(text, noon, 1000)) == "");
  CHECK(again.sequences("getvpn-100") ==
        std::vector<gdoi::KnownSequence>{known(0x10, 7, seconds{60})});
  CHECK(again.rekey_key("getvpn-100") == gdoi::Bytes(32, std::byte{0xab}));
  CHECK(again.has_kek(known(0x10, 7, seconds{60}).spi));
  CHECK_FALSE(again.has_kek(known(0x11, 7, seconds{60}).spi));
  CHECK(again.sequences("getvpn-200").empty());
  CHECK(again.rekey_key("getvpn-200").empty());
}

TEST_CASE("lifetimes go on while the daemon is away, and a clock that is not set yet ends none") {
  Fixture f;
  KeptState before{"", f.log};
  before.set_sequences("g", {known(0x10, 7, seconds{60})}, noon);
  const auto text = before.text(noon, 1000);
  const auto after = [&](std::int64_t wall) {
    KeptState state{"", f.log};
    REQUIRE(what(state.read(text, noon, wall)) == "");
    return state.sequences("g");
  };
  REQUIRE(after(1050).size() == 1);
  CHECK(after(1050)[0].ends == noon + seconds{10});
  CHECK(after(1060).empty());
  REQUIRE(after(3).size() == 1);  // 1970
  CHECK(after(3)[0].ends == noon + seconds{60});
}

TEST_CASE("a file that is not ours counts as empty, with the line that is wrong") {
  Fixture f;
  const std::string head = "getvpn-gm state 1\n";
  const std::string spi(32, '1'), key(32, '2');
  for (const auto& [text, error] : std::vector<std::pair<std::string, std::string>>{
           {"nonsense\n", "line 1: is no state of ours"},
           {head + "saved yesterday\n", "line 2: has no time"},
           {head + "saved 1\n\n", "line 3: has too few words"},
           {head + "rekey-key g 1234\n", "line 2: has no SHA-256"},
           {head + "sequence g " + spi + " " + key + " 7\n", "line 2: is not understood"},
           {head + "sequence g " + spi + " " + key + " -7 99\n",
            "line 2: has no SPI, key, number and end"},
           {head + "sequence g 11 " + key + " 7 99\n", "line 2: has no SPI, key, number and end"}})
    CHECK(what(KeptState{"", f.log}.read(text, noon, 0)) == error);
  std::string many = head;
  for (int i = 0; i < 33; ++i) many += "sequence g " + spi + " " + key + " 7 99\n";
  CHECK(what(KeptState{"", f.log}.read(many, noon, 0)) == "line 34: is about one KEK too many");
  many = head;
  for (int i = 0; i < 65; ++i) many += "rekey-key g" + std::to_string(i) + ' ' + key + key + '\n';
  CHECK(what(KeptState{"", f.log}.read(many, noon, 0)) == "line 66: is about one group too many");

  const support::TemporaryDirectory directory;
  KeptState state{directory.write("state", "nonsense\n"), f.log};
  state.load(noon);
  REQUIRE(f.lines.size() == 1);
  CHECK_THAT(f.lines[0], Catch::EndsWith("line 1: is no state of ours; it is written anew"));
  state.set_rekey_key("g", gdoi::Bytes(32), noon);
  KeptState next{directory.path("state"), f.log};
  next.load(noon);
  CHECK(next.rekey_key("g") == gdoi::Bytes(32));
  CHECK(f.lines.size() == 1);
}

TEST_CASE("the file is for its owner only, and replaces no link's target") {
  Fixture f;
  const support::TemporaryDirectory directory;
  const auto target = directory.write("target", "untouched");
  const auto file = directory.path("state");
  std::filesystem::create_symlink(target, file + ".new");
  KeptState state{file, f.log};
  state.load(noon);  // none is there yet
  state.set_sequences("g", {known(0x10, 7, seconds{60})}, noon);
  CHECK(f.lines.empty());
  CHECK(std::filesystem::status(file).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(std::filesystem::file_size(target) == 9);
  CHECK_FALSE(std::filesystem::exists(file + ".new"));
  KeptState next{file, f.log};
  next.load(noon);
  CHECK(next.sequences("g").size() == 1);
}

TEST_CASE("a file that cannot be written is told once, and the facts stay for the daemon's life") {
  Fixture f;
  KeptState state{"/nonexistent/folder/state", f.log};
  state.set_sequences("g", {known(0x10, 7, seconds{60})}, noon);
  state.set_sequences("g", {known(0x10, 8, seconds{60})}, noon);
  REQUIRE(f.lines.size() == 1);
  CHECK_THAT(f.lines[0], Catch::Contains("does not outlive a restart"));
  CHECK(state.sequences("g")[0].last.value == 8);
}

}  // namespace kept_state_test
