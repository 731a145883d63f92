// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/translate.h"

#include <fmt/format.h>

#include "agent/base/address.h"
#include "agent/config/access_list.h"
#include "agent/kernel/prefixes.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/unit/agent/policies.h"
#include "xfrm/base/describe.h"

namespace translate_test {

using namespace agent;
using namespace support;

namespace {

std::string text(const xfrm::Prefix& prefix) {
  return fmt::format("{}/{}", to_string(to_gdoi(prefix.address)), prefix.length);
}

// One entry as a line: "protect[0] 6 10.1.0.0/24:0 10.3.0.0/24:80".
std::string text(const xfrm::Entry& entry) {
  const auto& s = entry.selector;
  const bool protect = entry.action == xfrm::Entry::Action::protect;
  return fmt::format("{} {} {}:{} {}:{}",
                     protect ? fmt::format("protect[{}]", entry.key_class) : "bypass", s.protocol,
                     text(s.source), s.source_port, text(s.destination), s.destination_port);
}

std::vector<std::string> texts(const std::vector<xfrm::Entry>& entries) {
  std::vector<std::string> out;
  for (const auto& entry : entries) out.push_back(text(entry));
  return out;
}

Installation installation(const gdoi::GroupPolicy& policy) {
  Installation out{policy.entries, {}};
  for (const auto& tek : policy.teks) out.teks.push_back({&tek, tek.policy.lifetime, true, true});
  return out;
}

Translation translated(const gdoi::GroupPolicy& policy, const TranslateOptions& options = {}) {
  auto out = translate(installation(policy), {}, options);
  INFO((out ? "" : out.error().what));
  REQUIRE(out.has_value());
  return std::move(*out);
}

std::string failure(const gdoi::GroupPolicy& policy, const TranslateOptions& options = {}) {
  const auto out = translate(installation(policy), {}, options);
  return out ? "" : out.error().what;
}

gdoi::GroupPolicy with_entries(std::vector<gdoi::AccessEntry> entries) {
  auto out = lab_policy(7);
  out.entries = std::move(entries);
  return out;
}

gdoi::GroupPolicy with_tek(gdoi::Tek tek) {
  auto out = lab_policy(tek.spi.value);
  out.teks.clear();
  out.teks.push_back(std::move(tek));
  return out;
}

gdoi::TrafficSelector tcp(std::uint16_t source_port, std::uint16_t destination_port) {
  return {6, {any(), source_port}, {any(), destination_port}};
}

}  // namespace

TEST_CASE("the list of the lab becomes one entry per line and one SA") {
  const auto policy = lab_policy();
  const auto out = translated(policy);
  CHECK(texts(out.desired.entries) ==
        std::vector<std::string>{"protect[0] 0 10.1.0.0/24:0 10.3.0.0/24:0",
                                 "protect[0] 0 10.3.0.0/24:0 10.1.0.0/24:0"});
  REQUIRE(out.desired.sas.size() == 1);
  const auto& sa = out.desired.sas[0];
  CHECK(sa.spi == 0xa3d6592e);
  CHECK(sa.key_class == 0);
  CHECK(sa.lifetime_seconds == 3600);
  CHECK(sa.receive);
  CHECK(sa.send);
}

TEST_CASE("GDOI with each key server is exempt before all else, both ways") {
  TranslateOptions options;
  options.key_servers = {key_server("10.0.0.5"), {ip("10.0.0.6"), 8480}};
  const auto out = translated(lab_policy(), options);
  const auto lines = texts(out.desired.entries);
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "bypass 17 0.0.0.0/0:0 10.0.0.5/32:848");
  CHECK(lines[1] == "bypass 17 10.0.0.5/32:848 0.0.0.0/0:0");
  CHECK(lines[2] == "bypass 17 0.0.0.0/0:0 10.0.0.6/32:8480");
  CHECK(lines[3] == "bypass 17 10.0.0.6/32:8480 0.0.0.0/0:0");
  CHECK(lines[4] == "protect[0] 0 10.1.0.0/24:0 10.3.0.0/24:0");
}

