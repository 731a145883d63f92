// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/authentication.h"

#include "agent/base/address.h"
#include "agent/config/config.h"
#include "agent/config/identity.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/unit/agent/configs.h"
#include "tests/unit/agent/temporary.h"

namespace authentication_test {

using namespace agent;
using namespace support;
using support::TemporaryDirectory;
using support::pki::One;
namespace pki = support::pki;

namespace {

// Certificates that are valid when the test runs.
pki::Profile today(pki::Profile profile) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  profile.from = now - pki::day;
  profile.to = now + 30 * pki::day;
  return profile;
}

// A CA, our certificate under it, and all of it in files.
struct Files {
  TemporaryDirectory directory;
  One root = One::root("root", pki::ec_key(), today(pki::authority()));
  One ours = root.issue("gm", pki::ec_key(), today(pki::end_entity()));
  std::string certificate = directory.write("gm.pem", ours.pem(), 0644);
  std::string key = directory.write("gm.key", ours.key_pem());
  std::string ca = directory.write("ca.pem", root.pem(), 0644);
  std::string crl = directory.write("crl.pem", root.crl({}), 0644);
  std::vector<KeyServer> key_servers{{{*parse_ipv4("10.0.0.5"), 848}, {}}};

  [[nodiscard]] Authentication config() const {
    Authentication out;
    out.method = Authentication::Method::certificate;
    out.certificate_file = certificate;
    out.private_key_file = key;
    out.ca_files = {ca};
    out.crl_files = {crl};
    return out;
  }
  [[nodiscard]] std::string refusal(const Authentication& config) const {
    const auto credentials = Credentials::load(config, key_servers);
    return credentials ? "" : credentials.error().what;
  }
};

Result<GroupConfig> configured(const std::string& lines) {
  const auto settings = parse_settings("ks = 10.0.0.5\ngroup = 100\n" + lines, "F");
  REQUIRE(settings);
  return make_config(settings->common, {});
}
// shown is what --check prints.
std::string shown(const std::string& lines) {
  const auto settings = parse_settings("ks = 10.0.0.5\ngroup = 100\n" + lines, "F");
  return describe(make_daemon_config({settings->common, {}}, {}).value());
}
std::string refused(const std::string& lines) {
  const auto config = configured(lines);
  return config ? "" : config.error().what;
}

const std::string with_files = "auth = cert\ncertificate = /c\nprivate-key = /k\nca = /a\n";

}  // namespace

TEST_CASE("certificates, key, CAs and CRLs are read and handed to the member") {
  const Files files;
  const auto credentials = Credentials::load(files.config(), files.key_servers);
  REQUIRE(credentials);
  CHECK(credentials->warnings().empty());
  gdoi::MemberConfig member;
  member.key_servers = credentials->key_servers(files.config(), files.key_servers);
  credentials->fill(member.phase1, files.config());
  REQUIRE(member.key_servers.size() == 1);
  REQUIRE(member.phase1.certificates);
  CHECK(member.phase1.certificates->credentials->own().subject() ==
        gdoi::Certificate::parse(files.ours.der())->subject());
  REQUIRE(member.phase1.identity);
  CHECK(identity_text(*member.phase1.identity) == "dn:O=Lab, CN=gm");
  const auto age = std::chrono::system_clock::now() - member.phase1.certificates->clock->now();
  CHECK(age < std::chrono::hours{1});
}

TEST_CASE("a file that is missing or is not what it should be is named") {
  const Files files;
  const auto& d = files.directory;
  auto config = files.config();
  config.certificate_file = d.path("none");
  CHECK(files.refusal(config) == d.path("none") + ": No such file or directory");

  config = files.config();
  config.certificate_file = files.key;
  CHECK(files.refusal(config) == files.key + ": no PEM certificate");

  config = files.config();
  config.ca_files = {files.ca, files.certificate};
  CHECK(files.refusal(config) == files.certificate + ": certificate that is no CA's");

  config = files.config();
  config.crl_files = {files.ca};
  CHECK(files.refusal(config) == files.ca + ": no CRL");

  config = files.config();
  config.private_key_file = d.path("none");
  CHECK(files.refusal(config) == "private key " + d.path("none") + ": No such file or directory");

  config = files.config();
  config.private_key_file = d.write("other", "hello\n");
  CHECK(files.refusal(config) == d.path("other") + ": no PEM private key");
}

