// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

namespace agent {
namespace {

using nlohmann::json;

std::string text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump();
}

std::string address(const json& endpoint) {
  return endpoint.is_null() ? "" : text(endpoint.at("address"));
}

std::string address_and_port(const json& endpoint) {
  if (endpoint.is_null()) return "";
  return fmt::format("{}/{}", text(endpoint.at("address")), text(endpoint.at("port")));
}

std::string vrf(const json& name) { return name.is_null() ? "None" : text(name); }

std::string direction(const json& status) {
  return status.at("direction") == "both" ? "Both" : "Inbound Only";
}

// clock_time is how long ago something was, as "hh:mm:ss".
std::string clock_time(const json& ago) {
  if (ago.is_null()) return "never";
  const auto total = ago.get<std::uint64_t>();
  return fmt::format("{:02}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

// name_behind is the DNS name that has this address, in parentheses; empty: none has.
std::string name_behind(const json& status, const json& server) {
  for (const auto& one : status.value("key_server_names", json::array()))
    for (const auto& address : one.at("addresses"))
      if (address == server.at("address")) return fmt::format(" ({})", text(one.at("name")));
  return {};
}

// server_list is a line for each key server: its address, or its name while that has none.
std::string server_list(const json& status) {
  std::vector<std::string> lines;
  for (const auto& server : status.at("key_servers"))
    lines.push_back(address(server) + name_behind(status, server));
  for (const auto& one : status.value("key_server_names", json::array()))
    if (one.at("addresses").empty()) lines.push_back(text(one.at("name")) + " (not resolved)");
  return fmt::format("{}", fmt::join(lines, "\n                               "));
}

std::string group_block(const json& status) {
  std::string out = "GROUP INFORMATION\n\n";
  const auto line = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("    {:<24} : {}\n", key, value);
  };
  line("Group Name", text(status.at("group").at("name")));
  line("Group Identity", text(status.at("group").at("identity")));
  line("Group Type", "GDOI (ISAKMP)");
  line("Crypto Path", text(status.at("crypto_path")));
  line("Key Management Path", status.value("key_management_path", "unknown"));
  line("Rekeys received", text(status.at("rekeys").at("received")));
  line("IPSec SA Direction", direction(status));
  out += "\n     Group Server list       : ";
  return out + server_list(status) + "\n\n";
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
  return status.at("state") == "registering" ? "Registering" : "Not Registered";
}

std::string reregisters_in(const json& registration) {
  for (const auto* key : {"reregister_in", "retry_in"})
    if (!registration.at(key).is_null()) return text(registration.at(key)) + " sec";
  return "0 sec";
}

std::string member_block(const json& status) {
  const auto& name = text(status.at("group").at("name"));
  const auto& registration = status.at("registration");
  const auto& rekeys = status.at("rekeys");
  const auto& remote = registration.at("registered_with").is_null()
                           ? registration.at("current_key_server")
                           : registration.at("registered_with");
  std::string out = fmt::format("Group Member Information For Group {}:\n", name);
  out += fmt::format("    {:<24} : {}\n", "IPSec SA Direction", direction(status));
  out += fmt::format("    {:<24} : gdoi_group_{}_temp_acl\n\n", "ACL Received From KS", name);
  out += fmt::format("    {:<25}: {:<15} vrf: {}\n", "Group member", address(status.at("local")),
                     vrf(status.at("vrf").at("inside")));

  const auto line = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("       {:<22}: {}\n", key, value);
  };
  line("Local addr/port", address_and_port(status.at("local")));
  line("Remote addr/port", address_and_port(remote));
  line("fvrf/ivrf",
       fmt::format("{}/{}", vrf(status.at("vrf").at("front")), vrf(status.at("vrf").at("inside"))));
  line("Version", text(status.at("version")));
  line("Registration status", registration_status(status));
  // Only while it is so; a daemon of before the next restart may not know of it.
  if (const auto work = status.value("progress", json()); !work.is_null())
    line(work.at("work") == "removing" ? "Removing" : "Installing",
         fmt::format("{} of {} entries ({})", text(work.at("entries_done")),
                     text(work.at("entries")), text(work.at("family"))));
  line("Registered with", address(registration.at("registered_with")));
  line("Re-registers in", reregisters_in(registration));
  line("Succeeded registration", text(registration.at("succeeded")));
  line("Attempted registration", text(registration.at("attempted")));
  line("Last rekey from",
       rekeys.at("last_from").is_null() ? "0.0.0.0" : address(rekeys.at("last_from")));
  line("Last rekey seq num", text(rekeys.at("last_sequence")));
  const bool multicast =
      !status.at("kek").is_null() && status.at("kek").at("transport") == "multicast";
  line(multicast ? "Multicast rekey received" : "Unicast rekey received",
       text(rekeys.at(multicast ? "multicast" : "unicast")));
  line("Rekey ACKs sent", text(rekeys.at("acknowledgements_sent")));
  const auto& ago = rekeys.at("last_ago");
  line(ago.is_null() ? "Rekey Received" : "Rekey Rcvd(hh:mm:ss)", clock_time(ago));
  // A daemon of before the next restart may not know of it.
  const auto monitoring = status.value("error_monitoring", json::object());
  line("DP Error Monitoring", monitoring.value("enabled", false) ? "ON" : "OFF");
  return out;
}

// error_monitoring_lines is nothing while all ESP that came had a key.
std::string error_monitoring_lines(const json& monitoring) {
  if (monitoring.value("packets", std::uint64_t{0}) == 0) return "";
  auto out = fmt::format(
      "    ESP under unknown SPIs\n"
      "       Packets               : {}\n"
      "       Registrations for it  : {}\n",
      text(monitoring.at("packets")), text(monitoring.at("registrations")));
  if (!monitoring.at("held_back").is_null())
    out += fmt::format("       No further one within : {} sec\n", text(monitoring.at("held_back")));
  for (const auto& sender : monitoring.at("senders"))
    out += fmt::format("       from {} spi {} : {}\n", text(sender.at("address")),
                       text(sender.at("spi")), text(sender.at("packets")));
  return out + "\n";
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

std::string more_member_lines(const json& status) {
  const auto& rekeys = status.at("rekeys");
  std::string out;
  out += "       IPSEC init reg executed    : 0\n";
  out += "       IPSEC init reg postponed   : 0\n";
  out += fmt::format("       Active TEK Number     : {}\n", status.at("teks").size());
  out += "       SA Track (OID/status) : disabled\n";
  const bool revert = status.at("fail_close").at("revert").get<bool>();
  out += fmt::format("       Fail-Close Revert : {}\n", revert ? "Enabled" : "Disabled");
  // A daemon of before the next restart may not know of these.
  const auto lock = status.value("second_lock", json());
  out += fmt::format("       Dropped in clear (in/out): {}\n",
                     lock.is_null()
                         ? "unknown"
                         : text(lock.at("dropped_in")) + "/" + text(lock.at("dropped_out")));
  out += hostile_settings(status);
  out += crl_lines(status) + "\n";
  out += error_monitoring_lines(status.value("error_monitoring", json::object()));
  const auto allowable = status.value("allowable", json::object());
  const auto transforms = allowable.value("transform", "any");
  const bool most = transforms.rfind("any", 0) == 0;  // "any", or "any but ..."
  out += fmt::format("       allowable rekey cipher: {}\n", allowable.value("rekey_cipher", "any"));
  out += fmt::format("       allowable rekey hash  : {}\n", allowable.value("rekey_hash", "any"));
  out += fmt::format("       allowable transformtag: {}\n\n",
                     most ? "any ESP" + transforms.substr(3) : transforms);
  out += "    Rekeys cumulative\n";
  out += fmt::format("       Total received        : {}\n", text(rekeys.at("received")));
  out += fmt::format("       After latest register : {}\n", text(rekeys.at("since_registration")));
  out += fmt::format("       Rekey Acks sents      : {}\n\n",
                     text(rekeys.at("acknowledgements_sent")));
  return out;
}

// entry_line: where a configuration says "eq 22", IOS shows "port = 22".
std::string entry_line(const json& entry) {
  auto match = text(entry.at("match"));
  constexpr std::string_view written = " eq ", shown = " port = ";
  for (auto at = match.find(written); at != std::string::npos; at = match.find(written, at + 1))
    match.replace(at, written.size(), shown);
  return fmt::format("   access-list   {} {}{}\n", text(entry.at("action")), match,
                     entry.value("never_matches", false) ? " (never matches)" : "");
}

std::string local_acl_block(const json& status) {
  const auto& acl = status.at("local_acl");
  if (acl.empty()) return "";
  std::string out = " ACL Configured Locally:\n";
  for (const auto& entry : acl) out += entry_line(entry);
  return out + "\n";
}

std::string acl_block(const json& status) {
  auto out = local_acl_block(status);
  const auto server = address(status.at("registration").at("registered_with"));
  out += fmt::format(" ACL Downloaded From KS {}:\n", server.empty() ? "UNKNOWN" : server);
  // During a rollover each line stands there once for each of its TEKs.
  std::set<std::string> seen;
  for (const auto& entry : status.at("acl")) {
    const auto line = entry_line(entry);
    if (seen.insert(line).second) out += line;
  }
  return out + "\n";
}

std::string kek_block(const json& kek) {
  std::string out = "KEK POLICY:\n";
  if (kek.is_null()) return out + "    none\n\n";
  const auto line = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("    {:<25}: {}\n", key, value);
  };
  line("Rekey Transport Type", kek.at("transport") == "multicast" ? "Multicast" : "Unicast");
  line("Lifetime (secs)", text(kek.at("remaining")));
  line("Encrypt Algorithm", text(kek.at("cipher")));
  line("Key Size", text(kek.at("key_bits")));
  line("Sig Hash Algorithm", text(kek.at("signature_hash")));
  line("Sig Key Length (bits)", text(kek.at("signature_key_bits")));
  return out + "\n";
}

std::string tek_lines(const json& tek) {
  const auto spi = text(tek.at("spi"));
  const auto window = text(tek.at("replay_window"));
  std::string out = "    IPsec SA:\n";
  out += fmt::format("        spi: {}({})\n", spi, std::stoul(spi, nullptr, 16));
  out += "        KGS: Disabled\n";
  out += fmt::format("        transform: {}\n", text(tek.at("transform")));
  out += fmt::format("        sa timing:remaining key lifetime (sec): ({})\n",
                     text(tek.at("remaining")));
  out +=
      fmt::format("        Anti-Replay(Counter Based) : {}\n", window == "0" ? "Disabled" : window);
  const auto& in = tek.at("counters").at("in");
  if (in.is_object() && in.contains("senders"))
    for (const auto& sender : in.at("senders"))
      out += fmt::format("          sender {}: {} packets, {} replays dropped\n",
                         text(sender.at("network")), text(sender.at("packets")),
                         text(sender.at("replay_errors")));
  out += "        tag method : disabled\n";
  out += fmt::format("        alg key size: {} (bytes)\n", text(tek.at("cipher_key_octets")));
  out += fmt::format("        sig key size: {} (bytes)\n", text(tek.at("integrity_key_octets")));
  return out + "        encaps: ENCAPS_TUNNEL\n\n";
}

std::string tek_block(const json& status) {
  std::string out = "TEK POLICY for the current KS-Policy ACEs Downloaded:\n";
  for (const auto& interface : status.at("interfaces")) {
    out += fmt::format("  {}:\n", text(interface));
    for (const auto& tek : status.at("teks")) out += tek_lines(tek);
    if (status.at("teks").empty()) out += "\n";
  }
  return out;
}

// What Cisco calls the group size by the length of its sender IDs.
std::string_view group_size(unsigned bits) {
  if (bits <= 16) return "SMALL";
  return bits <= 24 ? "MEDIUM" : "LARGE";
}

// sender_id_block is for counter modes, and empty without them.
std::string sender_id_block(const json& status) {
  const auto ids = status.value("sender_ids", json());
  if (ids.is_null()) return "";
  const auto bits = ids.at("bits").get<unsigned>();
  const auto& values = ids.at("values");
  auto out = fmt::format("GM Sender ID (SID) Information for Group {}:\n",
                         text(status.at("group").at("name")));
  const auto line = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("        {:<29}: {}\n", key, value);
  };
  out += fmt::format("    Group Member: {} vrf: {}\n", address(status.at("local")),
                     vrf(status.at("vrf").at("inside")));
  line("Transform Mode", "Counter (Suite B)");
  line("# of SIDs Last Requested", "0");
  out += "    CURRENT SIDs:\n";
  line("SID Length (Group Size)", fmt::format("{} bits ({})", bits, group_size(bits)));
  line("# of SIDs Downloaded", fmt::to_string(values.size()));
  line("First SID Downloaded", fmt::format("0x{:08X}", values.front().get<std::uint32_t>()));
  line("Last SID Downloaded", fmt::format("0x{:08X}", values.back().get<std::uint32_t>()));
  return out + "\n";
}

