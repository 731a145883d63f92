// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "agent/control/show/blocks.h"
#include "agent/control/show/traffic.h"

namespace agent::show {
namespace {

bool is(const json& tek, const char* what) { return tek.at(what).get<bool>(); }

// direction_of: what this TEK is used for, whatever the group's other TEKs are.
std::string direction_of(const json& tek) {
  if (is(tek, "send")) return is(tek, "receive") ? "Both" : "Outbound";
  return is(tek, "receive") ? "Inbound" : "None";
}

// replay_line: no window is one of 0 packets.
std::string replay_line(const json& tek) {
  const auto window = text(tek.at("replay_window"));
  return fmt::format("        Anti-Replay({}) : {}\n", window == "0" ? "Disabled" : "Counter Based",
                     window);
}

std::string packets(const json& counters) {
  return counters.is_object() ? text(counters.at("packets")) : "0";
}

std::string detail_lines(const json& tek) {
  const auto& counters = tek.at("counters");
  auto out = fmt::format("        direction: {}", direction_of(tek));
  if (!tek.at("not_sent").is_null())
    out += fmt::format(" (not sent on: {})", text(tek.at("not_sent")));
  return out + fmt::format("\n        packets out/in: {}/{}\n", packets(counters.at("out")),
                           packets(counters.at("in")));
}

std::string sender_line(const json& sender, std::string_view indent, const std::string& more) {
  return fmt::format("{}sender {}: {} packets, {} replays dropped{}\n", indent,
                     text(sender.at("network")), text(sender.at("packets")),
                     text(sender.at("replay_errors")), more);
}

json senders_of(const json& tek) {
  const auto& in = tek.at("counters").at("in");
  return in.is_object() ? in.value("senders", json::array()) : json::array();
}

std::string tek_lines(const json& tek, bool detail) {
  const auto spi = text(tek.at("spi"));
  std::string out = "    IPsec SA:\n";
  out += fmt::format("        spi: {}({})\n", spi, std::stoul(spi, nullptr, 16));
  out += "        KGS: Disabled\n";
  out += fmt::format("        transform: {}\n", text(tek.at("transform")));
  out += fmt::format("        sa timing:remaining key lifetime (sec): ({})\n",
                     text(tek.at("remaining")));
  out += replay_line(tek);
  for (const auto& sender : senders_of(tek)) out += sender_line(sender, "          ", "");
  out += "        tag method : disabled\n";
  out += fmt::format("        alg key size: {} (bytes)\n", text(tek.at("cipher_key_octets")));
  out += fmt::format("        sig key size: {} (bytes)\n", text(tek.at("integrity_key_octets")));
  out += "        encaps: ENCAPS_TUNNEL\n";
  return out + (detail ? detail_lines(tek) : "") + "\n";
}

// interfaces_of: what has TEKs is shown under some interface.
std::vector<std::string> interfaces_of(const json& status) {
  auto out = status.at("interfaces").get<std::vector<std::string>>();
  if (out.empty() && !status.at("teks").empty()) out.emplace_back("none");
  return out;
}

// lines_under are the permits that are protected under a TEK. One that the policy in force no
// longer names still decrypts whatever the list permits.
std::vector<std::string> lines_under(const json& tek, const json& acl) {
  std::vector<std::string> named, all;
  std::set<std::string> seen;
  for (const auto& entry : acl) {
    if (entry.at("action") != "permit") continue;
    if (entry.at("spi") == tek.at("spi")) named.push_back(text(entry.at("match")));
    if (seen.insert(text(entry.at("match"))).second) all.push_back(text(entry.at("match")));
  }
  return is(tek, "current") ? named : all;
}

std::string sa_of(const json& tek, const std::string& match) {
  const auto [protocol, local, remote] = parse_traffic(match);
  return fmt::format(
      "    protocol = {}\n"
      "      local ident  = {}, port = {}\n"
      "      remote ident = {}, port = {}\n"
      "      direction: {}, replay(method/window): Counter/{}\n",
      protocol, local.ident, local.port, remote.ident, remote.port, direction_of(tek),
      text(tek.at("replay_window")));
}

std::uint64_t sum(const json& status, const char* direction, const char* what) {
  std::uint64_t out = 0;
  for (const auto& tek : status.at("teks")) {
    const auto& counters = tek.at("counters").at(direction);
    if (counters.is_object()) out += counters.at(what).get<std::uint64_t>();
  }
  return out;
}

}  // namespace

std::string tek_block(const json& status, bool detail) {
  std::string out = "TEK POLICY for the current KS-Policy ACEs Downloaded:\n";
  for (const auto& interface : interfaces_of(status)) {
    out += fmt::format("  {}:\n", interface);
    for (const auto& tek : status.at("teks")) out += tek_lines(tek, detail);
    if (status.at("teks").empty()) out += "\n";
  }
  return out;
}

std::string ipsec_sa_block(const json& status) {
  auto out = fmt::format("SA created for group {}:\n", group_name(status));
  for (const auto& interface : interfaces_of(status)) {
    out += fmt::format("  {}:\n", interface);
    for (const auto& tek : status.at("teks")) {
      if (!is(tek, "receive") && !is(tek, "send")) continue;
      for (const auto& match : lines_under(tek, status.at("acl"))) out += sa_of(tek, match);
    }
  }
  return out;
}

// What reads this command on behalf of others takes some of its lines for others: of "internal err"
// it makes the packets encrypted, and of "encaps fail" those tagged. So that all it reads is true,
// the first is left out, of which nothing is known by group, and the lines of tags are the last.
std::string dataplane_counters(const json& status) {
  const auto errors = status.value("ipsec_errors", json());
  const auto lock = status.value("second_lock", json());
  const auto known = [](const json& object, const char* key) {
    return object.is_object() ? text(object.at(key)) : std::string{"unknown"};
  };
  auto out = fmt::format("Data-plane statistics for group {}:\n", group_name(status));
  const auto line = [&out](std::string_view one, const std::string& value, std::string_view other,
                           const std::string& value2) {
    out += fmt::format("    #pkts {:<19}: {:<8} #pkts {:<19}: {}\n", one, value, other, value2);
  };
  line("encrypt", fmt::to_string(sum(status, "out", "packets")), "decrypt",
       fmt::to_string(sum(status, "in", "packets")));
  line("no sa (send)", known(errors, "no_sa_out"), "invalid sa (rcv)", known(errors, "no_sa_in"));
  line("encaps fail (send)", known(errors, "encapsulation"), "decap fail (rcv)",
       known(errors, "decapsulation"));
  line("invalid prot (rcv)", known(lock, "dropped_in"), "verify fail (rcv)",
       fmt::to_string(sum(status, "in", "integrity_errors")));
  line("not tagged (send)", "0", "not untagged (rcv)", "0");
  line("tagged (send)", "0", "untagged (rcv)", "0");
  return out;
}

std::string replay_block(const json& status) {
  auto out = fmt::format(
      "Anti-replay Information For Group {}:\n"
      "Timebased Replay:\n"
      "         is not enabled\n"
      "Counter-based Replay\n",
      group_name(status));
  for (const auto& tek : status.at("teks")) {
    const auto window = text(tek.at("replay_window"));
    const auto& in = tek.at("counters").at("in");
    out +=
        fmt::format("    spi {}: window {}, {} packets, {} replays dropped\n", text(tek.at("spi")),
                    window, packets(in), in.is_object() ? text(in.at("replay_errors")) : "0");
    for (const auto& sender : senders_of(tek))
      out += sender_line(sender, "        ", ", window " + window);
  }
  if (status.at("teks").empty()) out += "    there is no TEK\n";
  return out;
}

}  // namespace agent::show
