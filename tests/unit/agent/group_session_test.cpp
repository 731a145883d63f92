// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/group_session.h"

#include "tests/support/catch.h"
#include "tests/support/fixed_random.h"
#include "tests/support/hex.h"
#include "tests/unit/agent/policies.h"

namespace group_session_test {

using namespace agent;
using namespace support;

namespace {

constexpr Instant start{};

struct Network final : Transport {
  void send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t) override {
    sent.emplace_back(to, gdoi::Bytes{datagram.begin(), datagram.end()});
  }
  void listen(std::span<const gdoi::Endpoint> groups) override {
    listening.assign(groups.begin(), groups.end());
  }
  void locate_key_servers() override { ++located; }
  unsigned located = 0;
  std::vector<gdoi::Endpoint> listening;
  std::vector<std::pair<gdoi::Endpoint, gdoi::Bytes>> sent;
};

gdoi::MemberConfig member_config(std::initializer_list<const char*> key_servers) {
  gdoi::MemberConfig out;
  out.group = gdoi::GroupNumber{100};
  out.local_address = ip("172.16.1.2");
  for (const auto* server : key_servers)
    out.key_servers.push_back({key_server(server), key(11, 'S')});
  out.phase1.proposals = gdoi::default_proposals();
  return out;
}

// A group of which the tests play the protocol: they perform actions, and read what became of them.
struct Fixture {
  std::vector<std::string> lines;
  std::vector<Level> levels;
  Log log{Level::debug, [this](Level level, std::string_view line) {
            lines.emplace_back(line);
            levels.push_back(level);
          }};
  SeededRandom random{1};
  RecordingPlane plane;
  Network network;
  InboundSpis spis;
  GroupSession group{{{"100", ip("172.16.1.2")}, {"wan0"}},
                     member_config({"10.0.0.5", "10.0.0.6"}),
                     {random, plane, network, spis, log}};

  template <class Action>
  void perform(Action action, seconds at = seconds{0}) {
    gdoi::Actions actions;
    actions.emplace_back(std::move(action));
    group.perform(std::move(actions), start + at);
  }
  [[nodiscard]] bool said(std::string_view line) const {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  }
};

const std::string by = " using address 172.16.1.2 fvrf default ivrf default";
const std::string gm = " for group 100 & gm identity 172.16.1.2";

}  // namespace

TEST_CASE("starting begins a registration and says so in Cisco's words") {
  Fixture f;
  REQUIRE(f.group.start(start).has_value());
  REQUIRE(f.lines.size() == 1);
  CHECK(f.lines[0] == "%CRYPTO-5-GM_REGSTER: Start registration to KS 10.0.0.5 for group 100" + by);
  CHECK(f.levels[0] == Level::notice);
  REQUIRE(f.network.sent.size() == 1);
  CHECK(f.network.sent[0].first == key_server("10.0.0.5"));
  REQUIRE(f.group.deadline().has_value());
  CHECK(*f.group.deadline() > start);
}

TEST_CASE("a policy is installed, and the log tells what a Cisco member would") {
  Fixture f;
  auto policy = lab_policy(7);
  policy.kek = kek(0x5d);
  f.perform(gdoi::InstallPolicy{key_server(), std::move(policy)});
  REQUIRE(f.plane.applied.size() == 1);
  CHECK(f.lines ==
        std::vector<std::string>{
            "%GDOI-5-SA_TEK_UPDATED: SA TEK was updated",
            "%GDOI-5-SA_KEK_UPDATED: SA KEK was updated 0x5D5D5D5D5D5D5D5D5E5E5E5E5E5E5E5E",
            "%GDOI-5-GM_REGS_COMPL: Registration to KS 10.0.0.5 complete for group 100" + by,
            "%GDOI-5-GM_INSTALL_POLICIES_SUCCESS: SUCCESS: Installation of Reg/Rekey policies from "
            "KS "
            "10.0.0.5" +
                gm + " fvrf default ivrf default"});
}

TEST_CASE("a policy that brings no new key updates none") {
  Fixture f;
  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)});
  f.lines.clear();
  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)}, seconds{10});
  REQUIRE(f.lines.size() == 2);
  CHECK_THAT(f.lines[0], Catch::StartsWith("%GDOI-5-GM_REGS_COMPL"));
}

TEST_CASE("a policy the kernel refuses is reported with the object refused") {
  Fixture f;
  f.plane.refusal = "state in, SPI 0x00000007: Requested type not found";
  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)});
  CHECK(f.lines ==
        std::vector<std::string>{"%GDOI-3-GM_FAILED_TO_INSTALL_POLICIES: FAILED: Installation of "
                                 "Reg/Rekey policies from KS "
                                 "10.0.0.5" +
                                 gm + ": state in, SPI 0x00000007: Requested type not found"});
  CHECK(f.levels[0] == Level::error);
  CHECK_FALSE(f.group.sa_table().from().has_value());
}

