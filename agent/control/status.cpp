// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "agent/config/config_values.h"
#include "agent/config/octet_values.h"
#include "agent/control/status_sas.h"

namespace agent {
namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value, json (*write)(const T&)) {
  return value ? write(*value) : json(nullptr);
}

json remaining_json(std::optional<Instant> when, Instant now) {
  return when ? json(whole_seconds_until(*when, now).count()) : json(nullptr);
}

std::string_view state_text(const std::optional<gdoi::MemberStatus>& member) {
  if (!member) return "waiting for a route";
  switch (member->state) {
    case gdoi::MemberStatus::State::idle:
      return "idle";
    case gdoi::MemberStatus::State::registering:
      return "registering";
    case gdoi::MemberStatus::State::registered:
      return "registered";
    case gdoi::MemberStatus::State::waiting:
      return "waiting";
  }
  return "unknown";
}

json registration_json(const StatusView& view, Instant now) {
  static const gdoi::MemberStatus nothing_yet;
  const auto& member = view.member ? *view.member : nothing_yet;
  return {{"registered_with", or_null(member.registered_with, endpoint_json)},
          {"current_key_server", or_null(member.current_key_server, endpoint_json)},
          {"attempted", member.registrations_attempted},
          {"succeeded", member.registrations_succeeded},
          {"reregister_in", remaining_json(member.reregister_at, now)},
          {"retry_in", remaining_json(member.retry_at, now)},
          {"last_failure", member.last_failure ? json(error_text(*member.last_failure)) : json()},
          {"datagrams_dropped", member.datagrams_dropped}};
}

json ipsec_errors_json(const StatusView& view) {
  if (!view.ipsec_errors) return nullptr;
  return {{"no_sa_out", view.ipsec_errors->no_sa_out},
          {"no_sa_in", view.ipsec_errors->no_sa_in},
          {"encapsulation", view.ipsec_errors->encapsulation},
          {"decapsulation", view.ipsec_errors->decapsulation}};
}

json rekeys_json(const StatusView& view, Instant now) {
  static const gdoi::MemberStatus nothing_yet;
  const auto& rekeys = (view.member ? *view.member : nothing_yet).rekeys;
  const auto ago = [now](Instant when) { return std::chrono::floor<seconds>(now - when).count(); };
  return {{"received", rekeys.unicast + rekeys.multicast},
          {"unicast", rekeys.unicast},
          {"multicast", rekeys.multicast},
          {"since_registration", rekeys.since_registration},
          {"repeated", rekeys.repeated},
          {"refused", rekeys.refused},
          {"acknowledgements_sent", rekeys.acknowledgements_sent},
          {"last_from", or_null(rekeys.last_from, endpoint_json)},
          {"last_sequence", rekeys.last_sequence.value},
          {"last_ago", rekeys.last_at ? json(ago(*rekeys.last_at)) : json()},
          {"keks", rekeys.keks_taken}};
}

std::optional<Installation::Mode> mode_of(const StatusView& view) {
  return view.sas != nullptr ? view.sas->applied().mode : view.early_mode;
}

json fail_close_json(const StatusView& view) {
  return {{"configured", view.config->fail_close},
          {"revert", view.config->fail_close_revert},
          {"in_force", mode_of(view) == Installation::Mode::closed}};
}

json second_lock_json(const StatusView& view) {
  if (!view.dropped) return nullptr;
  return {{"dropped_in", view.dropped->in}, {"dropped_out", view.dropped->out}};
}

json limit_json(const RecoveryLimit::Status& limit, Instant now) {
  return {{"registrations", limit.registrations},
          {"postponed", limit.postponed},
          {"held_back", remaining_json(limit.held_back_until, now)}};
}

json error_monitoring_json(const StatusView& view, Instant now) {
  const auto& options = view.config->recovery;
  const auto errors = view.errors.value_or(ErrorMonitoring::Status{});
  const auto& status = errors.spis;
  json out{{"enabled", options.interval.has_value()},
           {"interval", options.interval ? json(options.interval->count()) : json()},
           {"threshold", options.packets},
           {"packets", status.packets},
           {"senders", json::array()}};
  out.update(limit_json(status.limit, now));
  for (const auto& sender : status.senders)
    out["senders"].push_back(
        {{"address", to_string(sender.address)},
         {"spi", spi_text(sender.spi)},
         {"packets", sender.packets},
         {"last_ago", std::chrono::floor<seconds>(now - sender.last).count()}});
  out["unknown_kek"] = limit_json(errors.keks.limit, now);
  out["unknown_kek"]["rekeys"] = errors.keks.rekeys;
  out["one_way"] = limit_json(errors.one_way, now);
  return out;
}

json hostile_settings_json(const StatusView& view) {
  if (!view.findings) return nullptr;
  auto out = json::array();
  for (const auto& [where, what, remedy] : *view.findings)
    out.push_back({{"setting", where}, {"effect", what}, {"remedy", remedy}});
  return out;
}

