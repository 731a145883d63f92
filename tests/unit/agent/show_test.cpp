// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/show.h"

#include "agent/config/access_list.h"
#include "tests/unit/agent/shown_member.h"

namespace show_test {

using namespace agent;
using namespace support;
using nlohmann::json;

namespace {

std::string failure(const std::string& document) {
  const auto shown = show_text(document);
  return shown ? "" : shown.error().what;
}

}  // namespace

TEST_CASE("show has the shape of show crypto gdoi") {
  CHECK(ShownMember{}.text() ==
        R"(GROUP INFORMATION

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
            json::parse(ShownMember{}.document())["version"].get<std::string>() +
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
       DP Error Monitoring   : ON
       IPSEC init reg executed    : 0
       IPSEC init reg postponed   : 0
       Active TEK Number     : 1
       SA Track (OID/status) : disabled
       Fail-Close Revert : Disabled
       Dropped in clear (in/out): 3/5
       Hostile settings : none

       allowable rekey cipher: 3des aes128 aes192 aes256
       allowable rekey hash  : sha1 sha256 sha384 sha512
       allowable transformtag: any but (esp-3des esp-null esp-md5-hmac) ESP

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

TEST_CASE("hostile settings of the machine are shown with their remedies") {
  ShownMember member;
  member.findings->push_back({"net.ipv4.conf.all.disable_xfrm = 1", "nothing is encrypted",
                              "sysctl -w net.ipv4.conf.all.disable_xfrm=0"});
  CHECK(member.text().find(R"(
       Hostile settings : 1
         net.ipv4.conf.all.disable_xfrm = 1
           nothing is encrypted
           remedy: sysctl -w net.ipv4.conf.all.disable_xfrm=0

)") != std::string::npos);
  CHECK(json::parse(member.document())["hostile_settings"] ==
        json::parse(R"([{"setting": "net.ipv4.conf.all.disable_xfrm = 1",
                         "effect": "nothing is encrypted",
                         "remedy": "sysctl -w net.ipv4.conf.all.disable_xfrm=0"}])"));
  member.findings.reset();
  CHECK(member.text().find("Hostile settings : unknown\n") != std::string::npos);
  CHECK(json::parse(member.document())["hostile_settings"].is_null());
}

TEST_CASE("a long change of the kernel under way is shown with how far it is") {
  ShownMember member;
  CHECK(json::parse(member.document())["progress"].is_null());
  CHECK(member.text().find("Installing") == std::string::npos);

  member.work = agent::KernelWork{gdoi::Address::Family::ipv4, false, 4352, 10000};
  CHECK(json::parse(member.document())["progress"] ==
        json::parse(R"({"work": "installing", "family": "ipv4", "entries_done": 4352,
                        "entries": 10000})"));
  CHECK(member.text().find("       Installing            : 4352 of 10000 entries (ipv4)\n") !=
        std::string::npos);
  CHECK(agent::work_line(*member.work) == "installing: 4352 of 10000 entries (ipv4)");

  member.work = agent::KernelWork{gdoi::Address::Family::ipv6, true, 0, 700};
  CHECK(json::parse(member.document())["progress"]["work"] == "removing");
  CHECK(member.text().find("       Removing              : 0 of 700 entries (ipv6)\n") !=
        std::string::npos);
}

TEST_CASE("replay protection that is off is shown as disabled") {
  ShownMember member;
  member.plane.replay_window = 0;
  REQUIRE(member.sas.reapply(member.plane, start).has_value());
  CHECK_THAT(member.text(), Catch::Contains("Anti-Replay(Disabled) : 0\n"));
}

TEST_CASE("senders with replay windows are shown with what their windows dropped") {
  ShownMember member;
  CHECK(member.text().find("sender ") == std::string::npos);
  auto view = member.view();
  view.counters[0].senders = {{*agent::parse_prefix("10.1.0.0/16"), 7, 1},
                              {*agent::parse_prefix("::/0"), 3, 0}};
  const auto document = agent::status_json(view, member.now);
  const auto in = json::parse(document)["teks"][0]["counters"]["in"];
  CHECK(in["senders"][0] == json{{"network", "10.1.0.0/16"}, {"packets", 7}, {"replay_errors", 1}});
  CHECK(in["packets"] == 10);
  const auto shown = agent::show_text(document);
  REQUIRE(shown.has_value());
  CHECK_THAT(*shown, Catch::Contains("          sender 10.1.0.0/16: 7 packets, 1 replays dropped\n"
                                     "          sender ::/0: 3 packets, 0 replays dropped\n"));
}

TEST_CASE("a member whose keys all ran out is not shown as registered") {
  ShownMember member;
  member.status.state = gdoi::MemberStatus::State::waiting;
  member.now = start + seconds{3600};
  REQUIRE(member.sas.wake(member.plane, member.now).applied.has_value());
  CHECK_THAT(member.text(), Catch::Contains("Registration status   : Unregistered\n"));
  CHECK_THAT(member.text(), Catch::Contains("Active TEK Number     : 0\n"));
  CHECK_THAT(member.text(), Catch::Contains("permit ip 10.1.0.0"));

  member.status.state = gdoi::MemberStatus::State::registering;
  CHECK_THAT(member.text(), Catch::Contains("Registration status   : Registering\n"));
}

TEST_CASE("a multicast KEK, AES and SHA-2 have Cisco's names") {
  ShownMember member;
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

TEST_CASE("a list whose key server is gone is of none") {
  ShownMember member;
  member.status.registered_with.reset();
  CHECK_THAT(member.text(), Catch::Contains(" ACL Downloaded From KS 0.0.0.0:\n"));
}

TEST_CASE("a KEK that names no hash is shown with the one that counts") {
  ShownMember member;
  auto& shown = member.keks[0].policy;
  shown.signature_hash.reset();
  CHECK_THAT(member.text(), Catch::Contains("Sig Hash Algorithm       : HMAC_AUTH_SHA\n"));
  shown.signature = gdoi::SignatureAlgorithm::ecdsa384;
  CHECK_THAT(member.text(), Catch::Contains("Sig Hash Algorithm       : HMAC_AUTH_SHA384\n"));
}

TEST_CASE("a line that never matches is marked") {
  ShownMember member;
  auto policy = lab_policy(0xa3d6592e);
  auto narrow = policy.entries[0];
  narrow.selector.protocol = 6;
  policy.entries.push_back(narrow);
  REQUIRE(member.sas.install(std::move(policy), key_server(), member.plane, start).has_value());
  CHECK_THAT(member.text(),
             Catch::Contains("   access-list   permit tcp 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255\n"
                             "      (never matches)\n"));
  const auto acl = json::parse(member.document())["acl"];
  CHECK(acl[0]["never_matches"] == false);
  CHECK(acl[2]["never_matches"] == true);
}

TEST_CASE("sender IDs are shown when the key server allotted some") {
  ShownMember member;
  CHECK(json::parse(member.document())["sender_ids"].is_null());
  auto policy = lab_policy(0xa3d6592e);
  policy.sender_ids = gdoi::SenderIds{24, {0x1234, 0x1235}};
  REQUIRE(member.sas.install(std::move(policy), key_server(), member.plane, start).has_value());
  CHECK(json::parse(member.document())["sender_ids"] ==
        json{{"bits", 24}, {"values", {0x1234, 0x1235}}});
  CHECK_THAT(member.text(), Catch::Contains(R"(GM Sender ID (SID) Information for Group GDOI-GROUP:

  Group Member: 172.16.1.2       vrf: None
    Transform Mode                  : Counter (Suite-B)
    # of SIDs Last Requested        : 0

    CURRENT SIDs: 0x00001234-0x00001235
      # of SIDs Downloaded          : 2
      First SID Downloaded          : 0x00001234
      Last SID Downloaded           : 0x00001235
)"));
  REQUIRE(
      member.sas.install(lab_policy(0xa3d6592e), key_server(), member.plane, start).has_value());
  CHECK(json::parse(member.document())["sender_ids"].is_null());
}

TEST_CASE("what is configured to be accepted is shown") {
  ShownMember member;
  member.config = make_config({{"ks", "10.0.0.5", "t"},
                               {"group", "100", "t"},
                               {"transform", "esp-aes, esp-sha256-hmac", "t"},
                               {"rekey-hash", "any", "t"}},
                              {})
                      .value();
  const auto text = member.text();
  CHECK_THAT(text, Catch::Contains("allowable rekey hash  : any\n"));
  CHECK_THAT(text, Catch::Contains("allowable transformtag: esp-aes esp-sha256-hmac ESP\n"));
}

TEST_CASE("a line with two TEKs is one line of the list") {
  ShownMember member;
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
  ShownMember member;
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
  ShownMember member;
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
  CHECK_THAT(text, Catch::Contains("IPSec SA Direction       : Inbound\n"));
  CHECK_THAT(text, Catch::Contains(" ACL Configured Locally: 2 lines before it, see"));
  const auto local = show_text(member.document(), {ShowView::gm_acl_local, {}, {}, {}}).value();
  CHECK_THAT(local, Catch::Contains(" ACL Configured Locally:\n"
                                    "   access-list   deny tcp any any port = 22\n"
                                    "   access-list   deny tcp any port = 22 any\n"));
  CHECK(json::parse(member.document())["fail_close"] ==
        json{{"configured", true}, {"revert", true}, {"in_force", false}});
  REQUIRE(member.sas.close(member.plane).has_value());
  CHECK(json::parse(member.document())["fail_close"]["in_force"] == true);
}

TEST_CASE("an answer that is no status document is refused") {
  CHECK_THAT(failure(""), Catch::StartsWith("malformed reply of the daemon"));
  CHECK_THAT(failure("[]"), Catch::StartsWith("malformed reply of the daemon"));
  CHECK_THAT(failure("{}"), Catch::StartsWith("malformed reply of the daemon"));
  CHECK(failure(R"({"schema":3})") == "the daemon speaks schema 3, this program 1 and 2");
  CHECK(failure(R"({"schema":1,"error":"no"})") == "the daemon says: no");
  CHECK_THAT(failure(R"({"schema":1})"), Catch::StartsWith("malformed reply of the daemon"));
  auto damaged = json::parse(ShownMember{}.document());
  damaged["teks"][0]["spi"] = "nonsense";
  CHECK_THAT(failure(damaged.dump()), Catch::StartsWith("malformed reply of the daemon"));
}

TEST_CASE("show --json prints the same document, indented") {
  const auto document = ShownMember{}.document();
  const auto shown = show_json(document);
  REQUIRE(shown.has_value());
  CHECK(json::parse(*shown) == json::parse(document));
  CHECK_THAT(*shown, Catch::StartsWith("{\n  \"acl\""));
}

TEST_CASE("several groups are one list, and each is shown as it would be alone") {
  const ShownMember member;
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

}  // namespace show_test