TEST_CASE("what to look at is told once, until a registration succeeds") {
  Fixture f;
  gdoi::RegistrationFailed failed;
  failed.key_server = failed.next_key_server = key_server();
  failed.why = {gdoi::Errc::timed_out, "no answer from the key server", 0};
  failed.silent = true;
  const std::string advice =
      "group 100: nothing at all comes back from KS 10.0.0.5: see whether UDP 848 passes both ways "
      "between it and 172.16.1.2, and whether it serves GDOI";
  for (int i = 0; i < 3; ++i) f.perform(failed);
  REQUIRE(f.lines.size() == 4);
  CHECK(f.lines[1] == advice);

  failed.silent = false;
  failed.notification = gdoi::NotifyType::no_proposal_chosen;
  f.lines.clear();
  f.perform(failed);
  REQUIRE(f.lines.size() == 2);
  CHECK_THAT(f.lines[1], Catch::StartsWith("group 100: KS 10.0.0.5 takes none of our phase 1 "
                                           "proposals"));

  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)});
  f.lines.clear();
  failed.silent = true;
  f.perform(failed);
  CHECK(f.lines.back() == advice);
}

TEST_CASE("a registration that fails says why, and what comes next") {
  Fixture f;
  gdoi::RegistrationFailed failed;
  failed.key_server = key_server();
  failed.why = {gdoi::Errc::refused, "message 4 of GROUPKEY-PULL", 0};
  failed.next_key_server = {ip("10.0.0.6"), 8480};
  failed.retry_in = milliseconds{1};
  SECTION("silently") {
    f.perform(failed);
    CHECK(f.lines[0] ==
          "%GDOI-4-GM_REGS_FAILED: registration to KS 10.0.0.5 for group 100 failed: refused: "
          "message 4 of GROUPKEY-PULL; "
          "next "
          "is KS 10.0.0.6:8480 in 1 s");
  }
  SECTION("with a word of the key server") {
    failed.notification = gdoi::NotifyType::no_proposal_chosen;
    f.perform(failed);
    CHECK_THAT(f.lines[0],
               Catch::Contains("; it sent NO-PROPOSAL-CHOSEN (not authenticated); next"));
  }
  SECTION("with an authentic word of the key server") {
    failed.notification = gdoi::NotifyType::invalid_id_information;
    failed.notification_authentic = true;
    f.perform(failed);
    CHECK_THAT(f.lines[0], Catch::Contains("; it sent INVALID-ID-INFORMATION; next"));
  }
  CHECK(f.levels[0] == Level::warning);
}

TEST_CASE("phase 1 is reported with what was agreed on") {
  Fixture f;
  f.perform(gdoi::Phase1Established{key_server(), 7, 256, 4, 2});
  CHECK(f.said("phase 1 with KS 10.0.0.5 is up: AES-256, SHA-256, MODP1024"));
  f.perform(gdoi::Phase1Established{key_server(), 5, 0, 2, 77});
  CHECK(f.said("phase 1 with KS 10.0.0.5 is up: 3DES, SHA-1, 77"));
}

TEST_CASE("datagrams of strangers are counted and told once a minute") {
  Fixture f;
  REQUIRE(f.group.start(start).has_value());
  f.lines.clear();
  for (int i = 0; i < 1000; ++i)
    f.group.receive(gdoi::Datagram::parse(key_server("10.6.6.6"), octets("00")),
                    start + milliseconds{i});
  CHECK(f.lines.empty());
  CHECK(f.group.status().datagrams_dropped == 1000);
  for (int t = 1; t <= 120; ++t) f.group.wake(start + seconds{t});
  const auto told = std::count_if(f.lines.begin(), f.lines.end(), [](const std::string& line) {
    return line.find("1000 dropped datagrams on the GDOI port in 60 s") == 0;
  });
  CHECK(told == 1);
}

TEST_CASE("a TEK that goes by the deactivation delay has not expired") {
  Fixture f;
  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)});
  auto next = lab_policy(8);
  next.deactivation_delay = seconds{45};
  f.perform(gdoi::InstallPolicy{key_server(), std::move(next)}, seconds{10});
  f.lines.clear();
  f.group.wake(start + seconds{55});
  CHECK(f.said("TEK 0x00000007 is removed: it was replaced, and its deactivation delay is over"));
  f.group.wake(start + seconds{3610});
  CHECK(f.said("TEK 0x00000008 has expired"));
}

TEST_CASE("vendor IDs of the key server are told to those who look closely, and kept to be shown") {
  Fixture f;
  gdoi::Phase1Established up{key_server(), 7, 256, 4, 2};
  up.vendor_ids = {octets("12f5f28c457168a9"), octets("00")};
  f.perform(gdoi::Phase1Established{up});
  CHECK(f.said("vendor ID of KS 10.0.0.5: 12 f5 f2 8c 45 71 68 a9"));
  CHECK(f.group.vendor_ids() == up.vendor_ids);
}

TEST_CASE("a registration that is put off is told") {
  Fixture f;
  f.perform(gdoi::RegistrationPostponed{key_server(), milliseconds{8500}});
  CHECK_THAT(f.lines.back(),
             Catch::StartsWith("registration to KS 10.0.0.5 for group 100 is put off by 9 s: "));
}

