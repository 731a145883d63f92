// SPDX-License-Identifier: GPL-2.0-or-later
// Drives xfrm::Plane from a script: one JSON object a line in, one out. No key management: the wire
// tests and benchmarks say which keys.
//
//   {"open": {"interfaces": ["wan0"]}}                      also "name", "reqid", "in", "out",
//   "count_unknown", "own_lock"
//   {"apply": {"entries": [{"permit": true, "class": 0, "source": "10.1.0.0/24",
//              "destination": "10.3.0.0/24", "protocol": 17, "destination_port": 53}],
//              "sas": [{"spi": 4097, "class": 0, "cipher": "cbc(aes)", "key": "00..",
//              "integrity": "hmac(sha256)", "integrity_key": "00..", "icv": 128, "window": 0,
//              "send": true, "receive": true}],
//              "kept": [{"spi": 4096, "class": 0, "outbound": true}]}}
//   {"clear": {}}   {"unknown": {}}   {"counters": {}}   {"survey": {}}   {"verify": {}} {"events":
//   {}}
//
// An entry may say "action": "protect", "bypass", "discard" or "protect-inbound-optional" instead
// of "permit".
//
// The answer is {"ok": true, "seconds": ..., ...} or {"ok": false, "error": "..."}.
#include <arpa/inet.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "tests/support/hex.h"
#include "xfrm/plane/installer.h"
#include "xfrm/plane/plane.h"

namespace {

using nlohmann::json;

xfrm::Address address(const std::string& text) {
  xfrm::Address out;
  const bool ipv6 = text.find(':') != std::string::npos;
  out.family = ipv6 ? xfrm::Family::ipv6 : xfrm::Family::ipv4;
  if (::inet_pton(ipv6 ? AF_INET6 : AF_INET, text.c_str(), out.bytes.data()) != 1)
    throw std::invalid_argument{"address " + text};
  return out;
}

xfrm::Prefix prefix(const std::string& text) {
  const auto slash = text.find('/');
  const auto whole = address(text.substr(0, slash));
  if (slash == std::string::npos)
    return {whole, static_cast<std::uint8_t>(whole.family == xfrm::Family::ipv4 ? 32 : 128)};
  return {whole, static_cast<std::uint8_t>(std::stoi(text.substr(slash + 1)))};
}

xfrm::InstallerConfig config(const json& from) {
  xfrm::InstallerConfig c;
  c.name = from.value("name", "getvpn-wire");
  c.reqid = from.value("reqid", 7000U);
  c.anchors.in = address(from.value("in", "240.0.0.1"));
  c.anchors.out = address(from.value("out", "240.0.0.2"));
  c.mark = 0x10000000;
  c.options.count_unknown = from.value("count_unknown", false);
  c.own_lock = from.value("own_lock", false);
  c.interfaces = from.value("interfaces", std::vector<std::string>{"wan0"});
  return c;
}

xfrm::Entry entry(const json& from) {
  xfrm::Entry e;
  static const std::map<std::string, xfrm::Entry::Action> actions{
      {"protect", xfrm::Entry::Action::protect},
      {"bypass", xfrm::Entry::Action::bypass},
      {"discard", xfrm::Entry::Action::discard},
      {"protect-inbound-optional", xfrm::Entry::Action::protect_inbound_optional}};
  e.action = actions.at(from.value("action", from.value("permit", true) ? "protect" : "bypass"));
  e.key_class = from.value("class", xfrm::KeyClass{0});
  e.selector.source = prefix(from.at("source"));
  e.selector.destination = prefix(from.at("destination"));
  e.selector.protocol = from.value("protocol", std::uint8_t{0});
  e.selector.source_port = from.value("source_port", std::uint16_t{0});
  e.selector.destination_port = from.value("destination_port", std::uint16_t{0});
  return e;
}

// Keys are test keys; they live as long as the program.
std::span<const std::byte> key(const std::string& hex) {
  static std::vector<std::unique_ptr<gdoi::Bytes>> kept;
  kept.push_back(std::make_unique<gdoi::Bytes>(support::octets(hex)));
  return *kept.back();
}

std::string_view name(const std::string& text) {
  static std::vector<std::unique_ptr<std::string>> kept;
  kept.push_back(std::make_unique<std::string>(text));
  return *kept.back();
}

xfrm::SaSpec sa(const json& from) {
  xfrm::SaSpec s;
  s.spi = from.at("spi");
  s.key_class = from.value("class", xfrm::KeyClass{0});
  s.cipher = name(from.value("cipher", "cbc(aes)"));
  s.cipher_key = key(from.at("key"));
  s.aead = from.value("aead", false);
  s.integrity = name(from.value("integrity", s.aead ? "" : "hmac(sha256)"));
  s.integrity_key = key(from.value("integrity_key", ""));
  s.icv_bits = from.value("icv", 128U);
  s.replay_window = from.value("window", 0U);
  s.send = from.value("send", true);
  s.receive = from.value("receive", true);
  return s;
}

xfrm::Desired desired(const json& from) {
  xfrm::Desired out;
  for (const auto& e : from.value("entries", json::array())) out.entries.push_back(entry(e));
  for (const auto& s : from.value("sas", json::array())) out.sas.push_back(sa(s));
  for (const auto& k : from.value("kept", json::array()))
    out.kept.push_back({k.at("spi"), k.at("outbound"), k.value("class", xfrm::KeyClass{0})});
  return out;
}

json answer_of(const xfrm::Result<void>& done) {
  if (done) return {{"ok", true}};
  return {{"ok", false}, {"error", done.error().message()}};
}

class Driver {
 public:
  json handle(const json& request) {
    if (request.contains("open")) return open(request["open"]);
    if (!plane_) return {{"ok", false}, {"error", "not open"}};
    if (request.contains("apply")) return apply(request["apply"]);
    if (request.contains("clear")) return timed([&] { return plane_->clear(); });
    if (request.contains("counters")) return counters();
    if (request.contains("unknown")) return unknown();
    if (request.contains("survey")) return survey();
    if (request.contains("verify")) return verify();
    if (request.contains("events")) return {{"ok", true}, {"changed", plane_->read_events()}};
    return {{"ok", false}, {"error", "unknown request"}};
  }

