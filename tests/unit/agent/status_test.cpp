// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/status.h"

#include "tests/unit/agent/shown_member.h"

namespace status_test {

using namespace agent;
using namespace support;
using nlohmann::json;

json end_json(const std::string& first, const std::string& last) {
  return {{"first", first}, {"last", last}, {"port", 0}, {"last_port", 0}};
}

TEST_CASE("the document has what its description promises") {
  const auto document = json::parse(ShownMember{}.document());
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
                                   {"protocol", 0},
                                   {"source", end_json("10.1.0.0", "10.1.0.255")},
                                   {"destination", end_json("10.3.0.0", "10.3.0.255")},
                                   {"never_matches", false},
                                   {"spi", "0xA3D6592E"}});
  CHECK(document["kek"]["spi"] == "5D5D5D5D5D5D5D5D5E5E5E5E5E5E5E5E");
  CHECK(document["kek"]["remaining"] == 84613);
  CHECK(document["kek"]["lifetime"] == 86398);
  CHECK(document["kek"]["management"] == 0);
  const auto& tek = document["teks"][0];
  CHECK(tek["spi"] == "0xA3D6592E");
  CHECK(tek["remaining"] == 1815);
  CHECK(tek["lifetime"] == 3600);
  CHECK(tek["esp_transform"] == 12);
  CHECK(tek["current"] == true);
  CHECK(tek["send"] == true);
  CHECK(tek["receive"] == true);
  CHECK(tek["counters"]["in"]["packets"] == 10);
  CHECK(tek["counters"]["in"]["integrity_errors"] == 2);
  CHECK(tek["counters"]["out"]["bytes"] == 1008);
}

TEST_CASE("ESP without a key is told of, with who sent it and what became of it") {
  ShownMember member;
  auto view = member.view();
  const auto quiet = json::parse(status_json(view, member.now))["error_monitoring"];
  CHECK(quiet["enabled"] == true);
  CHECK(quiet["interval"] == 300);
  CHECK(quiet["threshold"] == 10);
  CHECK(quiet["packets"] == 0);
  CHECK(quiet["held_back"].is_null());

  const auto until = member.now + seconds{250};
  view.errors = ErrorMonitoring::Status{
      {23, {1, 0, until}, {{ip("10.3.0.10"), gdoi::Spi{9}, 12, member.now - seconds{7}}}},
      {4, {2, 1, until}},
      {3, 0, {}}};
  const auto document = status_json(view, member.now);
  const auto told = json::parse(document)["error_monitoring"];
  CHECK(told["packets"] == 23);
  CHECK(told["registrations"] == 1);
  CHECK(told["held_back"] == 250);
  CHECK(told["senders"] ==
        json::array({json{
            {"address", "10.3.0.10"}, {"spi", "0x00000009"}, {"packets", 12}, {"last_ago", 7}}}));
  CHECK(told["unknown_kek"] ==
        json{{"rekeys", 4}, {"registrations", 2}, {"postponed", 1}, {"held_back", 250}});
  CHECK(told["one_way"] == json{{"registrations", 3}, {"postponed", 0}, {"held_back", nullptr}});
  CHECK_THAT(show_text(document).value(),
             Catch::Contains("    ESP under unknown SPIs\n"
                             "       Packets               : 23\n"
                             "       No registration within: 250 sec\n"
                             "       from 10.3.0.10 spi 0x00000009 : 12\n\n"
                             "    Rekeys under unknown KEKs\n"
                             "       Rekeys                : 4\n"
                             "       No registration within: 250 sec\n\n"
                             "    Traffic became one-way\n"
                             "       Registrations         : 3\n\n"));
  CHECK_THAT(show_text(document).value(), Catch::Contains("IPSEC init reg executed    : 4\n"));

  member.config.recovery.interval.reset();
  const auto off = member.document();
  CHECK(json::parse(off)["error_monitoring"]["enabled"] == false);
  CHECK(json::parse(off)["error_monitoring"]["interval"].is_null());
  CHECK_THAT(show_text(off).value(), Catch::Contains("DP Error Monitoring   : OFF\n"));
}

TEST_CASE("no key is in the document") {
  // The keys of the fixtures are one octet repeated: 2E for the TEK, 01 and 02 for the KEK.
  const auto document = ShownMember{}.document();
  CHECK_THAT(document, !Catch::Contains("2e2e2e", Catch::CaseSensitive::No));
  CHECK_THAT(document, !Catch::Contains("010101") && !Catch::Contains("020202"));
}

