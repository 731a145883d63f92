// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/show.h"

#include <nlohmann/json.hpp>

#include "agent/control/status.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/configs.h"
#include "tests/unit/agent/policies.h"

using namespace agent;
using namespace support;
using nlohmann::json;

namespace {

constexpr Instant start{};

gdoi::RekeySaStatus kek_status(const gdoi::Kek& kek) {
  return {gdoi::RekeyRole::current, kek.policy, {}, start + kek.policy.lifetime};
}

// What the member of the lab knows 1785 s after it registered.
struct Member {
  GroupConfig config = make_config({{"ks", "10.0.0.5, 10.0.0.6", "t"},
                                    {"group", "100", "t"},
                                    {"group-name", "GDOI-GROUP", "t"},
                                    {"replay-window", "64", "t"}},
                                   {})
                           .value();
  RecordingPlane plane;
  SaTable sas;
  gdoi::MemberStatus status;
  std::vector<gdoi::RekeySaStatus> keks{kek_status(kek(0x5d, seconds{86398}))};
  Instant now = start + seconds{1785};

  Member() {
    status.state = gdoi::MemberStatus::State::registered;
    status.registered_with = status.current_key_server = key_server();
    status.registrations_attempted = 3;
    status.registrations_succeeded = 1;
    status.reregister_at = start + seconds{3365};
    status.datagrams_dropped = 4;
    plane.replay_window = 64;
    REQUIRE(sas.install(lab_policy(0xa3d6592e), key_server(), plane, start).has_value());
  }

  [[nodiscard]] StatusView view() const {
    StatusView out;
    out.config = &config;
    out.interfaces = {"wan0"};
    out.local_address = ip("172.16.1.2");
    out.member = status;
    out.sas = &sas;
    out.keks = keks;
    out.counters = {{gdoi::Spi{0xa3d6592e}, false, 10, 840, 1, 2},
                    {gdoi::Spi{0xa3d6592e}, true, 12, 1008, 0, 0}};
    return out;
  }
  [[nodiscard]] std::string document() const { return status_json(view(), now); }
  [[nodiscard]] std::string text() const {
    const auto shown = show_text(document());
    INFO((shown ? "" : shown.error().what));
    REQUIRE(shown.has_value());
    return *shown;
  }
};

std::string failure(const std::string& document) {
  const auto shown = show_text(document);
  return shown ? "" : shown.error().what;
}

}  // namespace

TEST_CASE("show has the shape of show crypto gdoi") {
  CHECK(Member{}.text() == R"(GROUP INFORMATION

    Group Name               : GDOI-GROUP
    Group Identity           : 100
    Group Type               : GDOI (ISAKMP)
    Crypto Path              : ipv4
    Key Management Path      : ipv4
    Rekeys received          : 0
    IPSec SA Direction       : Both

     Group Server list       : 10.0.0.5
                               10.0.0.6

Group Member Information For Group GDOI-GROUP:
    IPSec SA Direction       : Both
    ACL Received From KS     : gdoi_group_GDOI-GROUP_temp_acl

    Group member             : 172.16.1.2      vrf: None
       Local addr/port       : 172.16.1.2/848
       Remote addr/port      : 10.0.0.5/848
       fvrf/ivrf             : None/None
       Version               : )" +
                               json::parse(Member{}.document())["version"].get<std::string>() +
                               R"(
       Registration status   : Registered
       Registered with       : 10.0.0.5
       Re-registers in       : 1580 sec
       Succeeded registration: 1
       Attempted registration: 3
       Last rekey from       : 0.0.0.0
       Last rekey seq num    : 0
       Unicast rekey received: 0
       Rekey ACKs sent       : 0
       Rekey Received        : never
       PFS Rekey received    : 0
       DP Error Monitoring   : Not supported
       IPSEC init reg executed    : 0
       IPSEC init reg postponed   : 0
       Active TEK Number     : 1
       SA Track (OID/status) : disabled
       Fail-Close Revert : Disabled

       allowable rekey cipher: any but des
       allowable rekey hash  : any but md5
       allowable transformtag: any ESP but esp-3des esp-null esp-md5-hmac

    Rekeys cumulative
       Total received        : 0
       After latest register : 0
       Rekey Acks sents      : 0

 ACL Downloaded From KS 10.0.0.5:
   access-list   permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255
   access-list   permit ip 10.3.0.0 0.0.0.255 10.1.0.0 0.0.0.255

KEK POLICY:
    Rekey Transport Type     : Unicast
    Lifetime (secs)          : 84613
    Encrypt Algorithm        : 3DES
    Key Size                 : 192
    Sig Hash Algorithm       : HMAC_AUTH_SHA
    Sig Key Length (bits)    : 2352

TEK POLICY for the current KS-Policy ACEs Downloaded:
  wan0:
    IPsec SA:
        spi: 0xA3D6592E(2748733742)
        KGS: Disabled
        transform: esp-aes esp-sha256-hmac
        sa timing:remaining key lifetime (sec): (1815)
        Anti-Replay(Counter Based) : 64
        tag method : disabled
        alg key size: 16 (bytes)
        sig key size: 32 (bytes)
        encaps: ENCAPS_TUNNEL

KGS POLICY:
  REG_GM: local_addr 172.16.1.2

P2P POLICY:
  REG_GM: local_addr 172.16.1.2
)");
}

