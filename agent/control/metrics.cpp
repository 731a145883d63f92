// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>

namespace agent {
namespace {

// Samples writes those of one group in one family.
class Samples {
 public:
  Samples(std::string& out, std::string_view family, std::string group)
      : out_{out}, family_{family}, group_{std::move(group)} {}

  // `label` tells apart what one group has several of: reason="replay".
  template <class Number>
  void add(Number value, std::string_view label = {}) {
    fmt::format_to(std::back_inserter(out_), "{}{{group={}{}{}}} {}\n", family_, group_,
                   label.empty() ? "" : ",", label, value);
  }
  void add_flag(bool value, std::string_view label = {}) { add(value ? 1 : 0, label); }

 private:
  std::string& out_;
  std::string_view family_;
  std::string group_;  // as the label wants it
};

// Subject is what a family may tell of.
struct Subject {
  const StatusView& status;
  const TekTotals& totals;
  const gdoi::MemberStatus& member;  // all zero before there was a route
  Instant now;
};

struct MetricFamily {
  std::string_view name, type, help;
  void (*write)(const Subject& subject, Samples& samples);
};

constexpr std::string_view gauge = "gauge", counter = "counter";

// Until the last of them ends: from then on nothing is protected any more.
seconds left_of_teks(const Subject& subject) {
  seconds out{0};
  if (subject.status.sas != nullptr)
    for (const auto& entry : subject.status.sas->teks())
      out = std::max(out, whole_seconds_until(entry.expires, subject.now));
  return out;
}

seconds left_of_keks(const Subject& subject) {
  seconds out{0};
  for (const auto& kek : subject.status.keks)
    out = std::max(out, whole_seconds_until(kek.expires, subject.now));
  return out;
}

std::ptrdiff_t sent_on(const Subject& subject) {
  if (subject.status.sas == nullptr) return 0;
  const auto& teks = subject.status.sas->applied().teks;
  return std::count_if(teks.begin(), teks.end(), [](const AppliedTek& tek) { return tek.send; });
}

void write_enforced(const Subject& subject, Samples& samples) {
  const auto now = enforced_by(subject.status);
  samples.add_flag(now == Enforced::key_server, R"(by="key server")");
  samples.add_flag(now == Enforced::predecessor, R"(by="predecessor")");
  samples.add_flag(now == Enforced::fail_close, R"(by="fail-close")");
}

void write_dropped(const Subject& subject, Samples& samples) {
  const auto& [status, totals, member, now] = subject;
  if (status.dropped) {
    samples.add(status.dropped->in, R"(reason="clear_in")");
    samples.add(status.dropped->out, R"(reason="clear_out")");
  }
  samples.add(totals.replay_errors(), R"(reason="replay")");
  samples.add(totals.integrity_errors(), R"(reason="integrity")");
  if (status.errors && status.config->recovery.interval)
    samples.add(status.errors->spis.packets, R"(reason="no_state")");
}

void write_crl(const Subject& subject, Samples& samples) {
  if (!subject.status.crls) return;
  std::optional<std::chrono::seconds> first;
  for (const auto& list : subject.status.crls->lists)
    if (list.left) first = std::min(first.value_or(*list.left), *list.left);
  if (first) samples.add(first->count());
}

constexpr std::array families{
    MetricFamily{"getvpn_group_configured", gauge, "1 for each group of the configuration.",
                 [](const Subject&, Samples& samples) { samples.add(1); }},
    MetricFamily{
        "getvpn_group_registered", gauge,
        "Whether a key server's policy is in force, with keys if it needs any.",
        [](const Subject& s, Samples& samples) { samples.add_flag(is_registered(s.status)); }},
    MetricFamily{
        "getvpn_group_has_route", gauge, "Whether a route to a key server was found.",
        [](const Subject& s, Samples& samples) { samples.add_flag(s.status.member.has_value()); }},
    MetricFamily{
        "getvpn_group_enforced", gauge,
        "Whose list is enforced: a key server's, one that the daemon before this one left, or "
        "fail-close. All 0: nothing is enforced.",
        write_enforced},
    MetricFamily{
        "getvpn_group_receive_only", gauge, "Whether the operator wants nothing encrypted.",
        [](const Subject& s, Samples& samples) { samples.add_flag(s.status.config->passive); }},
    MetricFamily{"getvpn_teks", gauge, "TEKs that have not expired.",
                 [](const Subject& s, Samples& samples) {
                   samples.add(s.status.sas != nullptr ? s.status.sas->teks().size() : 0);
                 }},
    MetricFamily{"getvpn_teks_sent_on", gauge, "TEKs that are sent on now.",
                 [](const Subject& s, Samples& samples) { samples.add(sent_on(s)); }},
    MetricFamily{"getvpn_tek_expiry_seconds", gauge,
                 "Seconds until the last TEK expires; 0 when there is none.",
                 [](const Subject& s, Samples& samples) { samples.add(left_of_teks(s).count()); }},
    MetricFamily{"getvpn_keks", gauge, "KEKs that have not expired; 0 where there are no rekeys.",
                 [](const Subject& s, Samples& samples) {
                   samples.add(std::count_if(s.status.keks.begin(), s.status.keks.end(),
                                             [&](const auto& kek) { return kek.expires > s.now; }));
                 }},
    MetricFamily{"getvpn_kek_expiry_seconds", gauge,
                 "Seconds until the last KEK expires; 0 when there is none.",
                 [](const Subject& s, Samples& samples) { samples.add(left_of_keks(s).count()); }},
    MetricFamily{
        "getvpn_registrations_attempted_total", counter, "Registrations begun.",
        [](const Subject& s, Samples& samples) { samples.add(s.member.registrations_attempted); }},
    MetricFamily{
        "getvpn_registrations_succeeded_total", counter, "Registrations completed.",
        [](const Subject& s, Samples& samples) { samples.add(s.member.registrations_succeeded); }},
    MetricFamily{"getvpn_rekeys_received_total", counter, "Rekeys that were accepted.",
                 [](const Subject& s, Samples& samples) {
                   samples.add(s.member.rekeys.unicast, R"(transport="unicast")");
                   samples.add(s.member.rekeys.multicast, R"(transport="multicast")");
                 }},
    MetricFamily{"getvpn_rekeys_refused_total", counter, "Rekeys that were refused.",
                 [](const Subject& s, Samples& samples) { samples.add(s.member.rekeys.refused); }},
    MetricFamily{
        "getvpn_datagrams_dropped_total", counter,
        "GDOI datagrams that were not understood or not authentic.",
        [](const Subject& s, Samples& samples) { samples.add(s.member.datagrams_dropped); }},
    MetricFamily{"getvpn_packets_total", counter, "Packets encrypted (out) and decrypted (in).",
                 [](const Subject& s, Samples& samples) {
                   samples.add(s.totals.in().packets, R"(direction="in")");
                   samples.add(s.totals.out().packets, R"(direction="out")");
                 }},
    MetricFamily{"getvpn_bytes_total", counter, "Octets encrypted (out) and decrypted (in).",
                 [](const Subject& s, Samples& samples) {
                   samples.add(s.totals.in().bytes, R"(direction="in")");
                   samples.add(s.totals.out().bytes, R"(direction="out")");
                 }},
    MetricFamily{
        "getvpn_dropped_packets_total", counter,
        "Packets dropped: in clear and protected by the list, on the way in or out (second "
        "lock); replayed; not authentic; under an SPI for which there is no key.",
        write_dropped},
    MetricFamily{"getvpn_recovery_registrations_total", counter,
                 "Registrations begun on signs that others have other keys: packets under unknown "
                 "SPIs, rekeys under unknown KEKs, traffic that became one-way.",
                 [](const Subject& s, Samples& samples) {
                   if (!s.status.errors) return;
                   const auto& [spis, keks, one_way] = *s.status.errors;
                   samples.add(spis.limit.registrations, R"(reason="unknown_spi")");
                   samples.add(keks.limit.registrations, R"(reason="unknown_kek")");
                   samples.add(one_way.registrations, R"(reason="one_way")");
                 }},
    MetricFamily{"getvpn_drift_repairs_total", counter,
                 "How often changes by other programs in the kernel were put back.",
                 [](const Subject& s, Samples& samples) { samples.add(s.status.drift_repairs); }},
    MetricFamily{"getvpn_hostile_settings", gauge,
                 "Settings of this machine that work against encryption.",
                 [](const Subject& s, Samples& samples) {
                   if (s.status.findings) samples.add(s.status.findings->size());
                 }},
    MetricFamily{"getvpn_certificate_expiry_seconds", gauge,
                 "Seconds until our certificate ends, negative after that.",
                 [](const Subject& s, Samples& samples) {
                   if (s.status.certificate_left) samples.add(s.status.certificate_left->count());
                 }},
    MetricFamily{"getvpn_crl_expiry_seconds", gauge,
                 "Seconds until the first of the revocation lists ends, negative after that.",
                 write_crl},
    MetricFamily{"getvpn_crl_files_unusable", gauge,
                 "Whether newer files of revocation lists cannot be used.",
                 [](const Subject& s, Samples& samples) {
                   if (s.status.crls) samples.add_flag(!s.status.crls->problem.empty());
                 }},
    MetricFamily{"getvpn_key_server_names_unresolved", gauge,
                 "Key servers given by DNS name that cannot be resolved.",
                 [](const Subject& s, Samples& samples) {
                   const auto& names = s.status.key_server_names;
                   samples.add(std::count_if(
                       names.begin(), names.end(),
                       [](const KeyServerName& name) { return !name.failure.empty(); }));
                 }},
};

void add_header(std::string& out, std::string_view name, std::string_view type,
                std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

// label_value quotes a name that the operator gave as JSON does, which is how Prometheus wants it
// for all that is printable. What is not UTF-8 in it is replaced.
std::string label_value(const std::string& name) { return to_text(nlohmann::json(name)); }

}  // namespace

std::string metrics_text(std::span<const GroupMetrics> groups, Instant now) {
  static const gdoi::MemberStatus nothing_yet;
  std::string out;
  add_header(out, "getvpn_build_info", gauge, "1, with the version of the daemon.");
  out += "getvpn_build_info{version=\"" GETVPN_VERSION "\"} 1\n";
  for (const auto& family : families) {
    add_header(out, family.name, family.type, family.help);
    for (const auto& [status, totals] : groups) {
      Samples samples{out, family.name, label_value(status.config->group_name)};
      family.write({status, *totals, status.member ? *status.member : nothing_yet, now}, samples);
    }
  }
  return out;
}

}  // namespace agent
