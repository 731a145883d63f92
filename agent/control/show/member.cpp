// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/control/show/blocks.h"

namespace agent::show {
namespace {

// server_lines: a line for each key server's address. A name is told beside the others, not on the
// first line, which is read as an address.
std::string server_lines(const json& status) {
  std::vector<std::string> lines;
  for (const auto& server : status.at("key_servers")) lines.push_back(address(server));
  if (lines.empty() || is_ipv6(lines.front())) lines.insert(lines.begin(), address(nullptr));
  for (const auto& one : status.value("key_server_names", json::array())) {
    std::vector<std::string> known;
    for (const auto& each : one.at("addresses")) known.push_back(text(each));
    const auto name = text(one.at("name"));
    lines.push_back(known.empty() ? name + " (not resolved)"
                                  : fmt::format("{} ({})", name, fmt::join(known, ", ")));
  }
  return fmt::format("{}", fmt::join(lines, "\n                               "));
}

// A member whose keys all ran out is not registered in any useful sense, though its list counts.
bool has_keys(const json& status) {
  const auto& acl = status.at("acl");
  const bool needs_keys = std::any_of(
      acl.begin(), acl.end(), [](const json& entry) { return entry.at("action") == "permit"; });
  return !needs_keys || !status.at("teks").empty();
}

std::string registration_status(const json& status) {
  const bool known = !status.at("registration").at("registered_with").is_null();
  if (known && has_keys(status)) return "Registered";
  return status.at("state") == "registering" ? "Registering" : "Unregistered";
}

std::string reregisters_in(const json& registration) {
  for (const auto* key : {"reregister_in", "retry_in"})
    if (!registration.at(key).is_null()) return text(registration.at(key)) + " sec";
  return "0 sec";
}

class Lines {
 public:
  Lines& add(std::string_view key, const std::string& value) {
    out_ += fmt::format("       {:<22}: {}\n", key, value);
    return *this;
  }
  [[nodiscard]] const std::string& text() const noexcept { return out_; }

 private:
  std::string out_;
};

std::string registration_lines(const json& status) {
  const auto& registration = status.at("registration");
  const auto& remote = registration.at("registered_with").is_null()
                           ? registration.at("current_key_server")
                           : registration.at("registered_with");
  Lines out;
  out.add("Local addr/port", ipv4_address_and_port(status.at("local")))
      .add("Remote addr/port", ipv4_address_and_port(remote))
      .add("fvrf/ivrf", vrf(status.at("vrf").at("front")) + "/" + inside_vrf(status))
      .add("Version", text(status.at("version")))
      .add("Registration status", registration_status(status));
  // Only while it is so; a daemon of before the next restart may not know of it.
  if (const auto work = status.value("progress", json()); !work.is_null())
    out.add(work.at("work") == "removing" ? "Removing" : "Installing",
            fmt::format("{} of {} entries ({})", text(work.at("entries_done")),
                        text(work.at("entries")), text(work.at("family"))));
  out.add("Registered with", ipv4_address(registration.at("registered_with")))
      .add("Re-registers in", reregisters_in(registration))
      .add("Succeeded registration", text(registration.at("succeeded")))
      .add("Attempted registration", text(registration.at("attempted")));
  return out.text();
}

std::string rekey_lines(const json& status) {
  const auto& rekeys = status.at("rekeys");
  const auto& ago = rekeys.at("last_ago");
  Lines out;
  out.add("Last rekey from", ipv4_address(rekeys.at("last_from")))
      .add("Last rekey seq num", text(rekeys.at("last_sequence")))
      .add("Unicast rekey received", text(rekeys.at("unicast")));
  if (is_multicast(status) || rekeys.at("multicast") != 0)
    out.add("Multicast rekey received", text(rekeys.at("multicast")));
  out.add("Rekey ACKs sent", text(rekeys.at("acknowledgements_sent")))
      .add(ago.is_null() ? "Rekey Received" : "Rekey Rcvd(hh:mm:ss)", clock_time(ago));
  return out.text();
}

// ipv6_lines has the addresses that stand nowhere above, being IPv6.
std::string ipv6_lines(const json& status) {
  const auto& registration = status.at("registration");
  Lines out;
  const auto add = [&out](std::string_view key, const json& endpoint) {
    if (is_ipv6(address(endpoint))) out.add(key, address_and_port(endpoint));
  };
  add("IPv6 local addr/port", status.at("local"));
  add("IPv6 registered with", registration.at("registered_with"));
  if (registration.at("registered_with").is_null())
    add("IPv6 key server asked", registration.at("current_key_server"));
  add("IPv6 last rekey from", status.at("rekeys").at("last_from"));
  return out.text();
}

// sign_lines is a block about one sign that others have other keys.
std::string sign_lines(std::string_view title, std::string_view what, const json& count,
                       const json& limit) {
  auto out = fmt::format("    {}\n       {:<22}: {}\n", title, what, text(count));
  if (!limit.at("held_back").is_null())
    out += fmt::format("       No registration within: {} sec\n", text(limit.at("held_back")));
  return out;
}

// unknown_spi_lines is nothing while all ESP that came had a key.
std::string unknown_spi_lines(const json& monitoring) {
  if (monitoring.value("packets", std::uint64_t{0}) == 0) return "";
  auto out = sign_lines("ESP under unknown SPIs", "Packets", monitoring.at("packets"), monitoring);
  for (const auto& sender : monitoring.at("senders"))
    out += fmt::format("       from {} spi {} : {}\n", text(sender.at("address")),
                       text(sender.at("spi")), text(sender.at("packets")));
  return out + "\n";
}

// error_monitoring_lines has what was seen at all.
std::string error_monitoring_lines(const json& monitoring) {
  auto out = unknown_spi_lines(monitoring);
  const auto keks = monitoring.value("unknown_kek", json::object());
  if (keks.value("rekeys", std::uint64_t{0}) > 0)
    out += sign_lines("Rekeys under unknown KEKs", "Rekeys", keks.at("rekeys"), keks) + "\n";
  const auto one_way = monitoring.value("one_way", json::object());
  if (one_way.value("registrations", std::uint64_t{0}) > 0)
    out += sign_lines("Traffic became one-way", "Registrations", one_way.at("registrations"),
                      one_way) +
           "\n";
  return out;
}

// hostile_settings: none takes one line.
std::string hostile_settings(const json& status) {
  const auto found = status.value("hostile_settings", json());
  const auto count = found.is_null() ? "unknown" : found.empty() ? "none" : text(found.size());
  auto out = fmt::format("       Hostile settings : {}\n", count);
  if (!found.is_null())
    for (const auto& one : found)
      out += fmt::format("         {}\n           {}\n           remedy: {}\n",
                         text(one.at("setting")), text(one.at("effect")), text(one.at("remedy")));
  return out;
}

// crl_lines: nothing where none are configured, or the daemon does not know of them yet.
std::string crl_lines(const json& status) {
  const auto crls = status.value("crls", json());
  if (crls.is_null()) return {};
  auto out = fmt::format("       CRLs in use      : {}\n", crls.at("lists").size());
  for (const auto& one : crls.at("lists")) {
    const auto end = one.at("ends_in").is_null() ? "no end" : text(one.at("ends_in")) + " sec left";
    out += fmt::format("         {} ({}, {})\n           {}\n", text(one.at("issuer")),
                       text(one.at("state")), end, text(one.at("file")));
  }
  if (!crls.at("problem").is_null())
    out += fmt::format("         not in use: {}\n", text(crls.at("problem")));
  return out;
}

// accepted lists what is, and never what is not: the last word of the line is what is read.
std::string accepted(const json& allowable, const char* text_of, const char* words_of) {
  const auto words = allowable.value(words_of, std::vector<std::string>{});
  const auto written = allowable.value(text_of, "any");
  if (words.empty() || written == "any") return written;
  return fmt::format("{}", fmt::join(words, " "));
}

// accepted_transforms ends with ESP, as Cisco's "any ESP" does.
std::string accepted_transforms(const json& allowable) {
  constexpr std::string_view but = "any but ";
  const auto written = allowable.value("transform", "any");
  if (written.rfind(but, 0) != 0) return written + " ESP";
  return fmt::format("any but ({}) ESP", written.substr(but.size()));
}

}  // namespace

std::string group_block(const json& status) {
  std::string out = "GROUP INFORMATION\n\n";
  const auto line = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("    {:<24} : {}\n", key, value);
  };
  line("Group Name", group_name(status));
  line("Group Identity", text(status.at("group").at("identity")));
  line("Group Type", "GDOI (ISAKMP)");
  line("Crypto Path", families(text(status.at("crypto_path"))));
  line("Key Management Path", families(status.value("key_management_path", "unknown")));
  line("Rekeys received", text(status.at("rekeys").at("received")));
  line("IPSec SA Direction", direction(status));
  out += "\n     Group Server list       : ";
  return out + server_lines(status) + "\n\n";
}