TEST_CASE("the document has what its description promises") {
  const auto document = json::parse(Member{}.document());
  CHECK(document["schema"] == 1);
  CHECK(document["state"] == "registered");
  CHECK(document["group"] == json{{"name", "GDOI-GROUP"}, {"identity", "100"}});
  CHECK(document["key_servers"][1] == json{{"address", "10.0.0.6"}, {"port", 848}});
  CHECK(document["interfaces"] == json{"wan0"});
  CHECK(document["local"] == json{{"address", "172.16.1.2"}, {"port", 848}});
  CHECK(document["registration"]["registered_with"] ==
        json{{"address", "10.0.0.5"}, {"port", 848}});
  CHECK(document["registration"]["reregister_in"] == 1580);
  CHECK(document["registration"]["retry_in"].is_null());
  CHECK(document["registration"]["last_failure"].is_null());
  CHECK(document["registration"]["datagrams_dropped"] == 4);
  CHECK(document["acl"][0] == json{{"action", "permit"},
                                   {"match", "ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255"},
                                   {"never_matches", false},
                                   {"spi", "0xA3D6592E"}});
  CHECK(document["kek"]["spi"] == "5D5D5D5D5D5D5D5D5E5E5E5E5E5E5E5E");
  CHECK(document["kek"]["remaining"] == 84613);
  const auto& tek = document["teks"][0];
  CHECK(tek["spi"] == "0xA3D6592E");
  CHECK(tek["remaining"] == 1815);
  CHECK(tek["current"] == true);
  CHECK(tek["send"] == true);
  CHECK(tek["receive"] == true);
  CHECK(tek["counters"]["in"]["packets"] == 10);
  CHECK(tek["counters"]["in"]["integrity_errors"] == 2);
  CHECK(tek["counters"]["out"]["bytes"] == 1008);
}

TEST_CASE("no key is in the document") {
  // The keys of the fixtures are one octet repeated: 2E for the TEK, 01 and 02 for the KEK.
  const auto document = Member{}.document();
  CHECK_THAT(document, !Catch::Contains("2e2e2e", Catch::CaseSensitive::No));
  CHECK_THAT(document, !Catch::Contains("010101") && !Catch::Contains("020202"));
}

TEST_CASE("the document is one line whatever names the operator gave") {
  Member member;
  member.config.group_name = "Gr\xff\xfe\"\\";
  CHECK(member.document().find('\n') == std::string::npos);
  CHECK_FALSE(json::parse(member.document(), nullptr, false).is_discarded());
}

