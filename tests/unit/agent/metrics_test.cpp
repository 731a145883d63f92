// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/metrics.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/unit/agent/shown_member.h"

namespace metrics_test {

using namespace agent;
using namespace support;

namespace {

struct Told {
  std::map<std::string, std::string> samples;  // name with its labels: value
  std::map<std::string, std::string> types;
  std::set<std::string> helped;
};

// read takes a text apart, as strictly as Prometheus does what concerns the order of lines.
Told read(const std::string& text) {
  REQUIRE(text.ends_with('\n'));
  Told out;
  std::istringstream lines{text};
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      CHECK(line.size() > 7 + family.size() + 5);
      CHECK(out.helped.insert(family).second);
    } else if (line.starts_with("# TYPE ")) {
      REQUIRE(line.starts_with("# TYPE " + family + " "));
      out.types[family] = line.substr(8 + family.size());
    } else {
      REQUIRE(line.starts_with(family + "{"));
      const auto space = line.rfind(' ');
      CHECK(out.samples.emplace(line.substr(0, space), line.substr(space + 1)).second);
    }
  }
  return out;
}

Told told(const StatusView& view, Instant now, const TekTotals& totals = {}) {
  const GroupMetrics one{view, &totals};
  return read(metrics_text({&one, 1}, now));
}

std::string of(const Told& told, const std::string& name, const std::string& more = {}) {
  const auto found = told.samples.find("getvpn_" + name + "{group=\"GDOI-GROUP\"" + more + "}");
  return found == told.samples.end() ? "absent" : found->second;
}

}  // namespace

TEST_CASE("a registered member tells what show tells") {
  ShownMember member;
  member.status.rekeys.unicast = 5;
  member.status.rekeys.refused = 2;
  TekTotals totals;
  totals.add({});
  totals.add(member.view().counters);
  const auto now = told(member.view(), member.now, totals);
  CHECK(now.samples.begin()->first.starts_with("getvpn_build_info{version=\""));
  CHECK(of(now, "group_configured") == "1");
  CHECK(of(now, "group_registered") == "1");
  CHECK(of(now, "group_has_route") == "1");
  CHECK(of(now, "group_receive_only") == "0");
  CHECK(of(now, "group_enforced", R"(,by="key server")") == "1");
  CHECK(of(now, "group_enforced", R"(,by="predecessor")") == "0");
  CHECK(of(now, "group_enforced", R"(,by="fail-close")") == "0");
  CHECK(of(now, "teks") == "1");
  CHECK(of(now, "teks_sent_on") == "1");
  CHECK(of(now, "tek_expiry_seconds") == "1815");
  CHECK(of(now, "keks") == "1");
  CHECK(of(now, "kek_expiry_seconds") == "84613");
  CHECK(of(now, "registrations_attempted_total") == "3");
  CHECK(of(now, "registrations_succeeded_total") == "1");
  CHECK(of(now, "rekeys_received_total", R"(,transport="unicast")") == "5");
  CHECK(of(now, "rekeys_received_total", R"(,transport="multicast")") == "0");
  CHECK(of(now, "rekeys_refused_total") == "2");
  CHECK(of(now, "datagrams_dropped_total") == "4");
  CHECK(of(now, "packets_total", R"(,direction="in")") == "10");
  CHECK(of(now, "bytes_total", R"(,direction="out")") == "1008");
  CHECK(of(now, "dropped_packets_total", R"(,reason="clear_in")") == "3");
  CHECK(of(now, "dropped_packets_total", R"(,reason="clear_out")") == "5");
  CHECK(of(now, "dropped_packets_total", R"(,reason="replay")") == "1");
  CHECK(of(now, "dropped_packets_total", R"(,reason="integrity")") == "2");
  CHECK(of(now, "drift_repairs_total") == "0");
  CHECK(of(now, "hostile_settings") == "0");
}