std::string member_block(const json& status) {
  const auto name = group_name(status);
  // A daemon of before the next restart may not know of some of these.
  const auto monitoring = status.value("error_monitoring", json::object());
  const auto one_way = monitoring.value("one_way", json::object());
  const auto count = [&](const char* key) {
    return monitoring.value(key, std::uint64_t{0}) + one_way.value(key, std::uint64_t{0});
  };
  const bool revert = status.at("fail_close").at("revert").get<bool>();
  auto out = fmt::format("Group Member Information For Group {}:\n", name);
  out += fmt::format("    {:<24} : {}\n", "IPSec SA Direction", direction(status));
  out += fmt::format("    {:<24} : gdoi_group_{}_temp_acl\n\n", "ACL Received From KS", name);
  out += fmt::format("    {:<25}: {:<15} vrf: {}\n", "Group member",
                     ipv4_address(status.at("local")), inside_vrf(status));
  out += registration_lines(status) + rekey_lines(status);
  out += fmt::format("       DP Error Monitoring   : {}\n",
                     monitoring.value("enabled", false) ? "ON" : "OFF");
  out += fmt::format("       IPSEC init reg executed    : {}\n", count("registrations"));
  out += fmt::format("       IPSEC init reg postponed   : {}\n", count("postponed"));
  out += fmt::format("       Active TEK Number     : {}\n", status.at("teks").size());
  out += "       SA Track (OID/status) : disabled\n";
  out += fmt::format("       Fail-Close Revert : {}\n", revert ? "Enabled" : "Disabled");
  return out + ipv6_lines(status);
}

std::string own_lines(const json& status) {
  const auto lock = status.value("second_lock", json());
  auto out = fmt::format("       Dropped in clear (in/out): {}\n",
                         lock.is_null()
                             ? "unknown"
                             : text(lock.at("dropped_in")) + "/" + text(lock.at("dropped_out")));
  out += hostile_settings(status) + crl_lines(status) + "\n";
  return out + error_monitoring_lines(status.value("error_monitoring", json::object()));
}

std::string allowable_block(const json& status) {
  const auto allowable = status.value("allowable", json::object());
  return fmt::format(
      "       allowable rekey cipher: {}\n"
      "       allowable rekey hash  : {}\n"
      "       allowable transformtag: {}\n\n",
      accepted(allowable, "rekey_cipher", "rekey_ciphers"),
      accepted(allowable, "rekey_hash", "rekey_hashes"), accepted_transforms(allowable));
}

}  // namespace agent::show