TEST_CASE("before there is a route nothing is claimed") {
  Member member;
  StatusView view;
  view.config = &member.config;
  const auto document = status_json(view, start);
  CHECK(json::parse(document)["state"] == "waiting for a route");
  const auto text = show_text(document);
  REQUIRE(text.has_value());
  CHECK_THAT(*text, Catch::Contains("Registration status   : Not Registered\n"));
  CHECK_THAT(*text, Catch::Contains("Active TEK Number     : 0\n"));
  CHECK_THAT(*text, Catch::Contains("KEK POLICY:\n    none\n"));
  CHECK(status_line(view, start) == "waiting for a route to a key server");
}

TEST_CASE("a failed registration is shown with its reason and the next try") {
  Member member;
  member.status = {};
  member.status.state = gdoi::MemberStatus::State::waiting;
  member.status.current_key_server = key_server("10.0.0.6");
  member.status.retry_at = member.now + milliseconds{4001};
  member.status.last_failure = gdoi::Error{gdoi::Errc::timed_out, "message 2", 0};
  auto view = member.view();
  view.sas = nullptr;
  const auto document = status_json(view, member.now);
  CHECK(json::parse(document)["registration"]["last_failure"] == "timed out: message 2");
  const auto text = show_text(document).value();
  CHECK_THAT(text, Catch::Contains("Registration status   : Not Registered\n"));
  CHECK_THAT(text, Catch::Contains("Remote addr/port      : 10.0.0.6/848\n"));
  CHECK_THAT(text, Catch::Contains("Re-registers in       : 5 sec\n"));
}

TEST_CASE("replay protection that is off is shown as disabled") {
  Member member;
  member.plane.replay_window = 0;
  REQUIRE(member.sas.reapply(member.plane, start).has_value());
  CHECK_THAT(member.text(), Catch::Contains("Anti-Replay(Counter Based) : Disabled\n"));
}

TEST_CASE("a member whose keys all ran out is not shown as registered") {
  Member member;
  member.status.state = gdoi::MemberStatus::State::waiting;
  member.now = start + seconds{3600};
  REQUIRE(member.sas.wake(member.plane, member.now).applied.has_value());
  CHECK_THAT(member.text(), Catch::Contains("Registration status   : Not Registered\n"));
  CHECK_THAT(member.text(), Catch::Contains("Active TEK Number     : 0\n"));
  CHECK_THAT(member.text(), Catch::Contains("permit ip 10.1.0.0"));

  member.status.state = gdoi::MemberStatus::State::registering;
  CHECK_THAT(member.text(), Catch::Contains("Registration status   : Registering\n"));
}

TEST_CASE("an expired KEK is no longer shown") {
  Member member;
  member.now = start + seconds{86398};
  CHECK(json::parse(member.document())["kek"].is_null());
}

TEST_CASE("a multicast KEK, AES and SHA-2 have Cisco's names") {
  Member member;
  auto policy = lab_policy(9);
  auto& shown = member.keks[0].policy;
  shown.destination.addresses = {ip("239.1.1.1"), ip("239.1.1.1")};
  shown.cipher = gdoi::CipherAlgorithm::aes_cbc;
  shown.key_bits = 256;
  shown.signature_hash = gdoi::HashAlgorithm::sha512;
  policy.teks[0].policy.key_bits = 256;
  policy.teks[0].policy.integrity = gdoi::IntegrityId::hmac_sha1_96;
  REQUIRE(member.sas.install(std::move(policy), key_server(), member.plane, start).has_value());
  const auto text = member.text();
  CHECK_THAT(text, Catch::Contains("Rekey Transport Type     : Multicast\n"));
  CHECK_THAT(text, Catch::Contains("Encrypt Algorithm        : AES\n"));
  CHECK_THAT(text, Catch::Contains("Key Size                 : 256\n"));
  CHECK_THAT(text, Catch::Contains("Sig Hash Algorithm       : HMAC_AUTH_SHA512\n"));
  CHECK_THAT(text, Catch::Contains("transform: esp-256-aes esp-sha-hmac\n"));
  CHECK_THAT(text, Catch::Contains("Active TEK Number     : 2\n"));
}