TEST_CASE("the end of the last TEK is told, and the list stays") {
  Fixture f;
  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)});
  f.lines.clear();
  f.group.wake(start + seconds{3600});
  CHECK(f.said("TEK 0x00000007 has expired"));
  CHECK(
      f.said("the last TEK of group 100 has expired: what the list protects is dropped until a "
             "registration succeeds"));
  CHECK(f.plane.applied.back().entries.size() == 2);
  CHECK(f.plane.applied.back().teks.empty());

  SECTION("and the next registration is announced as one") {
    gdoi::RegistrationStarted again;
    again.key_server = key_server();
    f.perform(again);
    CHECK_THAT(f.lines.at(f.lines.size() - 2), Catch::StartsWith("%GDOI-4-GM_RE_REGISTER: "));
  }
}

TEST_CASE("a policy with an algorithm that is not accepted changes nothing") {
  Fixture f;
  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)});
  f.lines.clear();
  auto weak = lab_policy(8);
  weak.teks[0].policy.integrity = gdoi::IntegrityId::hmac_md5_96;
  f.perform(gdoi::InstallPolicy{key_server(), std::move(weak)}, seconds{10});
  CHECK(f.plane.applied.size() == 1);
  REQUIRE(f.group.sa_table().teks().size() == 1);
  CHECK(f.group.sa_table().teks()[0].tek->spi == gdoi::Spi{7});
  REQUIRE_FALSE(f.lines.empty());
  CHECK_THAT(f.lines[0], Catch::StartsWith("%GDOI-3-GM_FAILED_TO_INSTALL_POLICIES") &&
                             Catch::EndsWith("TEK 0x00000008: esp-md5-hmac is not accepted; "
                                             "'transform = default, esp-md5-hmac' would accept "
                                             "it"));
}

TEST_CASE("lines that can never match are named once for a list") {
  Fixture f;
  const auto policy = [] {
    auto out = lab_policy(7);
    auto narrow = out.entries[0];
    narrow.selector.protocol = 6;
    out.entries.push_back(narrow);
    return out;
  };
  const std::string line =
      "policy from KS 10.0.0.5: entry 'permit tcp 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255' is "
      "shadowed "
      "by 'permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255' and can never match";
  f.perform(gdoi::InstallPolicy{key_server(), policy()});
  CHECK(f.said(line));
  f.lines.clear();
  f.perform(gdoi::InstallPolicy{key_server(), policy()}, seconds{10});
  CHECK_FALSE(f.said(line));
  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)}, seconds{20});
  f.perform(gdoi::InstallPolicy{key_server(), policy()}, seconds{30});
  CHECK(f.said(line));
}

TEST_CASE("oddities of a policy are told") {
  Fixture f;
  auto policy = lab_policy(7);
  policy.skipped_entries = 2;
  policy.skipped_protocols = 1;
  SECTION("entries left out") {}
  SECTION("a counter mode") {
    policy.teks[0] = gcm_tek(7);
    f.perform(gdoi::InstallPolicy{key_server(), std::move(policy)});
    CHECK_THAT(f.lines[2],
               Catch::StartsWith("policy from KS 10.0.0.5: TEK 0x00000007 (esp-gcm) is used "
                                 "for receiving only"));
    return;
  }
  SECTION("private attributes") {
    policy.teks[0].policy.ignored_attributes = 3;
    f.perform(gdoi::InstallPolicy{key_server(), std::move(policy)});
    CHECK_THAT(f.lines[2], Catch::Contains("has 3 attributes that are not understood"));
    return;
  }
  SECTION("no integrity") {
    policy.teks[0].policy.integrity = gdoi::IntegrityId::none;
    f.perform(gdoi::InstallPolicy{key_server(), std::move(policy)});
    CHECK_THAT(f.lines[2], Catch::Contains("encryption without integrity"));
    return;
  }
  f.perform(gdoi::InstallPolicy{key_server(), std::move(policy)});
  CHECK(
      f.said("policy from KS 10.0.0.5: 2 list entries without a key are left out "
             "(see tek-without-key)"));
  CHECK(f.said(
      "policy from KS 10.0.0.5: 1 list entry is left out, being for another protocol than ESP"));
}

TEST_CASE("a key server that never answers is left for the next one") {
  Fixture f;
  REQUIRE(f.group.start(start).has_value());
  for (int t = 0; t < 600; ++t) f.group.wake(start + seconds{t});
  CHECK(f.said("%CRYPTO-5-GM_REGSTER: Start registration to KS 10.0.0.6 for group 100" + by));
  CHECK_FALSE(f.group.sa_table().from().has_value());
  CHECK(f.plane.applied.empty());
}

TEST_CASE("stopping takes everything out of the kernel") {
  Fixture f;
  f.perform(gdoi::InstallPolicy{key_server(), lab_policy(7)});
  CHECK(f.group.stop(start + seconds{1}).has_value());
  CHECK(f.plane.cleared);
}

}  // namespace group_session_test