TEST_CASE("a group that is down stays, and nothing is claimed of it") {
  ShownMember member;
  StatusView view;
  view.config = &member.config;
  const auto now = told(view, start);
  CHECK(of(now, "group_configured") == "1");
  CHECK(of(now, "group_registered") == "0");
  CHECK(of(now, "group_has_route") == "0");
  for (const std::string by : {"key server", "predecessor", "fail-close"})
    CHECK(of(now, "group_enforced", ",by=\"" + by + "\"") == "0");
  CHECK(of(now, "teks") == "0");
  CHECK(of(now, "tek_expiry_seconds") == "0");
  CHECK(of(now, "registrations_attempted_total") == "0");
  CHECK(of(now, "dropped_packets_total", R"(,reason="clear_in")") == "absent");
  CHECK(of(now, "dropped_packets_total", R"(,reason="no_state")") == "absent");
  CHECK(of(now, "hostile_settings") == "absent");
  CHECK(of(now, "certificate_expiry_seconds") == "absent");
}

TEST_CASE("fail-close, and a list whose keys have all expired, are not registered") {
  ShownMember member;
  auto view = member.view();
  view.sas = nullptr;
  view.member->registered_with.reset();
  view.early_mode = Installation::Mode::closed;
  const auto closed = told(view, member.now);
  CHECK(of(closed, "group_registered") == "0");
  CHECK(of(closed, "group_enforced", R"(,by="fail-close")") == "1");

  REQUIRE(member.sas.drop_teks(member.plane, member.now).has_value());
  const auto expired = told(member.view(), member.now);
  CHECK(of(expired, "group_registered") == "0");
  CHECK(of(expired, "group_enforced", R"(,by="key server")") == "1");
  CHECK(of(expired, "teks") == "0");
  CHECK(of(expired, "teks_sent_on") == "0");
}

TEST_CASE("packets under unknown SPIs are there where they are counted") {
  ShownMember member;
  auto view = member.view();
  view.errors = ErrorMonitoring::Status{{23, {1, 0, {}}, {}}, {5, {2, 0, {}}}, {3, 0, {}}};
  CHECK(of(told(view, member.now), "dropped_packets_total", R"(,reason="no_state")") == "23");
  const auto registrations = [&](const std::string& reason) {
    return of(told(view, member.now), "recovery_registrations_total", ",reason=\"" + reason + "\"");
  };
  CHECK(registrations("unknown_spi") == "1");
  CHECK(registrations("unknown_kek") == "2");
  CHECK(registrations("one_way") == "3");
  member.config.recovery.interval.reset();
  CHECK(of(told(view, member.now), "dropped_packets_total", R"(,reason="no_state")") == "absent");
}

TEST_CASE("the list that ends first counts, and a certificate that ended is below zero") {
  ShownMember member;
  auto view = member.view();
  view.crls = CrlStatus{{{"a", "CN=A", CrlState::valid, seconds{500}},
                         {"b", "CN=B", CrlState::valid, std::nullopt},
                         {"c", "CN=C", CrlState::ended, seconds{-5}}},
                        "c.new: no CRL"};
  view.certificate_left = seconds{-7};
  view.key_server_names = {{"ks1", 848, {}, "no such name"}, {"ks2", 848, {}, ""}};
  const auto now = told(view, member.now);
  CHECK(of(now, "crl_expiry_seconds") == "-5");
  CHECK(of(now, "crl_files_unusable") == "1");
  CHECK(of(now, "certificate_expiry_seconds") == "-7");
  CHECK(of(now, "key_server_names_unresolved") == "1");
}

TEST_CASE("samples of several groups stand together, and names of any kind are quoted") {
  ShownMember one, other;
  one.config.group_name = "a\"b\\c\xff";
  const TekTotals totals;
  const std::vector<GroupMetrics> both{{one.view(), &totals}, {other.view(), &totals}};
  const auto now = read(metrics_text(both, one.now));
  CHECK(now.samples.contains("getvpn_group_registered{group=\"a\\\"b\\\\c\xEF\xBF\xBD\"}"));
  CHECK(of(now, "group_registered") == "1");
}

TEST_CASE("each metric has words and a type that goes with its name") {
  const auto now = told(ShownMember{}.view(), start);
  CHECK(now.types.size() > 20);
  for (const auto& [name, type] : now.types) {
    CAPTURE(name);
    CHECK(now.helped.contains(name));
    CHECK(type == (name.ends_with("_total") ? "counter" : "gauge"));
  }
}

TEST_CASE("no key is in the metrics") {
  ShownMember member;
  const TekTotals totals;
  const GroupMetrics one{member.view(), &totals};
  CHECK_THAT(metrics_text({&one, 1}, member.now),
             !Catch::Contains("2e2e", Catch::CaseSensitive::No));
}

}  // namespace metrics_test
