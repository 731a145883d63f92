// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/control/show/blocks.h"

namespace agent::show {
namespace {

// Of the two cookies that a KEK's SPI consists of, the first four octets are shown.
std::string my_cookie(const json& kek) { return text(kek.at("spi")).substr(0, 8); }
std::string his_cookie(const json& kek) { return text(kek.at("spi")).substr(16, 8); }

// connection_id is our number of a KEK: its first cookie's, in decimal.
std::string connection_id(const json& kek) {
  return fmt::to_string(std::stoul(my_cookie(kek), nullptr, 16));
}

// named is an address that the key server gave; empty: none, or any.
std::string named(const json& kek, const char* end) {
  const auto given = address(kek.value(end, json()));
  return given == "0.0.0.0" || given == "::" ? "" : given;
}

// Where a key server names no address of its rekeys, they are those that registered us.
std::string destination(const json& status, const json& kek) {
  const auto given = named(kek, "destination");
  return given.empty() || kek.at("transport") == "unicast" ? address(status.at("local")) : given;
}

std::string source(const json& status, const json& kek) {
  const auto given = named(kek, "source");
  return given.empty() ? address(status.at("registration").at("registered_with")) : given;
}

std::string_view transport(const json& kek) {
  return kek.at("transport") == "multicast" ? "Multicast" : "Unicast";
}

std::string sa_row(std::string_view role, const json& status, std::string_view wanted) {
  for (const auto& kek : status.at("keks"))
    if (kek.at("role") == wanted)
      return fmt::format("{:<8}: {:<15} {:<15} {:<10} {:<10} {}\n", role, destination(status, kek),
                         source(status, kek), connection_id(kek), my_cookie(kek), his_cookie(kek));
  return fmt::format("{:<8}: {:<15} {:<15} {:<10} {:<10} {}\n", role, "---", "---", "---", "---",
                     "---");
}

// in_order has the current KEK at the end: of several, what reads the list keeps the last.
std::vector<json> in_order(const json& status) {
  std::vector<json> out, current;
  for (const auto& kek : status.at("keks"))
    (kek.at("role") == "current" ? current : out).push_back(kek);
  out.insert(out.end(), current.begin(), current.end());
  return out;
}

std::string previous_sequence(const json& status) {
  for (const auto& kek : status.at("keks"))
    if (kek.at("role") == "previous") return text(kek.at("last_sequence"));
  return "0";
}

// detail_of is one KEK in `show crypto gdoi rekey sa detail`. Its lengths are octets.
std::string detail_of(const json& status, const json& kek) {
  const auto bits = kek.at("key_bits").get<std::uint64_t>();
  const auto interface =
      status.at("interfaces").empty() ? "none" : text(status.at("interfaces").front());
  auto out = fmt::format("  KEK POLICY (transport type : {})\n", transport(kek));
  const auto ours = destination(status, kek), theirs = source(status, kek);
  out += fmt::format("   Local addr/port : {}/848\n", only_ipv4(ours));
  out += fmt::format("   Remote addr/port : {}/848\n", only_ipv4(theirs));
  if (is_ipv6(ours)) out += fmt::format("   IPv6 local/remote : {} {}\n", ours, theirs);
  out += fmt::format("    spi : 0x{}\n", text(kek.at("spi")));
  const auto pair = [&out](std::string_view one, const std::string& value, std::string_view other,
                           const std::string& value2) {
    out += fmt::format("    {:<19}: {:<10}  {:<18}: {}\n", one, value, other, value2);
  };
  const auto single = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("    {:<19}: {}\n", key, value);
  };
  const bool hashed = !kek.at("signature_hash").is_null();
  pair("management alg", kek.value("management", 0) == 0 ? "disabled" : "enabled", "encrypt alg",
       text(kek.at("cipher")));
  pair("crypto iv length", kek.at("cipher") == "AES" ? "16" : "8", "key size",
       fmt::to_string(bits / 8));
  single("orig life(sec)", text(kek.value("lifetime", json(0))));
  pair("sig hash algorithm", hashed ? "enabled" : "disabled", "sig key length",
       fmt::to_string(text(kek.value("signature_key", json(""))).size() / 2));
  single("sig size", text(kek.value("signature_octets", json(0))));
  single("acknowledgement", kek.value("acknowledgement", json()).is_null() ? "none" : "RFC8263");
  single("conn_id (IKEv1)", connection_id(kek));
  pair("seq num", text(kek.at("last_sequence")), "prev seq num", previous_sequence(status));
  single("handle", connection_id(kek));
  single("Interface", interface);
  return out + fmt::format("    {:<19}: {}\n\n", "Group Name", group_name(status));
}

// key_lines writes octets as Cisco does: words of four, eight a line.
std::string key_lines(std::string digits) {
  std::transform(digits.begin(), digits.end(), digits.begin(), [](char digit) {
    return digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
  });
  std::string out;
  for (std::size_t at = 0; at < digits.size(); at += 8) {
    out += at % 64 == 0 ? (at == 0 ? "      " : "\n      ") : " ";
    out += digits.substr(at, 8);
  }
  return out.empty() ? out : out + "\n";
}

}  // namespace

