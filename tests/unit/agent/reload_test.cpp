// SPDX-License-Identifier: GPL-2.0-or-later
// What a reload makes of settings that changed.
#include "agent/reload.h"

#include <map>
#include <set>

#include "agent/config/keys.h"
#include "tests/support/catch.h"

namespace reload_test {

using namespace agent;

namespace {

// A value of each key that is not what it is by default.
const std::map<std::string_view, std::string_view> values{
    {"ks", "10.0.0.9"},
    {"group", "77"},
    {"group-name", "NAME"},
    {"interface", "wan7"},
    {"vrf", "blue"},
    {"source", "lo7"},
    {"answer-from", "10.0.0.10"},
    {"auth", "cert"},
    {"secrets", "/s"},
    {"certificate", "/c"},
    {"private-key", "/k"},
    {"private-key-passphrase", "/p"},
    {"ca", "/a"},
    {"crl", "/r"},
    {"crl-check", "none"},
    {"send-cert", "asked"},
    {"ignore-ks-id", "yes"},
    {"identity", "address"},
    {"ks-identity", "fqdn:ks"},
    {"ike-proposal", "aes128-sha1-modp1024"},
    {"ike-lifetime", "3600"},
    {"ike-mode", "aggressive"},
    {"phase1-doi", "2"},
    {"nat-t", "no"},
    {"ike-fragmentation", "no"},
    {"tek-without-key", "skip"},
    {"sat-attribute", "32001:00ff deny"},
    {"ike-vendor-id", "12f5f28c457168a9"},
    {"replay-window", "64"},
    {"replay-senders", "auto"},
    {"replay-unknown", "drop"},
    {"send-counter-modes", "yes"},
    {"rekey-encryption", "aes256"},
    {"rekey-hash", "sha256"},
    {"rekey-key", "first"},
    {"transform", "esp-aes"},
    {"deny", "tcp any any eq 22"},
    {"fail-close", "yes"},
    {"fail-close-deny", "tcp any any eq 22"},
    {"fail-close-revert", "yes"},
    {"passive", "yes"},
    {"scope", "10.0.0.0/8"},
    {"ack-key-length", "output"},
    {"retry-max", "60"},
    {"recovery-check", "no"},
    {"recovery-check-packets", "100"},
    {"anchor-in", "240.1.1.1"},
    {"anchor-out", "240.1.1.2"},
    {"anchor-in6", "100::11"},
    {"anchor-out6", "100::12"},
    {"mark", "4"},
    {"mss-clamp", "1360"},
    {"reqid", "9999"},
};

// What is taken up while the group goes on; everything else begins the registration anew.
const std::set<std::string_view> taken_up{"group-name",
                                          "replay-window",
                                          "replay-senders",
                                          "replay-unknown",
                                          "send-counter-modes",
                                          "rekey-encryption",
                                          "rekey-hash",
                                          "rekey-key",
                                          "recovery-check",
                                          "recovery-check-packets",
                                          "transform",
                                          "deny",
                                          "fail-close",
                                          "fail-close-deny",
                                          "fail-close-revert",
                                          "passive",
                                          "scope",
                                          "anchor-in",
                                          "anchor-out",
                                          "anchor-in6",
                                          "anchor-out6",
                                          "mark",
                                          "mss-clamp",
                                          "reqid"};

}  // namespace

TEST_CASE("each key of the table makes a configuration another one, and can be unset") {
  const auto before = default_group();
  for (const auto& key : group_keys()) {
    INFO(key.name);
    REQUIRE(values.count(key.name) == 1);
    auto after = before;
    REQUIRE(key.parse(after, values.at(key.name)).has_value());
    CHECK(after != before);
    CHECK(registers_alike(before, after) == (taken_up.count(key.name) != 0));
    key.reset(after, before);
    CHECK(after == before);
  }
  CHECK(values.size() == group_keys().size());
}

TEST_CASE("what a group is known by in the kernel is compared as a whole") {
  const auto config = default_group();
  for (const auto* name :
       {"anchor-in", "anchor-out", "anchor-in6", "anchor-out6", "mark", "reqid"}) {
    INFO(name);
    auto other = config;
    REQUIRE(find_group_key(name)->parse(other, values.at(name)).has_value());
    CHECK(identity_in(0, other) != identity_in(0, config));
  }
  CHECK(identity_in(1, config) != identity_in(0, config));
}

}  // namespace reload_test