TEST_CASE("the document is one line whatever names the operator gave") {
  ShownMember member;
  member.config.group_name = "Gr\xff\xfe\"\\";
  CHECK(member.document().find('\n') == std::string::npos);
  CHECK_FALSE(json::parse(member.document(), nullptr, false).is_discarded());
}

TEST_CASE("before there is a route nothing is claimed") {
  ShownMember member;
  StatusView view;
  view.config = &member.config;
  const auto document = status_json(view, start);
  CHECK(json::parse(document)["state"] == "waiting for a route");
  const auto text = show_text(document);
  REQUIRE(text.has_value());
  CHECK_THAT(*text, Catch::Contains("Registration status   : Unregistered\n"));
  CHECK_THAT(*text, Catch::Contains("Active TEK Number     : 0\n"));
  CHECK_THAT(*text, Catch::Contains("KEK POLICY:\n"
                                    "    Rekey Transport Type     : None\n"
                                    "    Lifetime (secs)          : 0\n"));
  CHECK(status_line(view, start) == "waiting for a route to a key server");
}

TEST_CASE("a failed registration is shown with its reason and the next try") {
  ShownMember member;
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
  CHECK_THAT(text, Catch::Contains("Registration status   : Unregistered\n"));
  CHECK_THAT(text, Catch::Contains("Remote addr/port      : 10.0.0.6/848\n"));
  CHECK_THAT(text, Catch::Contains("Re-registers in       : 5 sec\n"));
}

TEST_CASE("an expired KEK is no longer shown") {
  ShownMember member;
  member.now = start + seconds{86398};
  CHECK(json::parse(member.document())["kek"].is_null());
}

TEST_CASE("the line for systemd says with whom, on what and how long") {
  const ShownMember member;
  CHECK(status_line(member.view(), member.now) ==
        "registered with 10.0.0.5, TEK 0xA3D6592E, re-registers in 1580 s");
}

TEST_CASE("a KEK whose rekeys go to a group of either family is shown as multicast") {
  ShownMember member;
  auto& to = member.keks[0].policy.destination.addresses;
  const auto group = [&](std::string_view text) {
    to.first = to.last = parse_ipv6(text).value();
    return json::parse(member.document())["kek"]["transport"];
  };
  CHECK(group("ff1e::1") == "multicast");
  CHECK(group("2001:db8::1") == "unicast");
}

TEST_CASE("what is received and sent on is what the data plane said") {
  ShownMember member;
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
  ShownMember member;
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

TEST_CASE("key servers that are given by name are shown with it") {
  ShownMember member;
  auto view = member.view();
  view.key_servers = std::vector<KeyServer>{*parse_key_server("10.0.0.5")};
  view.key_servers->push_back({{ip("10.0.0.8"), 848}, "ks1.example"});
  view.key_server_names = {{"ks1.example", 848, {ip("10.0.0.8")}, ""},
                           {"ks2.example", 8480, {}, "no such name"}};
  const auto text = status_json(view, member.now);
  const auto document = json::parse(text);
  CHECK(document["key_servers"].size() == 2);
  CHECK(document["key_server_names"][0] == json{{"name", "ks1.example"},
                                                {"port", 848},
                                                {"addresses", {"10.0.0.8"}},
                                                {"failure", nullptr}});
  CHECK(document["key_server_names"][1]["failure"] == "no such name");
  CHECK_THAT(show_text(text).value(), Catch::Contains("Group Server list       : 10.0.0.5\n"
                                                      "                               10.0.0.8\n"
                                                      "                               ks1.example "
                                                      "(10.0.0.8)\n"
                                                      "                               ks2.example "
                                                      "(not resolved)\n\n"));
}

TEST_CASE("the path of key management is that of the key server spoken with") {
  ShownMember member;
  CHECK(json::parse(member.document())["key_management_path"] == "ipv4");
  member.config.key_servers.push_back({{parse_ipv6("2001:db8::5").value(), 848}, {}});
  StatusView before;
  before.config = &member.config;
  CHECK(json::parse(status_json(before, start))["key_management_path"] == "ipv4, ipv6");
  member.status.current_key_server = member.config.key_servers.back();
  CHECK_THAT(member.text(), Catch::Contains("Key Management Path      : ipv6\n"));
}

}  // namespace status_test