TEST_CASE("a private key that others may read is refused") {
  const Files files;
  auto config = files.config();
  config.private_key_file = files.directory.write("open", files.ours.key_pem(), 0640);
  CHECK(files.refusal(config) == config.private_key_file +
                                     ": mode is 0640, must be 0600 or 0400: chmod 600 " +
                                     config.private_key_file);
}

TEST_CASE("a private key of another certificate is refused") {
  const Files files;
  auto config = files.config();
  config.private_key_file = files.directory.write("root.key", files.root.key_pem());
  CHECK(files.refusal(config) ==
        files.certificate + ": the private key is not that of the first certificate");
}

TEST_CASE("an encrypted private key needs its passphrase file") {
  const Files files;
  const auto& d = files.directory;
  auto config = files.config();
  config.private_key_file = d.write("locked", files.ours.key_pem("open sesame"));
  CHECK(files.refusal(config) ==
        d.path("locked") + ": private key is encrypted, and there is no passphrase for it");
  config.passphrase_file = d.write("right", "open sesame\nmore\n");
  CHECK(files.refusal(config) == "");
  config.passphrase_file = d.write("wrong", "open barley\n");
  CHECK(files.refusal(config) ==
        d.path("locked") + ": private key cannot be decrypted with its passphrase");
  config.passphrase_file = d.write("empty", "\n");
  CHECK(files.refusal(config) ==
        d.path("empty") + ": the first line, which is the passphrase, is empty");
  config.passphrase_file = d.write("open", "open sesame\n", 0644);
  CHECK(files.refusal(config).find("mode is 0644") != std::string::npos);
}