std::string closing_block(const json& status) {
  const auto local = address(status.at("local"));
  return fmt::format(
      "KGS POLICY:\n  REG_GM: local_addr {0}\n\nP2P POLICY:\n  REG_GM: local_addr {0}\n",
      local.empty() ? "none" : local);
}

std::string text_of_group(const json& status) {
  if (status.at("schema") != 1) throw std::runtime_error{"a group of another schema"};
  return group_block(status) + member_block(status) + more_member_lines(status) +
         acl_block(status) + kek_block(status.at("kek")) + tek_block(status) +
         sender_id_block(status) + closing_block(status);
}

// The library of JSON throws; that ends here.
template <class Use>
Result<std::string> with_document(const std::string& document, Use use) {
  try {
    const auto status = json::parse(document);
    if (status.contains("error")) return fail("the daemon says: " + text(status.at("error")));
    if (status.at("schema") != 1 && status.at("schema") != 2)
      return fail("the daemon speaks schema " + text(status.at("schema")) +
                  ", this program 1 and 2");
    return use(status);
  } catch (const std::exception& problem) {
    return fail(std::string{"malformed reply of the daemon: "} + problem.what());
  }
}

}  // namespace

Result<std::string> show_text(const std::string& document) {
  return with_document(document, [](const json& status) {
    if (status.at("schema") == 1) return text_of_group(status);
    std::string out;
    for (const auto& group : status.at("groups"))
      out += (out.empty() ? "" : "\n") + text_of_group(group);
    return out;
  });
}

Result<std::string> show_json(const std::string& document) {
  return with_document(document, [](const json& status) { return status.dump(2) + "\n"; });
}

Result<std::string> trace_text(const std::string& document) {
  return with_document(document, [](const json& answer) { return text(answer.at("trace")); });
}

Result<std::string> done_text(const std::string& document) {
  return with_document(document, [](const json& status) {
    const auto done = text(status.at("done"));
    if (done == "trace-start") return std::string{"messages are written down until trace stop\n"};
    if (done == "reload") return std::string{"the configuration is read\n"};
    if (done == "log-level") return std::string{"done\n"};
    return std::string{done == "clear" ? "keys are cleared, a registration begins\n"
                                       : "a registration begins\n"};
  });
}

}  // namespace agent