TEST_CASE("permit and deny keep their order, protocol and ports") {
  const auto out = translated(with_entries(
      {deny(tcp(0, 179)), deny(tcp(179, 0)), permit(selector(any(), any()), 7), deny(tcp(0, 22))}));
  CHECK(texts(out.desired.entries) ==
        std::vector<std::string>{
            "bypass 6 0.0.0.0/0:0 0.0.0.0/0:179", "bypass 6 0.0.0.0/0:179 0.0.0.0/0:0",
            "protect[0] 0 0.0.0.0/0:0 0.0.0.0/0:0", "bypass 6 0.0.0.0/0:0 0.0.0.0/0:22"});
}

TEST_CASE("a range becomes prefixes, both sides with each other") {
  const auto what = selector(range("10.0.0.1", "10.0.0.2"), range("10.9.0.0", "10.9.0.2"));
  const auto out = translated(with_entries({permit(what, 7)}));
  CHECK(texts(out.desired.entries) ==
        std::vector<std::string>{"protect[0] 0 10.0.0.1/32:0 10.9.0.0/31:0",
                                 "protect[0] 0 10.0.0.1/32:0 10.9.0.2/32:0",
                                 "protect[0] 0 10.0.0.2/32:0 10.9.0.0/31:0",
                                 "protect[0] 0 10.0.0.2/32:0 10.9.0.2/32:0"});
}

TEST_CASE("a list that splitting makes too large is refused by its line") {
  const auto wide =
      selector(range("0.0.0.1", "255.255.255.254"), range("0.0.0.1", "255.255.255.254"));
  std::vector<gdoi::AccessEntry> entries(17, permit(wide, 7));  // 17 times 62 * 62
  CHECK(failure(with_entries(entries)).empty());
  entries.push_back(permit(wide, 7));
  CHECK(failure(with_entries(entries)) ==
        "entry 'permit ip 0.0.0.1-255.255.255.254 0.0.0.1-255.255.255.254': the ACL has more than "
        "65536 entries once ranges are split into prefixes");
}

TEST_CASE("an entry the kernel cannot enforce is refused by its name") {
  auto mixed = selector(any(), any());
  mixed.source.addresses = gdoi::AddressRange::any(gdoi::Address::Family::ipv6);
  CHECK(failure(with_entries({permit(mixed, 7)})) ==
        "entry 'permit ipv6 any any': IPv4 and IPv6 mixed");

  auto icmp = selector(any(), any());
  icmp.protocol = 1;
  CHECK(failure(with_entries({deny(icmp)})).empty());
  icmp.destination.port = 8;
  CHECK_THAT(failure(with_entries({deny(icmp)})), Catch::StartsWith("entry 'deny icmp any any") &&
                                                      Catch::EndsWith(": protocol 1 has no ports"));

  for (const unsigned protocol : {0U, 6U, 17U, 33U, 132U, 136U}) {
    auto ports = icmp;
    ports.protocol = static_cast<std::uint8_t>(protocol);
    CHECK(failure(with_entries({deny(ports)})).empty());
  }
}

TEST_CASE("what IPv6 needs on a link comes before a list that catches IPv6") {
  const auto ipv6 = parse_selectors("ipv6 any any").value().front();
  const auto out = translated(with_entries({permit(ipv6, 7)})).desired.entries;
  REQUIRE(out.size() == 8);
  for (std::size_t i = 0; i < 7; ++i) CHECK(out[i].action == xfrm::Entry::Action::bypass);
  std::vector<unsigned> types;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& selector = out[i].selector;
    CHECK(selector.protocol == 58);
    for (unsigned type = 0; type < 0x10000; ++type)
      if (((type ^ selector.source_port) & selector.source_port_mask) == 0) types.push_back(type);
  }
  CHECK(types == std::vector<unsigned>{130, 131, 132, 133, 134, 135, 136, 137, 143});
  CHECK(xfrm::describe(out[4].selector) == "::/0 to fe80::/10");
  CHECK(xfrm::describe(out[5].selector) == "::/0 to ff02::/16");
  CHECK(xfrm::describe(out[6].selector) == "fe80::/10 to ::/0");
  CHECK(out[7].action == xfrm::Entry::Action::protect);
  CHECK(xfrm::describe(out[7].selector) == "::/0 to ::/0");
}

