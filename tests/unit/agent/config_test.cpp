// SPDX-License-Identifier: GPL-2.0-or-later

#include "agent/base/address.h"
#include "agent/config/daemon_config.h"
#include "agent/config/keys.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/configs.h"

namespace config_test {

using namespace agent;
using namespace support;

namespace {

Settings file(const std::string& text) {
  auto settings = parse_settings(text, "F");
  REQUIRE(settings.has_value());
  REQUIRE(settings->sections.empty());
  return settings->common;
}

Settings command_line(std::initializer_list<std::pair<const char*, const char*>> options) {
  Settings out;
  for (const auto& [key, value] : options) out.push_back({key, value, std::string{"--"} + key});
  return out;
}

std::string failure(const Settings& from_file, const Settings& options = {}) {
  const auto config = make_config(from_file, options);
  return config ? "" : config.error().what;
}

GroupConfig made(const Settings& from_file, const Settings& options = {}) {
  auto config = make_config(from_file, options);
  INFO(failure(from_file, options));
  REQUIRE(config.has_value());
  return *config;
}

const std::string least = "ks = 10.0.0.5\ngroup = 100\n";

}  // namespace

TEST_CASE("two options are enough for a configuration") {
  const auto config = made({}, command_line({{"ks", "10.0.0.5"}, {"group", "100"}}));

  REQUIRE(config.key_servers.size() == 1);
  CHECK(to_string(config.key_servers[0]) == "10.0.0.5/848");
  CHECK(config.group == gdoi::GroupId{gdoi::GroupNumber{100}});
  CHECK(config.group_name == "100");
  CHECK(config.authentication.secrets_file == "/etc/getvpn-gm/getvpn-gm.secrets");
  CHECK(config.replay_window == 0);
  CHECK_FALSE(config.send_counter_modes);
  CHECK(to_string(identity_in(0, config).anchor_in) == "240.0.0.1");
  CHECK(to_string(identity_in(0, config).anchor_out) == "240.0.0.2");
  CHECK(to_string(identity_in(0, config).anchor_in6) == "100::1");
  CHECK(to_string(identity_in(0, config).anchor_out6) == "100::2");
  CHECK(identity_in(0, config).mark == 0x10000000);
  CHECK_FALSE(config.phase1_doi.has_value());
  CHECK(config.proposals == gdoi::default_proposals());
}

TEST_CASE("each key of the file is understood") {
  const auto config = made(
      file("# comment\n\n"
           "ks = 10.0.0.5, 10.0.0.6:8480   # two\n"
           "ks = 10.0.0.7\n"
           "group = 10.9.8.7\n"
           "group-name = \"My # group\"\n"
           "interface = wan0\ninterface = wan1*\n"
           "secrets = /s\n"
           "ike-proposal = aes256-sha256-modp1024, 3des-md5-ecp521\n"
           "ike-lifetime = 3600\nphase1-doi = 1\ntek-without-key = bypass\nreplay-window = 64\n"
           "send-counter-modes = yes\nanchor-in = 240.1.1.1\nanchor-out = 10.255.255.1\n"
           "anchor-in6 = 100::5\nanchor-out6 = 2001:db8::6\n"
           "mark = 80000000\nreqid = 0x1000\n"));

  REQUIRE(config.key_servers.size() == 3);
  CHECK(to_string(config.key_servers[1]) == "10.0.0.6/8480");
  CHECK(to_string(config.key_servers[2]) == "10.0.0.7/848");
  CHECK(config.group == gdoi::GroupId{*parse_ipv4("10.9.8.7")});
  CHECK(config.group_name == "My # group");
  CHECK(config.interfaces == std::vector<std::string>{"wan0", "wan1*"});
  CHECK(config.authentication.secrets_file == "/s");
  REQUIRE(config.proposals.size() == 2);
  CHECK(config.proposals[0] == gdoi::Phase1Proposal{gdoi::CipherAlgorithm::aes_cbc, 256,
                                                    gdoi::HashAlgorithm::sha256,
                                                    gdoi::DhGroup::modp1024});
  CHECK(config.proposals[1].cipher == gdoi::CipherAlgorithm::triple_des_cbc);
  CHECK(config.proposals[1].group == gdoi::DhGroup::ecp521);
  CHECK(config.ike_lifetime == gdoi::seconds{3600});
  CHECK(config.phase1_doi == 1);
  CHECK(config.tek_without_key == gdoi::TekWithoutKey::bypass);
  CHECK(config.replay_window == 64);
  CHECK(config.send_counter_modes);
  CHECK(to_string(identity_in(0, config).anchor_in) == "240.1.1.1");
  CHECK(to_string(identity_in(0, config).anchor_out) == "10.255.255.1");
  CHECK(to_string(identity_in(0, config).anchor_in6) == "100::5");
  CHECK(to_string(identity_in(0, config).anchor_out6) == "2001:db8::6");
  CHECK(identity_in(0, config).mark == 0x80000000);
  CHECK(identity_in(0, config).reqid == 0x1000);
}

TEST_CASE("the command line wins, key by key") {
  const auto config = made(file(least + "ks = 10.0.0.6\nreplay-window = 64\n"),
                           command_line({{"ks", "10.0.0.9"}, {"group", "200"}}));

  REQUIRE(config.key_servers.size() == 1);
  CHECK(to_string(config.key_servers[0]) == "10.0.0.9/848");
  CHECK(config.group == gdoi::GroupId{gdoi::GroupNumber{200}});
  CHECK(config.replay_window == 64);
}

TEST_CASE("a mistake in the file is an error even where the command line overrides it") {
  CHECK(failure(file("group = x\n"), command_line({{"ks", "10.0.0.5"}, {"group", "100"}})) ==
        "F:1: group: 'x' is not a number");
}

TEST_CASE("every refusal names file and line") {
  struct Row {
    const char* line;
    const char* complaint;
  };
  const std::initializer_list<Row> rows{
      {"colour = blue", "F:3: unknown key 'colour'"},
      {"config = /x", "F:3: unknown key 'config'"},
      {"group = 7", "F:3: 'group' is given twice"},
      {"ks =", "F:3: ks: has no value"},
      {"rekey-encryption = blowfish",
       "F:3: rekey-encryption: invalid value 'blowfish' (expected default, any, des, 3des, "
       "aes128, "
       "aes192, aes256)"},
      {"rekey-hash = sha",
       "F:3: rekey-hash: invalid value 'sha' (expected default, any, md5, sha1, sha256, sha384, "
       "sha512)"},
      {"ks = 10.0.0.6,", "F:3: ks: has no value"},
      {"ks = 10.0.0", "F:3: ks: '10.0.0' is not an IPv4 or IPv6 address, and no DNS name"},
      {"ks = ks..example.org",
       "F:3: ks: 'ks..example.org' is not an IPv4 or IPv6 address, and no DNS name"},
      {"ks = ks.example.org:0", "F:3: ks: port: 0 is not in 1 to 65535"},
      {"answer-from = ks.example.org",
       "F:3: answer-from: 'ks.example.org' is not an IPv4 or IPv6 address"},
      {"answer-from = 224.0.0.1", "F:3: answer-from: 224.0.0.1 is not a unicast address"},
      {"ks = 2001:db8::1::2", "F:3: ks: '2001' is not an IPv4 or IPv6 address, and no DNS name"},
      {"ks = fe80::1", "F:3: ks: fe80::1 is not a unicast address"},
      {"ks = ff05::848", "F:3: ks: ff05::848 is not a unicast address"},
      {"ks = ::1", "F:3: ks: ::1 is not a unicast address"},
      {"ks = ::ffff:10.0.0.5", "F:3: ks: ::ffff:10.0.0.5 is not a unicast address"},
      {"ks = [2001:db8::5", "F:3: ks: '[2001:db8::5' is not [IPV6] or [IPV6]:PORT"},
      {"ks = [10.0.0.5]:848", "F:3: ks: '[10.0.0.5]:848' is not [IPV6] or [IPV6]:PORT"},
      {"ks = [2001:db8::5]848", "F:3: ks: '848' after the address"},
      {"ks = [2001:db8::5]:0", "F:3: ks: port: 0 is not in 1 to 65535"},
      {"nat-t = maybe", "F:3: nat-t: invalid value 'maybe' (expected yes, no)"},
      {"ike-fragmentation = 1", "F:3: ike-fragmentation: invalid value '1' (expected yes, no)"},
      {"ks = 224.0.0.5", "F:3: ks: 224.0.0.5 is not a unicast address"},
      {"ks = 0.0.0.0", "F:3: ks: 0.0.0.0 is not a unicast address"},
      {"ks = 127.0.0.1", "F:3: ks: 127.0.0.1 is not a unicast address"},
      {"ks = 10.0.0.6:0", "F:3: ks: port: 0 is not in 1 to 65535"},
      {"ks = 10.0.0.6:65536", "F:3: ks: port: 65536 is not in 1 to 65535"},
      {"ks = 10.0.0.6:", "F:3: ks: port: '' is not a number"},
      {"ks = 10.0.0.5:848", "F:3: ks: 10.0.0.5:848 is given twice"},
      {"ks = 10.1.0.1,10.1.0.2,10.1.0.3,10.1.0.4,10.1.0.5,10.1.0.6,10.1.0.7,10.1.0.8",
       "F:3: ks: more than 8 key servers"},
      {"interface = wan0, wan0", "F:3: interface: wan0 is given twice"},
      {"interface = a-name-of-16-chr",
       "F:3: interface: 'a-name-of-16-chr' cannot be an interface's name"},
      {"interface = a/b", "F:3: interface: 'a/b' cannot be an interface's name"},
      {"interface = *", "F:3: interface: '*': a '*' stands behind the beginning of a name only"},
      {"interface = w*n0",
       "F:3: interface: 'w*n0': a '*' stands behind the beginning of a name only"},
      {"interface = ..", "F:3: interface: '..' cannot be an interface's name"},
      {"ike-proposal = aes256-sha256",
       "F:3: ike-proposal: 'aes256-sha256' is not CIPHER-HASH-GROUP, such as "
       "aes256-sha256-modp2048"},
      {"ike-proposal = aes-sha256-modp1024",
       "F:3: ike-proposal: 'aes-sha256-modp1024': unknown 'aes'; known are aes128, aes192, "
       "aes256, "
       "3des"},
      {"ike-proposal = aes256-sha3-modp1024",
       "F:3: ike-proposal: 'aes256-sha3-modp1024': unknown 'sha3'; known are md5, sha1, "
       "sha256, "
       "sha384, "
       "sha512"},
      {"ike-proposal = aes256-sha256-modp768",
       "F:3: ike-proposal: 'aes256-sha256-modp768': unknown 'modp768'; known are modp1024, "
       "modp1536, "
       "modp2048, modp3072, modp4096, ecp256, ecp384, ecp521"},
      {"ike-proposal = 3des-md5-modp1024,3des-md5-modp1024",
       "F:3: ike-proposal: 3des-md5-modp1024 is given twice"},
      {"ike-lifetime = 59", "F:3: ike-lifetime: 59 is not in 60 to 4294967295"},
      {"ike-lifetime = 1h", "F:3: ike-lifetime: '1h' is not a number"},
      {"ike-lifetime = -1", "F:3: ike-lifetime: '-1' is not a number"},
      {"ike-lifetime = 4294967296", "F:3: ike-lifetime: 4294967296 is not in 60 to 4294967295"},
      {"ike-lifetime = 99999999999999999999",
       "F:3: ike-lifetime: 99999999999999999999 is not in 60 to 4294967295"},
      {"phase1-doi = 3", "F:3: phase1-doi: 3 is not in 1 to 2"},
      {"keyless-sat = maybe",
       "F:3: keyless-sat: invalid value 'maybe' (expected deny, reject, skip, bypass)"},
      {"replay-window = 4097", "F:3: replay-window: 4097 is not in 0 to 4096"},
      {"replay-senders = auto, 10.1.0.0/16", "F:3: replay-senders: auto goes with no prefix"},
      {"replay-senders = 10.1.0.0/16, auto", "F:3: replay-senders: auto goes with no prefix"},
      {"replay-senders = 10.1.0.0/16, 10.1.0.0/16",
       "F:3: replay-senders: 10.1.0.0/16 is given twice"},
      {"replay-unknown = reject",
       "F:3: replay-unknown: invalid value 'reject' (expected accept, drop)"},
      {"send-counter-modes = perhaps",
       "F:3: send-counter-modes: invalid value 'perhaps' (expected yes, no)"},
      {"anchor-in = ::1", "F:3: anchor-in: '::1' is not an IPv4 address"},
      {"anchor-in = 224.0.0.1", "F:3: anchor-in: 224.0.0.1 cannot be an anchor"},
      {"anchor-in6 = 240.0.0.1", "F:3: anchor-in6: '240.0.0.1' is not an IPv6 address"},
      {"anchor-in6 = ff02::1", "F:3: anchor-in6: ff02::1 cannot be an anchor"},
      {"anchor-out6 = fe80::1", "F:3: anchor-out6: fe80::1 cannot be an anchor"},
      {"anchor-out6 = ::1", "F:3: anchor-out6: ::1 cannot be an anchor"},
      {"anchor-out = 127.0.0.1", "F:3: anchor-out: 127.0.0.1 cannot be an anchor"},
      {"anchor-out = 255.255.255.255", "F:3: anchor-out: 255.255.255.255 cannot be an anchor"},
      {"mark = 3", "F:3: mark: 3 is not one single bit"},
      {"mark = 0", "F:3: mark: 0 is not one single bit"},
      {"mark = xyz", "F:3: mark: 'xyz' is not a 32-bit hexadecimal number"},
      {"mark = 0x100000000", "F:3: mark: '0x100000000' is not a 32-bit hexadecimal number"},
      {"mss-clamp = maybe",
       "F:3: mss-clamp: invalid value 'maybe' (expected yes, no, 536 to 65495)"},
      {"mss-clamp = 535", "F:3: mss-clamp: invalid value '535' (expected yes, no, 536 to 65495)"},
      {"mss-clamp = 65496",
       "F:3: mss-clamp: invalid value '65496' (expected yes, no, 536 to 65495)"},
      {"source = 224.0.0.1", "F:3: source: 224.0.0.1 cannot be an address of ours"},
      {"source = fe80::1", "F:3: source: fe80::1 cannot be an address of ours"},
      {"source = lo0, lo0", "F:3: source: lo0 is given twice"},
      {"recovery-check = yes",
       "F:3: recovery-check: invalid value 'yes' (expected no, 60 to 86400)"},
      {"recovery-check = 59", "F:3: recovery-check: invalid value '59' (expected no, 60 to 86400)"},
      {"recovery-check-packets = 0", "F:3: recovery-check-packets: 0 is not in 1 to 1000000"},
      {"reqid = 0", "F:3: reqid: 0 is not in 1 to 4294963199"},
      {"control-socket = c.sock", "F:3: control-socket: 'c.sock' is not an absolute path"},
      {"log-level = loud",
       "F:3: log-level: invalid value 'loud' (expected error, warning, notice, info, debug)"},
      {"group-name = a\tb", "F:3: group-name: has a control character"},
  };
  for (const auto& [line, complaint] : rows) CHECK(failure(file(least + line + "\n")) == complaint);

  const std::string too_long(200, 'x');
  CHECK(failure(file(least + "control-socket = /" + too_long)) ==
        "F:3: control-socket: is longer than 107 octets");
  CHECK(failure(file(least + "group-name = " + too_long)) ==
        "F:3: group-name: is longer than 64 octets");
}

TEST_CASE("a group is a 32-bit number or an IPv4 address") {
  const std::string ks = "ks = 10.0.0.5\n";
  CHECK(made(file(ks + "group = 4294967295")).group ==
        gdoi::GroupId{gdoi::GroupNumber{0xffffffff}});
  CHECK(failure(file(ks + "group = 4294967296")) ==
        "F:2: group: 4294967296 is not in 0 to 4294967295");
  CHECK(failure(file(ks + "group = 1.2.3")) ==
        "F:2: group: '1.2.3' is neither a number nor an IPv4 address");
}

TEST_CASE("what is missing is said with the way to give it") {
  CHECK(failure(file("group = 100")) ==
        "no key server: give --ks ADDRESS, or 'ks = ADDRESS' in the configuration file");
  CHECK(failure(file("ks = 10.0.0.5")) ==
        "no group: give --group N, or 'group = N' in the configuration file");
}

TEST_CASE("windows of senders need a size, and their rest needs senders") {
  CHECK(failure(file(least + "replay-senders = auto")) ==
        "replay-senders needs a replay-window, such as 64");
  CHECK(failure(file(least + "replay-window = 64\nreplay-unknown = drop")) ==
        "replay-unknown = drop is of no use without replay-senders");
  const auto config = made(file(least + "replay-window = 64\nreplay-unknown = drop\n"
                                        "replay-senders = 10.1.0.0/16, 2001:db8:1::/48\n"));
  CHECK(config.replay_senders.networks.size() == 2);
  CHECK(config.drop_unknown_senders);
  CHECK(made(file(least + "replay-window = 64\nreplay-senders = auto\n")).replay_senders.of_list);
}

TEST_CASE("the two anchors must differ") {
  CHECK(failure(file(least + "anchor-in = 240.0.0.2")) ==
        "anchor-in and anchor-out must be two different addresses");
  CHECK(failure(file(least + "anchor-in6 = 100::2")) ==
        "anchor-in6 and anchor-out6 must be two different addresses");
}

TEST_CASE("a mistake on the command line names the option") {
  CHECK(failure({}, command_line({{"ks", "10.0.0.5"}, {"group", "a.b"}})) ==
        "--group: group: 'a.b' is neither a number nor an IPv4 address");
  CHECK(failure({}, command_line({{"group", "1"}, {"group", "2"}})) ==
        "--group: 'group' is given twice");
}

TEST_CASE("accepted algorithms are lists, and a wrong transform is refused") {
  const auto config = made(file(least + "transform = default, esp-null\nrekey-hash = sha256\n"
                                        "rekey-hash = sha512\n"));
  CHECK(config.acceptance.transforms.text() == "any but esp-3des esp-md5-hmac");
  CHECK(config.acceptance.rekey_hash.text() == "sha256 sha512");
  CHECK(config.acceptance.rekey_encryption.text() == "any but des");
  CHECK_THAT(failure(file(least + "transform = esp-des\n")),
             Catch::StartsWith(
                 "F:3: transform: invalid value 'esp-des' (expected default, any, esp-3des"));
}

TEST_CASE("an exception with a range of ports counts in both directions") {
  const auto config = made(file(least + "deny = tcp any any range 20 22\n"));
  REQUIRE(config.exceptions.size() == 2);
  CHECK(gdoi::describe(config.exceptions[1]) == "tcp any range 20 22 any");
}

TEST_CASE("segments of TCP are left alone, fitted, or lowered to a size") {
  CHECK_FALSE(made(file(least)).mss_clamp);
  CHECK_FALSE(made(file(least + "mss-clamp = no")).mss_clamp);
  CHECK(made(file(least + "mss-clamp = yes")).mss_clamp == 0);
  CHECK(made(file(least + "mss-clamp = 1360")).mss_clamp == 1360);
  for (const std::string value : {"no", "yes", "1360"})
    CHECK_THAT(describe(*make_daemon_config({file(least + "mss-clamp = " + value), {}}, {})),
               Catch::Contains("mss-clamp          = " + value + "\n"));
}

TEST_CASE("registration comes from an address or an interface") {
  CHECK(made(file(least)).sources.empty());
  const auto settings = file(least + "source = lo0, 10.255.0.1, 2001:db8::1");
  const auto sources = made(settings).sources;
  REQUIRE(sources.size() == 3);
  CHECK(sources[0] == Source{std::string{"lo0"}});
  CHECK(sources[1] == Source{parse_ipv4("10.255.0.1").value()});
  CHECK(sources[2] == Source{parse_ipv6("2001:db8::1").value()});
  const auto text = describe(*make_daemon_config({settings, {}}, {}));
  CHECK_THAT(text, Catch::Contains("source             = lo0\n"));
  CHECK_THAT(text, Catch::Contains("source             = 2001:db8::1\n"));
}

TEST_CASE("ESP without a key is a reason to register, unless that is switched off") {
  CHECK(made(file(least)).recovery == RecoveryOptions{gdoi::seconds{300}, 10});
  const auto off = file(least + "recovery-check = no");
  CHECK_FALSE(made(off).recovery.interval);
  CHECK_THAT(describe(*make_daemon_config({off, {}}, {})),
             Catch::Contains("recovery-check     = no\n"));
  CHECK(made(file(least + "recovery-check = 900\nrecovery-check-packets = 100")).recovery ==
        RecoveryOptions{gdoi::seconds{900}, 100});
}

TEST_CASE("what was understood can be printed, every key of the table") {
  // A way of authenticating shows its own keys.
  const auto certificates = file(least +
                                 "auth = cert\ncertificate = /c\nprivate-key = /k\n"
                                 "private-key-passphrase = /p\nca = /a\n");
  const auto text = describe(*make_daemon_config({file(least), {}}, {})) +
                    describe(*make_daemon_config({certificates, {}}, {}));
  for (const auto& key : group_keys())
    CHECK_THAT(text, Catch::Contains("  " + std::string{key.name} + " "));
  for (const auto& key : daemon_keys())
    CHECK_THAT(text, Catch::Contains("  " + std::string{key.name} + " "));
  CHECK_THAT(text, Catch::Contains("ks                 = 10.0.0.5:848\n"));
}

TEST_CASE("attributes of list entries get a meaning, vendor IDs are octets") {
  using Meaning = gdoi::AttributeRule::Meaning;
  const auto config =
      made(file(least + "sat-attribute = 32001:00Ff deny\nsat-attribute = 5  ignore\n"
                        "ike-vendor-id = 12f5f28c, 00000000ff\n"));
  CHECK(config.sat_attributes ==
        std::vector<gdoi::AttributeRule>{
            {32001, gdoi::Bytes{std::byte{0}, std::byte{255}}, Meaning::deny},
            {5, std::nullopt, Meaning::ignore}});
  REQUIRE(config.vendor_ids.size() == 2);
  CHECK(config.vendor_ids[0].size() == 4);
  CHECK(config.vendor_ids[1].size() == 5);
  for (const auto* text : {"32001", "32001 permit", "0 deny", "40000 deny", "1: deny", "1:0 deny",
                           "1:0g deny", "deny", "x deny"})
    CHECK_THAT(failure(file(least + "sat-attribute = " + text)),
               Catch::Contains("expected NUMBER[:HEX] deny"));
  for (const auto* text : {"12f5f2", "12f5f28", "xxxxxxxx"})
    CHECK_THAT(failure(file(least + "ike-vendor-id = " + text)),
               Catch::Contains("expected 4 to 64 octets"));
  CHECK_THAT(
      describe(*make_daemon_config({file(least + "sat-attribute = 32001:00Ff deny"), {}}, {})),
      Catch::Contains("sat-attribute      = 32001:00ff deny\n"));
}

TEST_CASE("keyless-sat is tek-without-key, as in earlier releases") {
  using gdoi::TekWithoutKey;
  const auto said = [](const std::string& line) {
    return made(file(least + line)).tek_without_key;
  };
  CHECK(said("") == TekWithoutKey::deny);
  CHECK(said("tek-without-key = deny") == TekWithoutKey::deny);
  CHECK(said("tek-without-key = reject") == TekWithoutKey::reject);
  CHECK(said("tek-without-key = skip") == TekWithoutKey::skip);
  CHECK(said("tek-without-key = bypass") == TekWithoutKey::bypass);
  CHECK(said("keyless-sat = strict") == TekWithoutKey::reject);
  CHECK(said("keyless-sat = ignore") == TekWithoutKey::skip);
  CHECK(said("keyless-sat = bypass") == TekWithoutKey::bypass);
  CHECK(failure(file(least + "keyless-sat = skip\ntek-without-key = skip\n")) ==
        "F:4: 'tek-without-key' is given twice");
  CHECK(made(file(least + "keyless-sat = bypass"), command_line({{"tek-without-key", "skip"}}))
            .tek_without_key == TekWithoutKey::skip);
  CHECK_THAT(describe(*make_daemon_config({file(least + "keyless-sat = ignore"), {}}, {})),
             Catch::Contains("tek-without-key    = skip\n"));
}

}  // namespace config_test