std::string rekeys_cumulative(const json& status) {
  const auto& rekeys = status.at("rekeys");
  return fmt::format(
      "    Rekeys cumulative\n"
      "       Total received        : {}\n"
      "       After latest register : {}\n"
      "       Rekey Acks sents      : {}\n\n",
      text(rekeys.at("received")), text(rekeys.at("since_registration")),
      text(rekeys.at("acknowledgements_sent")));
}

std::string kek_block(const json& status) {
  const auto& kek = status.at("kek");
  const bool none = kek.is_null();
  const auto value = [&](const char* key, const char* otherwise) {
    return none ? std::string{otherwise} : text(kek.at(key));
  };
  std::string out = "KEK POLICY:\n";
  const auto line = [&out](std::string_view key, const std::string& what) {
    out += fmt::format("    {:<25}: {}\n", key, what);
  };
  line("Rekey Transport Type", none ? "None" : std::string{transport(kek)});
  line("Lifetime (secs)", value("remaining", "0"));
  line("Encrypt Algorithm", value("cipher", "None"));
  line("Key Size", value("key_bits", "0"));
  line("Sig Hash Algorithm", value("signature_hash", "None"));
  line("Sig Key Length (bits)", value("signature_key_bits", "0"));
  return out + "\n";
}

std::string gm_rekey(const json& status) {
  const auto& rekeys = status.at("rekeys");
  return fmt::format(
      "Group {} ({})\n"
      "    Number of Rekeys received (cumulative)       : {}\n"
      "    Number of Rekeys received after registration : {}\n"
      "    Number of Rekey Acks sent                    : {}\n",
      group_name(status), is_multicast(status) ? "Multicast" : "Unicast",
      text(rekeys.at("received")), text(rekeys.at("since_registration")),
      text(rekeys.at("acknowledgements_sent")));
}

std::string gm_rekey_sas(const json& status) {
  return "\nRekey (KEK) SA information :\n"
         "          dst             src             conn-id    my-cookie  his-cookie\n" +
         sa_row("New", status, "next") + sa_row("Current", status, "current") +
         sa_row("Previous", status, "previous");
}

std::string rekey_sa_rows(const json& status) {
  std::string out;
  for (const auto& kek : in_order(status))
    out += fmt::format("{:<15} {:<15} {:<15} ACTIVE\n", destination(status, kek),
                       source(status, kek), connection_id(kek));
  return out;
}

std::string rekey_sa_detail(const json& status) {
  const auto active = status.at("keks").size();
  const auto taken = status.at("rekeys").value("keks", std::uint64_t{active});
  auto out = fmt::format(
      "KEK SA DB STATS:\n"
      "    num_active = {}\n"
      "    num_malloc = {}\n"
      "    num_free = {}\n\n",
      active, taken, taken - active);
  for (const auto& kek : in_order(status)) out += detail_of(status, kek);
  return out;
}

std::string pubkey_block(const json& status) {
  auto out = fmt::format("  GDOI Group: {}\n", group_name(status));
  for (const auto& kek : in_order(status)) {
    out += fmt::format("    KS IP Address: {}\n", source(status, kek));
    out += fmt::format("    conn-id: {}    my-cookie:{}    his-cookie:{}\n", connection_id(kek),
                       my_cookie(kek), his_cookie(kek));
    out += "    Key Data:\n" + key_lines(text(kek.value("signature_key", json("")))) + "\n";
  }
  return out;
}

}  // namespace agent::show