TEST_CASE("IPv6 entries are split into prefixes as others are") {
  auto ranges = parse_selectors("tcp ::/0 2001:db8::/32 eq 443").value().front();
  ranges.source.addresses = {*parse_ipv6("2001:db8::1"), *parse_ipv6("2001:db8::4")};
  const auto out = translated(with_entries({permit(ranges, 7)})).desired.entries;
  REQUIRE(out.size() == 10);
  CHECK(xfrm::describe(out[7].selector) == "2001:db8::1/128 to 2001:db8::/32 port 443 protocol 6");
  CHECK(xfrm::describe(out[8].selector) == "2001:db8::2/127 to 2001:db8::/32 port 443 protocol 6");
  CHECK(xfrm::describe(out[9].selector) == "2001:db8::4/128 to 2001:db8::/32 port 443 protocol 6");
}

TEST_CASE("GDOI over IPv6 stays in clear where a list catches IPv6, and needs nothing where not") {
  auto options = TranslateOptions{};
  options.key_servers = {{*parse_ipv6("2001:db8::5"), 848}};
  const auto everything = parse_selectors("ipv6 any any").value().front();
  const auto out = translated(with_entries({permit(everything, 7)}), options).desired.entries;
  REQUIRE(out.size() == 10);
  CHECK(text(out[7]) == "bypass 17 ::/0:0 2001:db8::5/128:848");
  CHECK(text(out[8]) == "bypass 17 2001:db8::5/128:848 ::/0:0");
  const auto ipv4 = with_entries({permit(selector(site(1), site(3)), 7)});
  CHECK(translated(ipv4, options).desired.entries.size() == 1);
}

TEST_CASE("a list that catches no IPv6 needs nothing of it") {
  auto options = TranslateOptions{};
  options.exceptions = {parse_selectors("tcp ::/0 ::/0 eq 22").value().front()};
  const auto policy = with_entries({deny(parse_selectors("ipv6 any any").value().front()),
                                    permit(selector(site(1), site(3)), 7)});
  Installation installation{policy.entries, {}};
  for (const auto& one : policy.teks)
    installation.teks.push_back({&one, one.policy.lifetime, true, true});
  const auto out = translate(installation, {}, options);
  REQUIRE(out);
  REQUIRE(out->desired.entries.size() == 1);
  CHECK(out->desired.entries[0].action == xfrm::Entry::Action::protect);
}

TEST_CASE("each line with a TEK of its own has a class of its own") {
  auto policy =
      with_entries({permit(selector(site(1), site(3)), 7), permit(selector(site(3), site(1)), 8)});
  policy.teks.push_back(tek(8));
  const auto out = translated(policy);
  REQUIRE(out.desired.sas.size() == 2);
  CHECK(out.desired.entries[0].key_class == out.desired.sas[0].key_class);
  CHECK(out.desired.entries[1].key_class == out.desired.sas[1].key_class);
  CHECK(out.desired.sas[0].key_class != out.desired.sas[1].key_class);
}

TEST_CASE("a rollover leaves the entries as they are") {
  const auto before = lab_policy(7), after = lab_policy(8);
  const auto first = translate(installation(before), {}, {});
  REQUIRE(first.has_value());
  auto both = installation(after);
  both.teks.insert(both.teks.begin(), TekUse{&before.teks[0], seconds{40}, true, false});
  const auto second = translate(both, first->classes, {});
  REQUIRE(second.has_value());
  CHECK(texts(second->desired.entries) == texts(first->desired.entries));
  REQUIRE(second->desired.sas.size() == 2);
  CHECK(second->desired.sas[0].spi == 7);
  CHECK(second->desired.sas[0].key_class == 0);
  CHECK_FALSE(second->desired.sas[0].send);
  CHECK(second->desired.sas[1].spi == 8);
  CHECK(second->desired.sas[1].send);
}

TEST_CASE("a TEK that no line ever named makes no SA") {
  auto policy = lab_policy(7);
  policy.teks.push_back(tek(8));
  CHECK(translated(policy).desired.sas.size() == 1);
}

