// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "agent/config/config_values.h"

namespace agent {
namespace {

using nlohmann::json;

json endpoint_json(const gdoi::Endpoint& endpoint) {
  return {{"address", to_string(endpoint.address)}, {"port", endpoint.port}};
}

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
          {"last_ago", rekeys.last_at ? json(ago(*rekeys.last_at)) : json()}};
}

json fail_close_json(const StatusView& view) {
  const bool registered_before =
      view.holdings != nullptr && !view.holdings->closed() && view.holdings->from().has_value();
  return {{"configured", view.config->fail_close},
          {"revert", view.config->fail_close_revert},
          {"in_force", view.config->fail_close && !registered_before}};
}

json vrf_json(const std::string& name) { return name.empty() ? json() : json(name); }

json entry_json(const gdoi::AccessEntry& entry, bool shadowed) {
  const bool permit = entry.action == gdoi::AccessEntry::Action::permit;
  return {{"action", permit ? "permit" : "deny"},
          {"match", gdoi::describe(entry.selector)},
          {"spi", permit ? json(spi_text(entry.spi)) : json()},
          {"never_matches", shadowed}};
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// The list may be long: it is written line by line, never held as a tree of JSON values.
std::string acl_text(const Holdings* holdings) {
  std::string out = "[";
  if (holdings == nullptr) return out + "]";
  constexpr std::size_t usual_line = 136;
  const auto entries = holdings->entries();
  auto shadowed = holdings->shadowed();
  out.reserve(entries.size() * usual_line + 4096);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool never_matches = !shadowed.empty() && shadowed.front().entry == i;
    if (never_matches) shadowed = shadowed.subspan(1);
    if (out.size() > 1) out += ',';
    out += text_of(entry_json(entries[i], never_matches));
  }
  return out += ']';
}

bool is_multicast(const gdoi::Address& address) {
  return address.family == gdoi::Address::Family::ipv4 &&
         (address.bytes[0] & std::byte{0xf0}) == std::byte{0xe0};
}

std::string_view role_text(gdoi::RekeyRole role) {
  switch (role) {
    case gdoi::RekeyRole::previous:
      return "previous";
    case gdoi::RekeyRole::current:
      return "current";
    case gdoi::RekeyRole::next:
      return "next";
  }
  return "unknown";
}

json kek_json(const gdoi::RekeySaStatus& sa, Instant now) {
  const auto& kek = sa.policy;
  const auto& to = kek.destination.addresses.first;
  return {{"spi", spi_text(kek.spi)},
          {"transport", is_multicast(to) ? "multicast" : "unicast"},
          {"remaining", whole_seconds_until(sa.expires, now).count()},
          {"role", role_text(sa.role)},
          {"last_sequence", sa.last_sequence.value},
          {"cipher", cisco_cipher(kek.cipher)},
          {"key_bits", kek.key_bits},
          {"signature", signature_name(kek.signature)},
          {"signature_hash", cisco_hash(gdoi::signature_hash(kek))},
          {"signature_key_bits", kek.signature_key_bits}};
}

json counters_json(const std::vector<TekCounters>& counters, gdoi::Spi spi, bool outbound) {
  const auto found = std::find_if(counters.begin(), counters.end(), [&](const TekCounters& row) {
    return row.spi == spi && row.outbound == outbound;
  });
  if (found == counters.end()) return nullptr;
  return {{"packets", found->packets},
          {"bytes", found->bytes},
          {"replay_errors", found->replay_errors},
          {"integrity_errors", found->integrity_errors}};
}

json allowable_json(const Acceptance& acceptance) {
  return {{"rekey_cipher", acceptance.rekey_encryption.text()},
          {"rekey_hash", acceptance.rekey_hash.text()},
          {"transform", acceptance.transforms.text()}};
}

json sender_ids_json(const Holdings* holdings) {
  if (holdings == nullptr || !holdings->sender_ids()) return nullptr;
  return {{"bits", holdings->sender_ids()->bits}, {"values", holdings->sender_ids()->values}};
}

// sends tells whether the kernel has this TEK as outbound state.
bool sends(const HeldTek& held, const Config& config, Instant now) {
  const auto& policy = held.tek.policy;
  return policy.direction != gdoi::SaDirection::receiver_only && held.usable_from <= now &&
         (config.send_counter_modes || !gdoi::is_counter_mode(policy.transform));
}