TEST_CASE("a list whose key server is gone is of an unknown one") {
  Member member;
  member.status.registered_with.reset();
  CHECK_THAT(member.text(), Catch::Contains(" ACL Downloaded From KS UNKNOWN:\n"));
}

TEST_CASE("a KEK that names no hash is shown with the one that counts") {
  Member member;
  auto& shown = member.keks[0].policy;
  shown.signature_hash.reset();
  CHECK_THAT(member.text(), Catch::Contains("Sig Hash Algorithm       : HMAC_AUTH_SHA\n"));
  shown.signature = gdoi::SignatureAlgorithm::ecdsa384;
  CHECK_THAT(member.text(), Catch::Contains("Sig Hash Algorithm       : HMAC_AUTH_SHA384\n"));
}

TEST_CASE("a line that never matches is marked") {
  Member member;
  auto policy = lab_policy(0xa3d6592e);
  auto narrow = policy.entries[0];
  narrow.selector.protocol = 6;
  policy.entries.push_back(narrow);
  REQUIRE(member.sas.install(std::move(policy), key_server(), member.plane, start).has_value());
  CHECK_THAT(member.text(),
             Catch::Contains("   access-list   permit tcp 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255 "
                             "(never matches)\n"));
  const auto acl = json::parse(member.document())["acl"];
  CHECK(acl[0]["never_matches"] == false);
  CHECK(acl[2]["never_matches"] == true);
}