TEST_CASE("the kernel is told algorithm, key and truncation") {
  struct Row {
    gdoi::EspTransformId transform;
    gdoi::IntegrityId integrity;
    std::size_t cipher_octets, integrity_octets;
    const char *cipher, *hmac;
    unsigned icv_bits;
  };
  using Esp = gdoi::EspTransformId;
  using Mac = gdoi::IntegrityId;
  const std::initializer_list<Row> rows{
      {Esp::aes_cbc, Mac::hmac_sha256_128, 16, 32, "cbc(aes)", "hmac(sha256)", 128},
      {Esp::aes_cbc, Mac::hmac_sha1_96, 32, 20, "cbc(aes)", "hmac(sha1)", 96},
      {Esp::aes_cbc, Mac::hmac_md5_96, 24, 16, "cbc(aes)", "hmac(md5)", 96},
      {Esp::aes_cbc, Mac::hmac_sha384_192, 16, 48, "cbc(aes)", "hmac(sha384)", 192},
      {Esp::triple_des, Mac::hmac_sha512_256, 24, 64, "cbc(des3_ede)", "hmac(sha512)", 256},
      {Esp::null, Mac::hmac_sha1_96, 0, 20, "ecb(cipher_null)", "hmac(sha1)", 96},
      {Esp::camellia, Mac::hmac_sha1_96, 16, 20, "cbc(camellia)", "hmac(sha1)", 96},
      {Esp::aes_ctr, Mac::hmac_sha1_96, 20, 20, "rfc3686(ctr(aes))", "hmac(sha1)", 96},
      {Esp::aes_cbc, Mac::none, 16, 0, "cbc(aes)", "", 0},
  };
  for (const auto& row : rows) {
    auto one = tek(7);
    one.policy.transform = row.transform;
    one.policy.integrity = row.integrity;
    one.cipher_key = key(row.cipher_octets, 1);
    one.integrity_key = key(row.integrity_octets, 2);
    const auto policy = with_tek(std::move(one));
    const auto out = translated(policy);
    REQUIRE(out.desired.sas.size() == 1);
    const auto& sa = out.desired.sas[0];
    CHECK(sa.cipher == row.cipher);
    CHECK(sa.integrity == row.hmac);
    CHECK(sa.icv_bits == row.icv_bits);
    CHECK_FALSE(sa.aead);
    CHECK(hex(sa.cipher_key) == hex(policy.teks[0].cipher_key.view()));
    CHECK(hex(sa.integrity_key) == hex(policy.teks[0].integrity_key.view()));
  }
}

TEST_CASE("an AEAD has its key and ICV length, and no integrity algorithm") {
  struct Row {
    gdoi::EspTransformId transform;
    const char* name;
    unsigned icv_bits;
  };
  using Esp = gdoi::EspTransformId;
  const std::initializer_list<Row> rows{
      {Esp::aes_ccm_8, "rfc4309(ccm(aes))", 64},
      {Esp::aes_ccm_12, "rfc4309(ccm(aes))", 96},
      {Esp::aes_ccm_16, "rfc4309(ccm(aes))", 128},
      {Esp::aes_gcm_8, "rfc4106(gcm(aes))", 64},
      {Esp::aes_gcm_12, "rfc4106(gcm(aes))", 96},
      {Esp::aes_gcm_16, "rfc4106(gcm(aes))", 128},
      {Esp::null_auth_aes_gmac, "rfc4543(gcm(aes))", 128},
  };
  for (const auto& row : rows) {
    auto one = gcm_tek(7);
    one.policy.transform = row.transform;
    const auto policy = with_tek(std::move(one));
    const auto out = translated(policy);
    const auto& sa = out.desired.sas.at(0);
    CHECK(sa.aead);
    CHECK(sa.cipher == row.name);
    CHECK(sa.icv_bits == row.icv_bits);
    CHECK(sa.integrity.empty());
    CHECK(hex(sa.cipher_key) == hex(policy.teks[0].cipher_key.view()));
  }
}

TEST_CASE("counter modes are for receiving only, unless sending is forced") {
  auto counter = tek(7);
  counter.policy.transform = gdoi::EspTransformId::aes_ctr;
  TranslateOptions forced;
  forced.send_counter_modes = true;
  for (const auto* policy : {new gdoi::GroupPolicy(with_tek(gcm_tek(7))),
                             new gdoi::GroupPolicy(with_tek(std::move(counter)))}) {
    const std::unique_ptr<const gdoi::GroupPolicy> owner{policy};
    CHECK(translated(*policy).desired.sas.at(0).receive);
    CHECK_FALSE(translated(*policy).desired.sas.at(0).send);
    CHECK(translated(*policy, forced).desired.sas.at(0).send);
  }
}