std::string_view crl_state_text(CrlState state) {
  switch (state) {
    case CrlState::valid:
      return "valid";
    case CrlState::ends_soon:
      return "ends soon";
    case CrlState::ended:
      return "ended";
  }
  return "unknown";
}

json crls_json(const StatusView& view) {
  if (!view.crls) return nullptr;
  auto lists = json::array();
  for (const auto& [file, issuer, state, left] : view.crls->lists)
    lists.push_back({{"file", file},
                     {"issuer", issuer},
                     {"state", crl_state_text(state)},
                     {"ends_in", left ? json(left->count()) : json()}});
  const auto& problem = view.crls->problem;
  return {{"lists", std::move(lists)}, {"problem", problem.empty() ? json() : json(problem)}};
}

json certificate_json(const StatusView& view) {
  if (view.config->authentication.method != Authentication::Method::certificate) return nullptr;
  const auto& left = view.certificate_left;
  return {{"ends_in", left ? json(left->count()) : json()}};
}

std::string_view family_name(gdoi::Address::Family family) {
  return family == gdoi::Address::Family::ipv4 ? "ipv4" : "ipv6";
}

std::string_view work_text(const KernelWork& work) {
  return work.removing ? "removing" : "installing";
}

json progress_json(const StatusView& view) {
  if (!view.work) return nullptr;
  return {{"work", work_text(*view.work)},
          {"family", family_name(view.work->family)},
          {"entries_done", view.work->done},
          {"entries", view.work->all}};
}

json enforced_json(const StatusView& view) {
  switch (enforced_by(view)) {
    case Enforced::nothing:
      return nullptr;
    case Enforced::key_server:
      return "key server";
    case Enforced::predecessor:
      return "predecessor";
    case Enforced::fail_close:
      return "fail-close";
  }
  return nullptr;
}

json vrf_json(const std::string& name) { return name.empty() ? json() : json(name); }

std::string traffic_end_text(const gdoi::TrafficEnd& end) {
  return fmt::format(R"({{"first":"{}","last":"{}","port":{},"last_port":{}}})",
                     to_string(end.addresses.first), to_string(end.addresses.last), end.port,
                     std::max(end.port, end.last_port));
}

// add_entry writes a line as text at once: to make a tree of each of thousands takes seconds.
void add_entry(std::string& out, const gdoi::AccessEntry& entry, bool shadowed) {
  const bool permit = entry.action == gdoi::AccessEntry::Action::permit;
  fmt::format_to(
      std::back_inserter(out),
      R"({{"action":"{}","match":"{}","protocol":{},"source":{},"destination":{},"spi":{},)"
      R"("never_matches":{}}})",
      permit ? "permit" : "deny", gdoi::describe(entry.selector), entry.selector.protocol,
      traffic_end_text(entry.selector.source), traffic_end_text(entry.selector.destination),
      permit ? fmt::format(R"("{}")", spi_text(entry.spi)) : "null", shadowed);
}

// The list may be long: it is written line by line, never held as a tree of JSON values.
std::string acl_text(const SaTable* sas) {
  std::string out = "[";
  if (sas == nullptr) return out + "]";
  constexpr std::size_t usual_line = 320;
  const auto entries = sas->entries();
  auto shadowed = sas->shadowed();
  out.reserve(entries.size() * usual_line + 4096);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool never_matches = !shadowed.empty() && shadowed.front().entry == i;
    if (never_matches) shadowed = shadowed.subspan(1);
    if (out.size() > 1) out += ',';
    add_entry(out, entries[i], never_matches);
  }
  return out += ']';
}

json allowable_json(const Acceptance& acceptance) {
  return {{"rekey_cipher", acceptance.rekey_encryption.text()},
          {"rekey_hash", acceptance.rekey_hash.text()},
          {"transform", acceptance.transforms.text()},
          {"rekey_ciphers", acceptance.rekey_encryption.words()},
          {"rekey_hashes", acceptance.rekey_hash.words()},
          {"transforms", acceptance.transforms.words()}};
}

json sender_ids_json(const SaTable* sas) {
  if (sas == nullptr || !sas->sender_ids()) return nullptr;
  return {{"bits", sas->sender_ids()->bits}, {"values", sas->sender_ids()->values}};
}

// family_text names the families that are there; IPv4 when there is none yet.
std::string family_text(bool ipv4, bool ipv6) {
  if (!ipv6) return "ipv4";
  return ipv4 ? "ipv4, ipv6" : "ipv6";
}

// crypto_path is the families the list protects.
std::string crypto_path(const SaTable* sas) {
  bool ipv4 = false, ipv6 = false;
  if (sas != nullptr)
    for (const auto& entry : sas->entries())
      if (entry.action == gdoi::AccessEntry::Action::permit) {
        const auto family = entry.selector.source.addresses.first.family;
        (family == gdoi::Address::Family::ipv4 ? ipv4 : ipv6) = true;
      }
  return family_text(ipv4, ipv6);
}

// key_servers_of is all of which an address is known.
std::vector<KeyServer> key_servers_of(const StatusView& view) {
  return view.key_servers.value_or(view.config->key_servers);
}

