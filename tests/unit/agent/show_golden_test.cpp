// SPDX-License-Identifier: GPL-2.0-or-later
// Each `show` in each state, as a whole: golden/STATE.txt. With GETVPN_GOLDEN=write in the
// environment the files are written instead of compared; read what changed before it is kept.
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "agent/config/access_list.h"
#include "agent/config/show_command.h"
#include "tests/unit/agent/shown_member.h"

namespace show_golden_test {

using namespace agent;
using namespace support;
using nlohmann::json;

namespace {

constexpr std::array views{
    "",
    "detail",
    "gm",
    "gm acl",
    "gm acl local",
    "gm rekey",
    "gm rekey detail",
    "gm dataplane counters",
    "gm replay",
    "gm identifier",
    "gm identifier detail",
    "gm pubkey",
    "rekey sa",
    "rekey sa detail",
    "ipsec sa",
    "feature",
};

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in{line};
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

// everything is the answer to each command, below the command. The version of the product stands
// for itself.
std::string everything(std::string document) {
  auto parsed = json::parse(document);
  parsed["version"] = "1.2.3";
  document = parsed.dump();
  std::string out = "# SPDX-License-Identifier: GPL-2.0-or-later\n\n";
  for (const std::string view : views) {
    const auto command = parse_show(words_of(view));
    REQUIRE(command.has_value());
    const auto shown = show_text(document, *command);
    INFO((shown ? "" : shown.error().what));
    REQUIRE(shown.has_value());
    out += "# show crypto gdoi" + (view.empty() ? "" : " " + view) + "\n" + *shown + "\n";
  }
  return out;
}

void compare(const std::string& state, const std::string& document) {
  const auto file = std::string{GETVPN_SOURCE_DIR} + "/tests/unit/agent/golden/" + state + ".txt";
  const auto shown = everything(document);
  const char* const wish = std::getenv("GETVPN_GOLDEN");
  if (wish != nullptr && std::string_view{wish} == "write") std::ofstream{file} << shown;
  std::stringstream golden;
  golden << std::ifstream{file}.rdbuf();
  INFO("GETVPN_GOLDEN=write writes " + file);
  CHECK(shown == golden.str());
}

GroupConfig configured(const Settings& more = {}, const std::string& ks = "10.0.0.5, 10.0.0.6") {
  Settings all{{"ks", ks, "t"},
               {"group", "100", "t"},
               {"group-name", "getvpn1", "t"},
               {"replay-window", "64", "t"}};
  all.insert(all.end(), more.begin(), more.end());
  return make_config(all, {}).value();
}

// A member of the lab that had two rekeys.
struct Registered : ShownMember {
  IpsecErrors errors{1, 2, 0, 0};
  Registered() {
    config = configured();
    status.rekeys.unicast = 2;
    status.rekeys.since_registration = 2;
    status.rekeys.acknowledgements_sent = 2;
    status.rekeys.last_from = key_server();
    status.rekeys.last_sequence = gdoi::SequenceNumber{2};
    status.rekeys.last_at = now - seconds{90};
    status.rekeys.keks_taken = 2;
    keks[0].last_sequence = gdoi::SequenceNumber{2};
    keks[0].policy.acknowledgement = gdoi::AckType::kek_sha256;
    keks[0].signature_key = gdoi::Bytes(70, std::byte{0x3a});
    keks[0].signature_octets = 256;
  }
  [[nodiscard]] StatusView view() const {
    auto out = ShownMember::view();
    out.config = &config;
    out.ipsec_errors = errors;
    return out;
  }
  [[nodiscard]] std::string document() const { return status_json(view(), now); }
};

}  // namespace

TEST_CASE("golden: registered") { compare("registered", Registered{}.document()); }

TEST_CASE("golden: between two TEKs and two KEKs") {
  Registered member;
  auto policy = lab_policy(0x5a69f51e);
  policy.entries.push_back(deny(selector(site(5), any())));
  policy.entries.back().selector.protocol = 6;
  policy.entries.back().selector.destination.port = 22;
  std::rotate(policy.entries.begin(), policy.entries.end() - 1, policy.entries.end());
  policy.entries.push_back(permit(selector(site(1), site(3)), 0x5a69f51e));
  policy.entries.back().selector.protocol = 17;
  policy.entries.back().selector.destination.port = 1024;
  policy.entries.back().selector.destination.last_port = 2047;
  REQUIRE(
      member.sas.install(std::move(policy), key_server(), member.plane, member.now).has_value());
  auto next = kek_status(kek(0x21));
  next.role = gdoi::RekeyRole::next;
  next.signature_key = gdoi::Bytes(4, std::byte{0x11});
  next.signature_octets = 256;
  member.keks.push_back(next);
  member.status.rekeys.keks_taken = 3;
  compare("rollover", member.document());
}

TEST_CASE("golden: passive") {
  Registered member;
  member.config = configured({{"passive", "yes", "t"}});
  member.plane.not_sent = NotSent::passive;
  REQUIRE(member.sas.reapply(member.plane, member.now).has_value());
  compare("passive", member.document());
}

TEST_CASE("golden: multicast rekeys") {
  Registered member;
  member.keks[0].policy.destination.addresses = {ip("239.1.1.1"), ip("239.1.1.1")};
  std::swap(member.status.rekeys.unicast, member.status.rekeys.multicast);
  compare("multicast", member.document());
}

TEST_CASE("golden: both families, and a window for each sender") {
  Registered member;
  auto policy = lab_policy(0xa3d6592e);
  const auto lan1 = *parse_prefix("2001:db8:1::/64"), lan3 = *parse_prefix("2001:db8:3::/64");
  policy.entries.push_back(permit(selector(lan1, lan3), 0xa3d6592e));
  policy.entries.push_back(permit(selector(lan3, lan1), 0xa3d6592e));
  REQUIRE(
      member.sas.install(std::move(policy), key_server(), member.plane, member.now).has_value());
  auto view = member.view();
  view.counters[0].senders = {{*parse_prefix("10.3.0.0/24"), 7, 1},
                              {*parse_prefix("2001:db8:3::/64"), 3, 0}};
  compare("dual-stack", status_json(view, member.now));
}

TEST_CASE("golden: sender IDs") {
  Registered member;
  gdoi::GroupPolicy policy;
  policy.entries = {permit(selector(site(1), site(3)), 9)};
  policy.teks.push_back(gcm_tek(9));
  policy.sender_ids = gdoi::SenderIds{24, {0x1234, 0x1235}};
  REQUIRE(
      member.sas.install(std::move(policy), key_server(), member.plane, member.now).has_value());
  compare("sender-ids", member.document());
}

TEST_CASE("golden: local exceptions and accepted algorithms") {
  Registered member;
  member.config = configured({{"deny", "tcp any any eq 22", "t"},
                              {"transform", "esp-aes, esp-sha256-hmac", "t"},
                              {"rekey-hash", "any", "t"},
                              {"fail-close", "yes", "t"},
                              {"fail-close-revert", "yes", "t"}});
  compare("local-deny", member.document());
}

TEST_CASE("golden: a key server by IPv6") {
  Registered member;
  member.config = configured({}, "2001:db8::5");
  const gdoi::Endpoint server{parse_prefix("2001:db8::5")->first, 848};
  member.status.registered_with = member.status.current_key_server = server;
  member.status.rekeys.last_from = server;
  auto& kek = member.keks[0].policy;
  kek.source.addresses = {server.address, server.address};
  auto view = member.view();
  view.local_address = parse_prefix("2001:db8::2")->first;
  kek.destination.addresses = {*view.local_address, *view.local_address};
  view.keks = member.keks;
  compare("ipv6-key-server", status_json(view, member.now));
}

TEST_CASE("golden: waiting for the next try") {
  Registered member;
  member.status = {};
  member.status.state = gdoi::MemberStatus::State::waiting;
  member.status.current_key_server = key_server("10.0.0.6");
  member.status.registrations_attempted = 2;
  member.status.retry_at = member.now + seconds{5};
  member.status.last_failure = gdoi::Error{gdoi::Errc::timed_out, "message 2", 0};
  auto view = member.view();
  view.sas = nullptr;
  view.keks.clear();
  view.counters.clear();
  compare("waiting", status_json(view, member.now));
}

TEST_CASE("golden: no route to a key server") {
  GroupConfig config = configured();
  StatusView view;
  view.config = &config;
  compare("no-route", status_json(view, start));
}

TEST_CASE("golden: after clear") {
  Registered member;
  member.status.state = gdoi::MemberStatus::State::registering;
  member.status.registered_with.reset();
  member.status.reregister_at.reset();
  member.status.rekeys.since_registration = 0;
  member.keks.clear();
  REQUIRE(member.sas.drop_teks(member.plane, member.now).has_value());
  auto view = member.view();
  view.counters.clear();
  compare("cleared", status_json(view, member.now));
}

TEST_CASE("words of show are Cisco's") {
  const auto view_of = [](const std::string& line) { return parse_show(words_of(line))->view; };
  CHECK(view_of("") == ShowView::all);
  CHECK(view_of("crypto gdoi") == ShowView::all);
  CHECK(view_of("crypto gkm gm replay") == ShowView::gm_replay);
  CHECK(view_of("gm dataplan counter") == ShowView::gm_dataplane_counters);
  CHECK(view_of("events") == ShowView::events);

  const auto grouped = parse_show({"crypto", "gdoi", "group", "gm", "gm", "acl"});
  CHECK(grouped->group == "gm");
  CHECK(grouped->view == ShowView::gm_acl);
  const auto named = parse_show({"GDOI-GROUP"});
  CHECK(named->group == "GDOI-GROUP");
  CHECK(named->view == ShowView::all);
  CHECK(named->meant.empty());
  CHECK(parse_show({"evnets"})->meant == "events");
  CHECK(parse_show({"feature", "gm-removal"})->feature == "gm-removal");

  const auto why = [](const std::string& line) { return parse_show(words_of(line)).error().what; };
  CHECK(why("gm acll") == "unknown sub-command 'gm acll' of show, did you mean 'gm acl'?");
  CHECK(why("rekey sa detial") ==
        "unknown sub-command 'rekey sa detial' of show, did you mean 'rekey sa detail'?");
  CHECK(why("crypto map") ==
        "unknown sub-command 'crypto map' of show, did you mean 'crypto gdoi'?");
  CHECK(why("utterly other words") == "unknown sub-command 'utterly other words' of show");
  CHECK(why("group") == "show group needs the name of a group");
}

TEST_CASE("events are shown as monitor prints them") {
  json answer{{"schema", 1}, {"run", "7"}, {"last", 0}, {"lost", 0}, {"events", json::array()}};
  CHECK(events_text(answer.dump()).value() == "nothing happened yet\n");
  answer["events"].push_back({{"number", 1},
                              {"time", "2026-11-28T09:37:28.123Z"},
                              {"group", "getvpn1"},
                              {"event", "registered"},
                              {"text", "%GDOI-5-GM_REGS_COMPL: done"}});
  CHECK(events_text(answer.dump()).value() ==
        "2026-11-28 09:37:28.123Z getvpn1 registered: %GDOI-5-GM_REGS_COMPL: done\n");
  CHECK(events_text(R"({"schema":1,"error":"no"})").error().what == "the daemon says: no");
}

TEST_CASE("a feature is shown, one that there is not is refused") {
  const auto document = Registered{}.document();
  ShowCommand command{ShowView::feature, {}, "gm-removal", {}};
  CHECK_THAT(show_text(document, command).value(),
             Catch::Contains("172.16.1.2       0.") && Catch::Contains(" Yes\n"));
  command.feature = "cts-sgt";
  CHECK_THAT(show_text(document, command).value(), Catch::Contains(" No\n"));
  command.feature = "nonsense";
  CHECK_THAT(show_text(document, command).error().what,
             Catch::StartsWith("there is no feature 'nonsense': ckm, crl-check"));
}

TEST_CASE("the kernel's counters of errors are read by name") {
  const auto errors = parse_ipsec_errors(
      "XfrmInError \t1\nXfrmInHdrError 2\nXfrmInNoStates 3\nXfrmOutNoStates 4\n"
      "XfrmOutBundleGenError 5\nXfrmInStateSeqError 6\n");
  CHECK(errors.decapsulation == 3);
  CHECK(errors.no_sa_in == 3);
  CHECK(errors.no_sa_out == 4);
  CHECK(errors.encapsulation == 5);
}

}  // namespace show_golden_test