TEST_CASE("sender IDs are shown when the key server allotted some") {
  Member member;
  CHECK(json::parse(member.document())["sender_ids"].is_null());
  auto policy = lab_policy(0xa3d6592e);
  policy.sender_ids = gdoi::SenderIds{24, {0x1234, 0x1235}};
  REQUIRE(member.sas.install(std::move(policy), key_server(), member.plane, start).has_value());
  CHECK(json::parse(member.document())["sender_ids"] ==
        json{{"bits", 24}, {"values", {0x1234, 0x1235}}});
  CHECK_THAT(member.text(), Catch::Contains(R"(GM Sender ID (SID) Information for Group GDOI-GROUP:
    Group Member: 172.16.1.2 vrf: None
        Transform Mode               : Counter (Suite B)
        # of SIDs Last Requested     : 0
    CURRENT SIDs:
        SID Length (Group Size)      : 24 bits (MEDIUM)
        # of SIDs Downloaded         : 2
        First SID Downloaded         : 0x00001234
        Last SID Downloaded          : 0x00001235
)"));
  REQUIRE(
      member.sas.install(lab_policy(0xa3d6592e), key_server(), member.plane, start).has_value());
  CHECK(json::parse(member.document())["sender_ids"].is_null());
}

TEST_CASE("what is configured to be accepted is shown") {
  Member member;
  member.config = make_config({{"ks", "10.0.0.5", "t"},
                               {"group", "100", "t"},
                               {"transform", "esp-aes, esp-sha256-hmac", "t"},
                               {"rekey-hash", "any", "t"}},
                              {})
                      .value();
  const auto text = member.text();
  CHECK_THAT(text, Catch::Contains("allowable rekey hash  : any\n"));
  CHECK_THAT(text, Catch::Contains("allowable transformtag: esp-aes esp-sha256-hmac\n"));
}

TEST_CASE("a line with two TEKs is one line of the list") {
  Member member;
  auto policy = lab_policy(0xa3d6592e);
  policy.entries.push_back(permit(policy.entries[0].selector, 9));
  policy.teks.push_back(tek(9));
  REQUIRE(member.sas.install(std::move(policy), key_server(), member.plane, start).has_value());
  const auto text = member.text();
  const std::string line = "access-list   permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255";
  const auto at = text.find(line);
  REQUIRE(at != std::string::npos);
  CHECK(text.find(line, at + 1) == std::string::npos);
  CHECK(json::parse(member.document())["acl"].size() == 3);
}

TEST_CASE("rekeys are shown as Cisco does") {
  Member member;
  auto& rekeys = member.status.rekeys;
  rekeys.unicast = 7;
  rekeys.since_registration = 3;
  rekeys.acknowledgements_sent = 8;
  rekeys.last_from = key_server("10.0.0.6");
  rekeys.last_sequence = gdoi::SequenceNumber{41};
  rekeys.last_at = member.now - seconds{3723};
  const auto text = member.text();
  CHECK_THAT(text, Catch::Contains("Rekeys received          : 7\n"));
  CHECK_THAT(text, Catch::Contains("Last rekey from       : 10.0.0.6\n"));
  CHECK_THAT(text, Catch::Contains("Last rekey seq num    : 41\n"));
  CHECK_THAT(text, Catch::Contains("Unicast rekey received: 7\n"));
  CHECK_THAT(text, Catch::Contains("Rekey ACKs sent       : 8\n"));
  CHECK_THAT(text, Catch::Contains("Rekey Rcvd(hh:mm:ss)  : 01:02:03\n"));
  CHECK_THAT(text, Catch::Contains("After latest register : 3\n"));
}

TEST_CASE("fail-close, passive mode and local exceptions are shown") {
  Member member;
  member.config = make_config({{"ks", "10.0.0.5", "t"},
                               {"group", "100", "t"},
                               {"deny", "tcp any any eq 22", "t"},
                               {"fail-close", "yes", "t"},
                               {"fail-close-revert", "yes", "t"},
                               {"passive", "yes", "t"}},
                              {})
                      .value();
  const auto text = member.text();
  CHECK_THAT(text, Catch::Contains("Fail-Close Revert : Enabled\n"));
  CHECK_THAT(text, Catch::Contains("IPSec SA Direction       : Inbound Only\n"));
  CHECK_THAT(text, Catch::Contains(" ACL Configured Locally:\n"
                                   "   access-list   deny tcp any any port = 22\n"
                                   "   access-list   deny tcp any port = 22 any\n"));
  CHECK(json::parse(member.document())["fail_close"] ==
        json{{"configured", true}, {"revert", true}, {"in_force", false}});
  REQUIRE(member.sas.close(member.plane).has_value());
  CHECK(json::parse(member.document())["fail_close"]["in_force"] == true);
}

TEST_CASE("the line for systemd says with whom, on what and how long") {
  const Member member;
  CHECK(status_line(member.view(), member.now) ==
        "registered with 10.0.0.5, TEK 0xA3D6592E, re-registers in 1580 s");
}

TEST_CASE("an answer that is no status document is refused") {
  CHECK_THAT(failure(""), Catch::StartsWith("malformed reply of the daemon"));
  CHECK_THAT(failure("[]"), Catch::StartsWith("malformed reply of the daemon"));
  CHECK_THAT(failure("{}"), Catch::StartsWith("malformed reply of the daemon"));
  CHECK(failure(R"({"schema":3})") == "the daemon speaks schema 3, this program 1 and 2");
  CHECK(failure(R"({"schema":1,"error":"no"})") == "the daemon says: no");
  CHECK_THAT(failure(R"({"schema":1})"), Catch::StartsWith("malformed reply of the daemon"));
  auto damaged = json::parse(Member{}.document());
  damaged["teks"][0]["spi"] = "nonsense";
  CHECK_THAT(failure(damaged.dump()), Catch::StartsWith("malformed reply of the daemon"));
}

TEST_CASE("show --json prints the same document, indented") {
  const auto document = Member{}.document();
  const auto shown = show_json(document);
  REQUIRE(shown.has_value());
  CHECK(json::parse(*shown) == json::parse(document));
  CHECK_THAT(*shown, Catch::StartsWith("{\n  \"acl\""));
}

TEST_CASE("several groups are one list, and each is shown as it would be alone") {
  const Member member;
  const auto list = list_json({member.document(), member.document()});
  const auto document = json::parse(list);
  CHECK(document["schema"] == 2);
  CHECK(document["version"] == json::parse(member.document())["version"]);
  REQUIRE(document["groups"].size() == 2);
  CHECK(document["groups"][1] == json::parse(member.document()));
  CHECK(show_text(list).value() == member.text() + "\n" + member.text());
  CHECK_THAT(failure(R"({"schema":2,"groups":[{"schema":2}]})"),
             Catch::StartsWith("malformed reply of the daemon"));
}

TEST_CASE("a KEK whose rekeys go to a group of either family is shown as multicast") {
  Member member;
  auto& to = member.keks[0].policy.destination.addresses;
  const auto group = [&](std::string_view text) {
    to.first = to.last = parse_ipv6(text).value();
    return json::parse(member.document())["kek"]["transport"];
  };
  CHECK(group("ff1e::1") == "multicast");
  CHECK(group("2001:db8::1") == "unicast");
}

TEST_CASE("what is received and sent on is what the data plane said") {
  Member member;
  const auto& applied = member.sas.applied();
  REQUIRE(applied.teks.size() == 1);
  const auto tek = [&] { return json::parse(member.document())["teks"][0]; };
  CHECK(tek()["not_sent"].is_null());
  CHECK(tek()["replay_window"] == 64);
  member.plane.refusal = "no";
  CHECK_FALSE(member.sas.drop_teks(member.plane, member.now).has_value());
  CHECK(tek()["send"] == true);
  member.plane.refusal.clear();
  member.plane.not_sent = NotSent::passive;
  member.plane.replay_window = 0;
  REQUIRE(member.sas.reapply(member.plane, member.now).has_value());
  CHECK(tek()["send"] == false);
  CHECK(tek()["receive"] == true);
  CHECK(tek()["not_sent"] == "passive");
  CHECK(tek()["replay_window"] == 0);
}

TEST_CASE("fail-close is in force when the data plane is closed, not when it is configured") {
  Member member;
  const auto shown = [&](const StatusView& view) {
    const auto document = json::parse(status_json(view, start));
    return std::pair{document["fail_close"]["in_force"].get<bool>(), document["enforced"]};
  };
  member.config.fail_close = true;
  CHECK(shown(member.view()) == std::pair{false, json("key server")});
  member.sas = SaTable{};
  CHECK(shown(member.view()) == std::pair{false, json()});
  member.sas.adopt({{{gdoi::Spi{7}, false, seconds{60}}}, true}, start);
  CHECK(shown(member.view()) == std::pair{false, json("predecessor")});
  REQUIRE(member.sas.close(member.plane).has_value());
  CHECK(shown(member.view()) == std::pair{true, json("fail-close")});

  StatusView without_route;
  without_route.config = &member.config;
  CHECK(shown(without_route) == std::pair{false, json()});
  without_route.early_mode = Installation::Mode::closed;
  CHECK(shown(without_route) == std::pair{true, json("fail-close")});
  without_route.early_mode = Installation::Mode::list;
  CHECK(shown(without_route) == std::pair{false, json("predecessor")});
}

TEST_CASE("the path of key management is that of the key server spoken with") {
  Member member;
  CHECK(json::parse(member.document())["key_management_path"] == "ipv4");
  member.config.key_servers.push_back({parse_ipv6("2001:db8::5").value(), 848});
  StatusView before;
  before.config = &member.config;
  CHECK(json::parse(status_json(before, start))["key_management_path"] == "ipv4, ipv6");
  member.status.current_key_server = member.config.key_servers.back();
  CHECK_THAT(member.text(), Catch::Contains("Key Management Path      : ipv6\n"));
}
