// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/status_sas.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "agent/base/address.h"
#include "agent/base/names.h"
#include "agent/config/access_list.h"
#include "agent/config/octet_values.h"
#include "gdoi/base/multicast.h"
#include "gdoi/push/rekey_sa.h"

namespace agent {
namespace {

using nlohmann::json;

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

json rekey_end_json(const gdoi::TrafficEnd& end) {
  return endpoint_json({end.addresses.first, end.port});
}

json kek_json(const gdoi::RekeySaStatus& sa, Instant now) {
  const auto& kek = sa.policy;
  const auto& to = kek.destination.addresses.first;
  return {{"spi", spi_text(kek.spi)},
          {"transport", is_multicast(to) ? "multicast" : "unicast"},
          {"source", rekey_end_json(kek.source)},
          {"destination", rekey_end_json(kek.destination)},
          {"management", kek.management},
          {"lifetime", kek.lifetime.count()},
          {"remaining", whole_seconds_until(sa.expires, now).count()},
          {"role", role_text(sa.role)},
          {"last_sequence", sa.last_sequence.value},
          {"cipher", cisco_cipher(kek.cipher)},
          {"key_bits", kek.key_bits},
          {"signature", signature_name(kek.signature)},
          {"signature_hash", cisco_hash(gdoi::signature_hash(kek))},
          {"signature_key_bits", kek.signature_key_bits},
          {"signature_key", digits_of(sa.signature_key)},
          {"signature_octets", sa.signature_octets},
          {"acknowledgement", kek.acknowledgement ? json("RFC 8263") : json()}};
}

json counters_json(const std::vector<TekCounters>& counters, gdoi::Spi spi, bool outbound) {
  const auto found = std::find_if(counters.begin(), counters.end(), [&](const TekCounters& row) {
    return row.spi == spi && row.outbound == outbound;
  });
  if (found == counters.end()) return nullptr;
  json out = {{"packets", found->packets},
              {"bytes", found->bytes},
              {"replay_errors", found->replay_errors},
              {"integrity_errors", found->integrity_errors}};
  for (const auto& sender : found->senders)
    out["senders"].push_back({{"network", range_text(sender.network)},
                              {"packets", sender.packets},
                              {"replay_errors", sender.replay_errors}});
  return out;
}

std::string_view reason_text(NotSent reason) {
  switch (reason) {
    case NotSent::receive_only:
      return "receive only";
    case NotSent::not_yet:
      return "not yet";
    case NotSent::superseded:
      return "superseded";
    case NotSent::passive:
      return "passive";
    case NotSent::counter_mode:
      return "counter mode";
    case NotSent::no_entry:
      return "no entry";
  }
  return "unknown";
}

json tek_json(const TekEntry& entry, const StatusView& view, Instant now) {
  const auto& [spi, policy, cipher_key, integrity_key] = *entry.tek;
  const auto* found = view.sas->applied().find(spi);
  const auto applied = found != nullptr ? *found : AppliedTek{spi, false, false, 0, {}};
  return {{"spi", spi_text(spi)},
          {"transform", cisco_transform(policy)},
          {"esp_transform", static_cast<unsigned>(policy.transform)},
          {"key_bits", policy.key_bits},
          {"authentication", static_cast<unsigned>(policy.integrity)},
          {"lifetime", policy.lifetime.count()},
          {"remaining", whole_seconds_until(entry.expires, now).count()},
          {"replay_window", applied.replay_window},
          {"cipher_key_octets", cipher_key.size()},
          {"integrity_key_octets", integrity_key.size()},
          {"encapsulation", "tunnel"},
          {"extended_sequence", policy.extended_sequence},
          {"current", entry.current},
          {"receive", applied.receive},
          {"send", applied.send},
          {"not_sent", applied.not_sent ? json(reason_text(*applied.not_sent)) : json()},
          {"counters",
           {{"in", counters_json(view.counters, spi, false)},
            {"out", counters_json(view.counters, spi, true)}}}};
}

}  // namespace

json endpoint_json(const gdoi::Endpoint& endpoint) {
  return {{"address", to_string(endpoint.address)}, {"port", endpoint.port}};
}

void add_sas(json& out, const StatusView& view, Instant now) {
  out["kek"] = nullptr;
  out["keks"] = json::array();
  for (const auto& kek : view.keks) {
    if (kek.expires <= now) continue;
    out["keks"].push_back(kek_json(kek, now));
    if (kek.role == gdoi::RekeyRole::current) out["kek"] = out["keks"].back();
  }
  out["teks"] = json::array();
  if (view.sas == nullptr) return;
  for (const auto& entry : view.sas->teks()) out["teks"].push_back(tek_json(entry, view, now));
}

}  // namespace agent