json tek_json(const HeldTek& held, const StatusView& view, Instant now) {
  const auto& [spi, policy, cipher_key, integrity_key] = held.tek;
  return {{"spi", spi_text(spi)},
          {"transform", cisco_transform(policy)},
          {"remaining", whole_seconds_until(held.expires, now).count()},
          {"replay_window", view.config->replay_window},
          {"cipher_key_octets", cipher_key.size()},
          {"integrity_key_octets", integrity_key.size()},
          {"encapsulation", "tunnel"},
          {"extended_sequence", policy.extended_sequence},
          {"current", held.current},
          {"receive", policy.direction != gdoi::SaDirection::sender_only},
          {"send", sends(held, *view.config, now)},
          {"counters",
           {{"in", counters_json(view.counters, spi, false)},
            {"out", counters_json(view.counters, spi, true)}}}};
}

// crypto_path is the families the list protects.
std::string crypto_path(const Holdings* holdings) {
  bool ipv4 = false, ipv6 = false;
  if (holdings != nullptr)
    for (const auto& entry : holdings->entries())
      if (entry.action == gdoi::AccessEntry::Action::permit) {
        const auto family = entry.selector.source.addresses.first.family;
        (family == gdoi::Address::Family::ipv4 ? ipv4 : ipv6) = true;
      }
  if (!ipv6) return "ipv4";
  return ipv4 ? "ipv4, ipv6" : "ipv6";
}

void add_holdings(json& out, const StatusView& view, Instant now) {
  out["kek"] = nullptr;
  out["keks"] = json::array();
  for (const auto& kek : view.keks) {
    if (kek.expires <= now) continue;
    out["keks"].push_back(kek_json(kek, now));
    if (kek.role == gdoi::RekeyRole::current) out["kek"] = out["keks"].back();
  }
  out["teks"] = json::array();
  if (view.holdings == nullptr) return;
  for (const auto& held : view.holdings->teks()) out["teks"].push_back(tek_json(held, view, now));
}

}  // namespace

std::string status_json(const StatusView& view, Instant now) {
  json out{
      {"schema", 1},
      {"version", GETVPN_VERSION},
      {"state", state_text(view.member)},
      {"group", {{"name", view.config->group_name}, {"identity", group_text(view.config->group)}}},
      {"key_servers", json::array()},
      {"crypto_path", crypto_path(view.holdings)},
      {"interfaces", view.interfaces},
      {"local", nullptr},
      {"registration", registration_json(view, now)},
      {"rekeys", rekeys_json(view, now)},
      {"vrf", {{"front", vrf_json(view.front_vrf)}, {"inside", vrf_json(view.inside_vrf)}}},
      {"direction", view.config->passive ? "receive only" : "both"},
      {"fail_close", fail_close_json(view)},
      {"allowable", allowable_json(view.config->acceptance)},
      {"sender_ids", sender_ids_json(view.holdings)},
      {"local_acl", json::array()}};
  for (const auto& selector : view.config->exceptions)
    out["local_acl"].push_back({{"action", "deny"}, {"match", gdoi::describe(selector)}});
  for (const auto& server : view.config->key_servers)
    out["key_servers"].push_back(endpoint_json(server));
  if (view.local_address) out["local"] = endpoint_json({*view.local_address, gdoi::gdoi_port});
  add_holdings(out, view, now);
  auto document = R"({"acl":)" + acl_text(view.holdings);
  document += ',';
  return document += std::string_view{text_of(out)}.substr(1);
}

std::string list_json(const std::vector<std::string>& documents) {
  return fmt::format(R"({{"schema":2,"version":"{}","groups":[{}]}})", GETVPN_VERSION,
                     fmt::join(documents, ","));
}

std::string status_line(const StatusView& view, Instant now) {
  if (!view.member) return "waiting for a route to a key server";
  const auto& member = *view.member;
  if (!member.registered_with) return fmt::format("{}, not registered", state_text(view.member));
  auto out = "registered with " + to_string(member.registered_with->address);
  for (const auto& held : view.holdings->teks())
    if (held.current) out += fmt::format(", TEK {}", spi_text(held.tek.spi));
  if (view.holdings->teks().empty()) out += ", all TEKs expired";
  if (member.reregister_at)
    out += fmt::format(", re-registers in {} s",
                       whole_seconds_until(*member.reregister_at, now).count());
  return out;
}

}  // namespace agent