TEST_CASE("a certificate of ours that has ended is told, not refused") {
  Files files;
  auto past = pki::end_entity();
  past.to = pki::WallTime{std::chrono::seconds{1'000'000'000}};
  past.from = past.to - pki::day;
  const One old = files.root.issue("gm", files.ours.key, past);
  auto config = files.config();
  config.certificate_file = files.directory.write("old.pem", old.pem());
  const auto credentials = Credentials::load(config, files.key_servers);
  REQUIRE(credentials);
  REQUIRE(credentials->warnings().size() == 1);
  CHECK(credentials->warnings().front() ==
        config.certificate_file + ": our certificate ended at 2001-09-09 01:46:40 UTC");
  CHECK(credentials->certificate_left(past.to) == gdoi::seconds{0});
  CHECK(credentials->certificate_left(past.to - pki::day) == gdoi::seconds{86400});
  CHECK(credentials->certificate_left(past.to + pki::day) == gdoi::seconds{-86400});
  CHECK_FALSE(Credentials{}.certificate_left(past.to));
}

TEST_CASE("a reload notices new certificates and CRLs, and only these") {
  const Files files;
  const auto before = Credentials::load(files.config(), files.key_servers);
  const auto again = Credentials::load(files.config(), files.key_servers);
  REQUIRE((before && again));
  CHECK(again->same_as(*before, files.config(), files.key_servers));
  files.directory.write("crl.pem", files.root.crl({files.ours}), 0644);
  const auto after = Credentials::load(files.config(), files.key_servers);
  REQUIRE(after);
  CHECK_FALSE(after->same_as(*before, files.config(), files.key_servers));
}

TEST_CASE("a secret can be that of an identity the key servers must tell") {
  const TemporaryDirectory directory;
  Authentication config;
  config.secrets_file = directory.write("secrets", "fqdn:ks.example NAMED\n10.0.0.6 OWN\n");
  const std::vector<KeyServer> five{{{*parse_ipv4("10.0.0.5"), 848}, {}}};
  CHECK(Credentials::load(config, five).error().what ==
        config.secrets_file + ": no secret for key server 10.0.0.5, and none for 'any'");
  config.key_servers = {*parse_identity("fqdn:ks.example")};
  REQUIRE(Credentials::load(config, five));
  CHECK(SecretsFile::parse("fqdn:a x\nfqdn:a y\n", "S").error().what ==
        "S:2: line 1 has a secret for the same key server");
  CHECK(SecretsFile::parse("user:a x\n", "S").error().what ==
        "S:1: the identity is not well formed");
}

TEST_CASE("a key server that is given by name has the secret of its name or of its address") {
  TemporaryDirectory directory;
  Authentication config;
  const std::vector<KeyServer> named{*parse_key_server("ks1.example")};
  const KeyServer found{{*parse_ipv4("10.0.0.5"), 848}, "ks1.example"};
  const KeyServer other{{*parse_ipv4("10.0.0.6"), 848}, "ks1.example"};
  const auto load = [&](const std::string& text) {
    config.secrets_file = directory.write("secrets", text);
    return Credentials::load(config, named);
  };
  const auto none = load("fqdn:ks2.example SECRET\n");
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().what ==
        config.secrets_file + ": no secret for key server ks1.example, and none for 'any'");
  const auto by_name = load("ks1.example SECRET\n");
  REQUIRE(by_name.has_value());
  CHECK(by_name->can_ask(found, config));
  const auto by_address = load("10.0.0.5 SECRET\n");  // the name may lead there
  REQUIRE(by_address.has_value());
  CHECK(by_address->can_ask(found, config));
  CHECK_FALSE(by_address->can_ask(other, config));
  CHECK(by_address->key_servers(config, std::vector{other, found}).size() == 1);
  CHECK_FALSE(by_name->same_as(*by_address, config, named));
}

TEST_CASE("the certificate of a key server that is given by name must vouch for the name") {
  Files files;
  const KeyServer found{{*parse_ipv4("10.0.0.5"), 848}, "ks1.example"};
  const auto credentials = Credentials::load(files.config(), files.key_servers);
  REQUIRE(credentials.has_value());
  const auto asked = credentials->key_servers(files.config(), {&found, 1});
  REQUIRE(asked.size() == 1);
  REQUIRE(asked[0].identity.has_value());
  CHECK(identity_text(*asked[0].identity) == "fqdn:ks1.example");
  CHECK_FALSE(credentials->key_servers(files.config(), files.key_servers)[0].identity.has_value());
}

TEST_CASE("identities are read as they are written") {
  const auto one = [](const std::string& text) {
    const auto identity = parse_identity(text);
    return identity ? identity_text(*identity) : "refused: " + identity.error().what;
  };
  for (const auto* text : {"10.0.0.5", "2001:db8::1"}) {
    CHECK(one(text) == text);
    CHECK_FALSE(is_typed_identity(text));
  }
  for (const auto* text : {"fqdn:ks.example", "user:ks@example", "key-id:branch-17",
                           "key-id:0x00ff", "dn:C=DE, O=Example, CN=ks"}) {
    CHECK(one(text) == text);
    CHECK(is_typed_identity(text));
  }
  CHECK(one("key-id:0x616263") == "key-id:abc");
  CHECK(one("ks.example") ==
        "refused: 'ks.example' is neither an address nor begins with fqdn:, user:, dn: or key-id:");
  CHECK(one("fqdn:") == "refused: 'fqdn:' has no name, or one with blanks");
  CHECK(one("fqdn:a b") == "refused: 'fqdn:a b' has no name, or one with blanks");
  CHECK(one("fqdn:ks@example") ==
        "refused: 'fqdn:ks@example' has an @: write user: for such a name");
  CHECK(one("user:ks") == "refused: 'user:ks' is not NAME@DOMAIN");
  CHECK(one("key-id:0x123") == "refused: 'key-id:0x123': 0x is not followed by pairs of digits");
  CHECK(one("dn:ks") == "refused: 'dn:ks': distinguished name that is not a list of NAME=value");
  CHECK(one("dn:XY=1") == "refused: 'dn:XY=1': unknown attribute of a distinguished name");
}

TEST_CASE("the keys of authentication are understood") {
  const auto lines =
      with_files +
      "ca = /b\ncrl = /r1, /r2\ncrl-check = if-present\nsend-cert = asked\nignore-ks-id = yes\n"
      "private-key-passphrase = /p\nidentity = fqdn:gm.example\nike-mode = aggressive\n"
      "ks-identity = dn:C=DE, O=Example, CN=ks\nks-identity = 10.0.0.5\n";
  const auto config = configured(lines);
  REQUIRE(config);
  const auto& auth = config->authentication;
  CHECK(auth.method == Authentication::Method::certificate);
  CHECK(auth.certificate_file == "/c");
  CHECK(auth.private_key_file == "/k");
  CHECK(auth.passphrase_file == "/p");
  CHECK(auth.ca_files == std::vector<std::string>{"/a", "/b"});
  CHECK(auth.crl_files == std::vector<std::string>{"/r1", "/r2"});
  CHECK(auth.revocation_in_force() == gdoi::Revocation::if_present);
  CHECK(auth.send == gdoi::SendCertificate::asked);
  CHECK(auth.ignore_ks_id);
  CHECK(identity_text(auth.given) == "fqdn:gm.example");
  REQUIRE(auth.key_servers.size() == 2);
  CHECK(identity_text(auth.key_servers[0]) == "dn:C=DE, O=Example, CN=ks");
  CHECK(config->ike_mode == gdoi::Phase1Mode::aggressive);
  const auto text = shown(lines);
  for (const auto* line :
       {"auth               = cert\n", "ca                 = /b\n",
        "crl-check          = if-present\n", "identity           = fqdn:gm.example\n",
        "ks-identity        = dn:C=DE, O=Example, CN=ks\n", "ike-mode           = aggressive\n"})
    CHECK_THAT(text, Catch::Contains(line));
}

TEST_CASE("without certificates little is said about authentication") {
  const auto config = configured("");
  REQUIRE(config);
  CHECK_THAT(shown(""), Catch::Contains("auth               = psk\n"));
  CHECK_THAT(shown(""), Catch::Contains("identity           = address\n"));
  CHECK_THAT(shown(""), Catch::Contains("ks-identity        = any\n"));
  CHECK_THAT(shown(""), !Catch::Contains("certificate"));
  CHECK_THAT(shown(with_files), Catch::Contains("identity           = dn\n"));
}

TEST_CASE("CRLs are required where there are some, unless told otherwise") {
  const auto in_force = [](const std::string& lines) {
    return configured(with_files + lines)->authentication.revocation_in_force();
  };
  CHECK(in_force("") == gdoi::Revocation::none);
  CHECK(in_force("crl = /r\n") == gdoi::Revocation::required);
  CHECK(in_force("crl = /r\ncrl-check = none\n") == gdoi::Revocation::none);
}

TEST_CASE("an authentication that contradicts itself is refused") {
  CHECK(refused("auth = cert\n") == "auth = cert needs certificate");
  CHECK(refused("auth = cert\ncertificate = /c\n") == "auth = cert needs private-key");
  CHECK(refused("auth = cert\ncertificate = /c\nprivate-key = /k\n") == "auth = cert needs ca");
  CHECK(refused("certificate = /c\n") == "certificate is of no use without auth = cert");
  CHECK(refused("crl = /c\n") == "crl is of no use without auth = cert");
  CHECK(refused("ignore-ks-id = yes\n") == "ignore-ks-id is of no use without auth = cert");
  CHECK(refused("identity = dn\n") == "identity = dn is of no use without auth = cert");
  CHECK(refused("identity = dn:CN=gm\n") == "");
  CHECK(refused(with_files + "crl-check = required\n") == "crl-check = required needs crl");
  CHECK(refused("ike-mode = aggressive\nike-proposal = aes256-sha256-modp2048, "
                "aes256-sha256-modp1024\n") ==
        "ike-mode = aggressive needs proposals of one group only");
  CHECK(refused("ike-mode = aggressive\n") == "");
}

TEST_CASE("values of authentication that mean nothing are refused") {
  CHECK(refused("auth = rsa\n") == "F:3: auth: invalid value 'rsa' (expected psk, cert)");
  CHECK(refused("ike-mode = base\n") ==
        "F:3: ike-mode: invalid value 'base' (expected main, aggressive)");
  CHECK(refused("crl-check = maybe\n") ==
        "F:3: crl-check: invalid value 'maybe' (expected none, if-present, required)");
  CHECK(refused("send-cert = never\n") ==
        "F:3: send-cert: invalid value 'never' (expected asked, always)");
  CHECK(refused("ks-identity = ks\n").find("F:3: ks-identity: 'ks' is neither") == 0);
  CHECK(refused("identity = user:x\n") == "F:3: identity: 'user:x' is not NAME@DOMAIN");
}

}  // namespace authentication_test