TEST_CASE("what the kernel cannot do, or protects nothing, is refused by the TEK's name") {
  const auto refused = [](void (*change)(gdoi::Tek&)) {
    auto one = tek(0x1234abcd);
    change(one);
    return failure(with_tek(std::move(one)));
  };
  CHECK(refused([](gdoi::Tek& t) { t.policy.encapsulation = gdoi::Encapsulation::transport; }) ==
        "TEK 0x1234ABCD: transport encapsulation is not supported, the key server must say 'mode "
        "tunnel'");
  for (const auto kind : {gdoi::AddressPreservation::none, gdoi::AddressPreservation::source,
                          gdoi::AddressPreservation::destination}) {
    auto one = tek(0x1234abcd);
    one.policy.preservation = kind;
    CHECK(failure(with_tek(std::move(one))) ==
          "TEK 0x1234ABCD: only tunnels that keep source and destination address are supported");
  }
  CHECK(refused([](gdoi::Tek& t) { t.policy.transform = gdoi::EspTransformId::des; }) ==
        "TEK 0x1234ABCD: ESP transform 2 is not supported");
  CHECK(refused([](gdoi::Tek& t) { t.policy.transform = gdoi::EspTransformId{99}; }) ==
        "TEK 0x1234ABCD: ESP transform 99 is not supported");
  CHECK(refused([](gdoi::Tek& t) { t.policy.integrity = gdoi::IntegrityId{9}; }) ==
        "TEK 0x1234ABCD: integrity algorithm 9 is not supported");
  CHECK(refused([](gdoi::Tek& t) {
          t.policy.transform = gdoi::EspTransformId::null;
          t.policy.integrity = gdoi::IntegrityId::none;
        }) == "TEK 0x1234ABCD: ESP-NULL without integrity protects nothing");
}

TEST_CASE("directions, ESN and the configured replay window reach the kernel") {
  const auto policy = lab_policy(7);
  Installation only_in{policy.entries, {{&policy.teks[0], seconds{5}, true, false}}};
  Installation only_out{policy.entries, {{&policy.teks[0], seconds{5}, false, true}}};
  CHECK(translate(only_in, {}, {})->desired.sas.at(0).receive);
  CHECK_FALSE(translate(only_in, {}, {})->desired.sas.at(0).send);
  CHECK_FALSE(translate(only_out, {}, {})->desired.sas.at(0).receive);
  CHECK(translate(only_out, {}, {})->desired.sas.at(0).send);

  TranslateOptions window;
  window.replay_window = 64;
  CHECK(translated(policy, window).desired.sas.at(0).replay_window == 64);
  CHECK(translated(policy).desired.sas.at(0).replay_window == 0);

  auto esn = tek(7);
  esn.policy.extended_sequence = true;
  const auto with_esn = with_tek(std::move(esn));
  CHECK(translated(with_esn, window).desired.sas.at(0).extended_sequence);
  CHECK(failure(with_esn) ==
        "TEK 0x00000007: extended sequence numbers need a replay window, set replay-window");
  CHECK_FALSE(translated(policy).desired.sas.at(0).extended_sequence);
}

TEST_CASE("a range of ports becomes blocks that the kernel can compare with") {
  auto entry = permit(selector(site(1), site(3)), 7);
  entry.selector.protocol = 17;
  entry.selector.source.port = 5;
  entry.selector.destination.port = 5000;
  entry.selector.destination.last_port = 5004;
  const auto out = translated(with_entries({entry}));
  REQUIRE(out.desired.entries.size() == 2);
  const auto &first = out.desired.entries[0].selector, &second = out.desired.entries[1].selector;
  CHECK((first.source_port == 5 && first.source_port_mask == 0xffff));
  CHECK((first.destination_port == 5000 && first.destination_port_mask == 0xfffc));
  CHECK((second.destination_port == 5004 && second.destination_port_mask == 0xffff));
}

TEST_CASE("all TEKs expired leave the list in force without an SA") {
  const auto policy = lab_policy(7);
  const auto out = translate(Installation{policy.entries, {}}, {}, {});
  REQUIRE(out.has_value());
  CHECK(out->desired.entries.size() == 2);
  CHECK(out->desired.sas.empty());
}

}  // namespace translate_test