json key_server_names_json(const StatusView& view) {
  auto out = json::array();
  for (const auto& one : view.key_server_names) {
    auto addresses = json::array();
    for (const auto& address : one.addresses) addresses.push_back(to_string(address));
    out.push_back({{"name", one.name},
                   {"port", one.port},
                   {"addresses", std::move(addresses)},
                   {"failure", one.failure.empty() ? json() : json(one.failure)}});
  }
  return out;
}

// key_management_path is the family by which we speak with the key server; before we do, those of
// all that may be asked.
std::string key_management_path(const StatusView& view) {
  const auto is_ipv6 = [](const gdoi::Endpoint& server) {
    return server.address.family == gdoi::Address::Family::ipv6;
  };
  if (view.member && view.member->current_key_server)
    return is_ipv6(*view.member->current_key_server) ? "ipv6" : "ipv4";
  const auto all = key_servers_of(view);
  return family_text(all.empty() || !std::all_of(all.begin(), all.end(), is_ipv6),
                     std::any_of(all.begin(), all.end(), is_ipv6));
}

}  // namespace

std::string to_text(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string status_json(const StatusView& view, Instant now) {
  json out{
      {"schema", 1},
      {"version", GETVPN_VERSION},
      {"state", state_text(view.member)},
      {"group", {{"name", view.config->group_name}, {"identity", group_text(view.config->group)}}},
      {"key_servers", json::array()},
      {"key_server_names", key_server_names_json(view)},
      {"crypto_path", crypto_path(view.sas)},
      {"key_management_path", key_management_path(view)},
      {"enforced", enforced_json(view)},
      {"interfaces", view.interfaces},
      {"local", nullptr},
      {"rekey_key", view.rekey_key.empty() ? json() : json(rekey_key_text(view.rekey_key))},
      {"key_server_vendor_ids", json::array()},
      {"registration", registration_json(view, now)},
      {"rekeys", rekeys_json(view, now)},
      {"vrf", {{"front", vrf_json(view.front_vrf)}, {"inside", vrf_json(view.inside_vrf)}}},
      {"direction", view.config->passive ? "receive only" : "both"},
      {"fail_close", fail_close_json(view)},
      {"second_lock", second_lock_json(view)},
      {"ipsec_errors", ipsec_errors_json(view)},
      {"progress", progress_json(view)},
      {"error_monitoring", error_monitoring_json(view, now)},
      {"hostile_settings", hostile_settings_json(view)},
      {"crls", crls_json(view)},
      {"certificate", certificate_json(view)},
      {"drift", {{"repairs", view.drift_repairs}}},
      {"allowable", allowable_json(view.config->acceptance)},
      {"sender_ids", sender_ids_json(view.sas)},
      {"local_acl", json::array()}};
  for (const auto& selector : view.config->exceptions)
    out["local_acl"].push_back({{"action", "deny"}, {"match", gdoi::describe(selector)}});
  for (const auto& server : key_servers_of(view))
    out["key_servers"].push_back(endpoint_json(server));
  for (const auto& vendor_id : view.vendor_ids)
    out["key_server_vendor_ids"].push_back(digits_of(vendor_id));
  if (view.local_address) out["local"] = endpoint_json({*view.local_address, gdoi::gdoi_port});
  add_sas(out, view, now);
  auto document = R"({"acl":)" + acl_text(view.sas);
  document += ',';
  return document += std::string_view{to_text(out)}.substr(1);
}

Enforced enforced_by(const StatusView& view) {
  const auto mode = mode_of(view);
  if (!mode) return Enforced::nothing;
  if (*mode == Installation::Mode::closed) return Enforced::fail_close;
  return view.sas != nullptr && view.sas->from() ? Enforced::key_server : Enforced::predecessor;
}

bool is_registered(const StatusView& view) {
  if (!view.member || !view.member->registered_with || view.sas == nullptr) return false;
  const auto entries = view.sas->entries();
  const bool needs_keys = std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.action == gdoi::AccessEntry::Action::permit;
  });
  return !needs_keys || !view.sas->teks().empty();
}

std::string list_json(const std::vector<std::string>& documents) {
  return fmt::format(R"({{"schema":2,"version":"{}","groups":[{}]}})", GETVPN_VERSION,
                     fmt::join(documents, ","));
}

std::string work_line(const KernelWork& work) {
  return fmt::format("{}: {} of {} entries ({})", work_text(work), work.done, work.all,
                     family_name(work.family));
}

std::string status_line(const StatusView& view, Instant now) {
  if (!view.member) return "waiting for a route to a key server";
  const auto& member = *view.member;
  if (!member.registered_with) return fmt::format("{}, not registered", state_text(view.member));
  auto out = "registered with " + to_string(member.registered_with->address);
  for (const auto& entry : view.sas->teks())
    if (entry.current) out += fmt::format(", TEK {}", spi_text(entry.tek->spi));
  if (view.sas->teks().empty()) out += ", all TEKs expired";
  if (member.reregister_at)
    out += fmt::format(", re-registers in {} s",
                       whole_seconds_until(*member.reregister_at, now).count());
  return out;
}

}  // namespace agent