 private:
  // "probe": false opens where there is no ESP, for lists without SAs.
  json open(const json& from) {
    auto opened = xfrm::Installer::open(config(from));
    if (!opened) return {{"ok", false}, {"error", opened.error().message()}};
    plane_ = std::move(*opened);
    return from.value("probe", true) ? answer_of(plane_->probe()) : json{{"ok", true}};
  }

  json apply(const json& from) {
    const auto wanted = desired(from);
    return timed([&] { return plane_->apply(wanted); });
  }

  template <class Work>
  json timed(Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    json answer = answer_of(work());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    answer["seconds"] = took.count();
    return answer;
  }

  json counters() {
    const auto read = plane_->counters();
    if (!read) return {{"ok", false}, {"error", read.error().message()}};
    json list = json::array();
    for (const auto& c : *read)
      list.push_back({{"spi", c.spi},
                      {"outbound", c.outbound},
                      {"packets", c.packets},
                      {"replay_errors", c.replay_errors},
                      {"integrity_errors", c.integrity_errors}});
    return {{"ok", true}, {"states", list}};
  }

  json unknown() {
    const auto read = plane_->unknown();
    if (!read) return {{"ok", false}, {"error", read.error().message()}};
    json list = json::array();
    for (const auto& one : *read) {
      std::array<char, INET6_ADDRSTRLEN> text{};
      ::inet_ntop(one.source.family == xfrm::Family::ipv4 ? AF_INET : AF_INET6,
                  one.source.bytes.data(), text.data(), text.size());
      list.push_back({{"source", text.data()}, {"spi", one.spi}, {"packets", one.packets}});
    }
    return {{"ok", true}, {"unknown", list}};
  }

  json survey() {
    const auto found = plane_->survey();
    if (!found) return {{"ok", false}, {"error", found.error().message()}};
    json list = json::array();
    for (const auto& sa : found->sas)
      list.push_back({{"spi", sa.spi},
                      {"class", sa.key_class},
                      {"outbound", sa.outbound},
                      {"packets", sa.packets}});
    return {{"ok", true}, {"states", list}, {"list", found->has_policy}};
  }

  json verify() {
    const auto lines = plane_->verify();
    if (!lines) return {{"ok", false}, {"error", lines.error().message()}};
    return {{"ok", true}, {"lines", *lines}};
  }

  std::unique_ptr<xfrm::Installer> plane_;
};

}  // namespace

int main() {
  Driver driver;
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      answer = driver.handle(json::parse(line));
    } catch (const std::exception& error) {
      answer = {{"ok", false}, {"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}
