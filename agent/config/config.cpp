// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "agent/base/address.h"
#include "agent/config/access_list.h"
#include "agent/config/config_values.h"
#include "agent/config/identity.h"

namespace agent {
namespace {

Result<void> set_ks(Config& config, std::string_view value) {
  const auto endpoint = parse_key_server(value);
  if (!endpoint) return tl::unexpected<Error>{endpoint.error()};
  auto& known = config.key_servers;
  if (std::find(known.begin(), known.end(), *endpoint) != known.end())
    return fail(fmt::format("{} is given twice", value));
  if (known.size() == 8) return fail("more than 8 key servers");
  known.push_back(*endpoint);
  return {};
}

Result<void> set_interface(Config& config, std::string_view value) {
  if (auto valid = check_interface_name(value); !valid) return valid;
  auto& known = config.interfaces;
  if (std::find(known.begin(), known.end(), value) != known.end())
    return fail(fmt::format("{} is given twice", value));
  known.emplace_back(value);
  return {};
}

Result<void> set_vrf(Config& config, std::string_view value) {
  if (auto valid = check_interface_name(value); !valid) return valid;
  config.vrf = value;
  return {};
}

Result<void> set_proposal(Config& config, std::string_view value) {
  const auto proposal = parse_proposal(value);
  if (!proposal) return tl::unexpected<Error>{proposal.error()};
  auto& known = config.proposals;
  if (std::find(known.begin(), known.end(), *proposal) != known.end())
    return fail(fmt::format("{} is given twice", value));
  if (known.size() == 64) return fail("more than 64 proposals");
  known.push_back(*proposal);
  return {};
}

template <class Target, class Value>
Result<void> take(Target& target, Result<Value> value) {
  if (!value) return tl::unexpected<Error>{std::move(value.error())};
  target = std::move(*value);
  return {};
}

Result<void> set_ike_lifetime(Config& config, std::string_view value) {
  const auto number = parse_number(value, 60, 0xffffffff);
  if (!number) return tl::unexpected<Error>{number.error()};
  config.ike_lifetime = gdoi::seconds{*number};
  return {};
}

Result<void> set_doi(Config& config, std::string_view value) {
  config.fallback_doi = false;
  return take(config.phase1_doi, parse_number(value, 1, 2));
}

// An exception counts in both directions: "tcp any any eq 22" is meant to let an operator in, which
// takes the answers as well.
Result<void> add_exception(std::vector<gdoi::TrafficSelector>& known, std::string_view value) {
  constexpr std::size_t most = 4096;
  const auto selectors = parse_selectors(value);
  if (!selectors) return tl::unexpected<Error>{selectors.error()};
  const auto add = [&known](const gdoi::TrafficSelector& one) {
    const bool is_new = std::find(known.begin(), known.end(), one) == known.end();
    if (is_new) known.push_back(one);
    return is_new;
  };
  bool is_new = false;
  for (const auto& selector : *selectors) {
    if (known.size() >= most) return fail("too many exceptions");
    is_new = add(selector) || is_new;
    add(mirrored(selector));
  }
  if (!is_new) return fail(fmt::format("'{}' is there already", value));
  return {};
}

Result<void> set_identity(Config& config, std::string_view value) {
  using Identity = Authentication::Identity;
  auto& authentication = config.authentication;
  authentication.identity = value == "address" ? Identity::address
                            : value == "dn"    ? Identity::subject
                                               : Identity::given;
  if (authentication.identity != Identity::given) return {};
  return take(authentication.given, parse_identity(value));
}

Result<void> add_ks_identity(Config& config, std::string_view value) {
  auto& known = config.authentication.key_servers;
  auto identity = parse_identity(value);
  if (!identity) return tl::unexpected<Error>{identity.error()};
  if (known.size() == 32) return fail("more than 32 identities");
  known.push_back(std::move(*identity));
  return {};
}

Result<void> add_file(std::vector<std::string>& files, std::string_view value) {
  auto path = parse_path(value);
  if (!path) return tl::unexpected<Error>{path.error()};
  if (files.size() == 32) return fail("more than 32 files");
  files.push_back(std::move(*path));
  return {};
}

Result<void> set_scope(Config& config, std::string_view value) {
  const auto prefix = parse_prefix(value);
  if (!prefix) return tl::unexpected<Error>{prefix.error()};
  if (config.scope.size() == 1000) return fail("more than 1000 prefixes");
  config.scope.push_back(*prefix);
  return {};
}

Result<void> set_retry_max(Config& config, std::string_view value) {
  const auto number = parse_number(value, 5, 86400);
  if (!number) return tl::unexpected<Error>{number.error()};
  config.retry_max = gdoi::seconds{*number};
  return {};
}

constexpr std::array keys{
    Key{"ks", "ADDRESS[:PORT]", "Key server, in order of preference (1 to 8); [IPV6]:PORT", true,
        set_ks},
    Key{"group", "N|A.B.C.D", "Group identity, a number or an IPv4 address", false,
        [](Config& c, std::string_view v) { return take(c.group, parse_group(v)); }},
    Key{"group-name", "TEXT", "Name shown for the group (default: its identity)", false,
        [](Config& c, std::string_view v) { return take(c.group_name, parse_text(v, 64)); }},
    Key{"interface", "NAME", "WAN interface (default: the one that leads to the key server)", true,
        set_interface},
    Key{"vrf", "NAME", "VRF through which the key servers are reached (default: none)", false,
        set_vrf},
    Key{"secrets", "FILE", "Pre-shared keys (default: /etc/getvpn-gm/getvpn-gm.secrets)", false,
        [](Config& c, std::string_view v) {
          return take(c.authentication.secrets_file, parse_path(v));
        }},
    Key{"auth", "psk|cert", "Pre-shared keys, or signatures with certificates (default: psk)",
        false,
        [](Config& c, std::string_view v) {
          return take(c.authentication.method, parse_method(v));
        }},
    Key{"identity", "IDENTITY",
        "Who we say we are: address, dn, fqdn:.., user:.., dn:.. or key-id:..", false,
        set_identity},
    Key{"ks-identity", "IDENTITY", "Who the key servers must be (default: the address we talk to)",
        true, add_ks_identity, nullptr, true},
    Key{"certificate", "FILE", "Our certificate, then intermediate ones (PEM)", false,
        [](Config& c, std::string_view v) {
          return take(c.authentication.certificate_file, parse_path(v));
        }},
    Key{"private-key", "FILE", "The private key of our certificate (PEM)", false,
        [](Config& c, std::string_view v) {
          return take(c.authentication.private_key_file, parse_path(v));
        }},
    Key{"private-key-passphrase", "FILE", "File with the passphrase of an encrypted private key",
        false,
        [](Config& c, std::string_view v) {
          return take(c.authentication.passphrase_file, parse_path(v));
        }},
    Key{"ca", "FILE", "Certificates of the CAs whose key servers we trust (PEM)", true,
        [](Config& c, std::string_view v) { return add_file(c.authentication.ca_files, v); }},
    Key{"crl", "FILE", "Revocation lists of these CAs (PEM or DER)", true,
        [](Config& c, std::string_view v) { return add_file(c.authentication.crl_files, v); }},
    Key{"crl-check", "none|if-present|required",
        "Whether each certificate needs a CRL (default: required if there is a crl)", false,
        [](Config& c, std::string_view v) -> Result<void> {
          return take(c.authentication.revocation, parse_revocation(v));
        }},
    Key{"send-cert", "asked|always", "When our certificates go along (default: always)", false,
        [](Config& c, std::string_view v) {
          return take(c.authentication.send, parse_send_certificate(v));
        }},
    Key{"ignore-ks-id", "", "Accept a key server that tells an identity its certificate has not",
        false,
        [](Config& c, std::string_view v) {
          return take(c.authentication.ignore_ks_id, parse_flag(v));
        }},
    Key{"ike-proposal", "LIST", "Phase 1 proposals, such as aes256-sha256-modp2048", true,
        set_proposal},
    Key{"ike-lifetime", "SECONDS", "Phase 1 lifetime we offer (default: 86400)", false,
        set_ike_lifetime},
    Key{"ike-mode", "main|aggressive",
        "Mode of phase 1; aggressive shows our identity in clear (default: main)", false,
        [](Config& c, std::string_view v) { return take(c.ike_mode, parse_ike_mode(v)); }},
    Key{"phase1-doi", "1|2", "DOI of phase 1 (default: 2, then 1 if that finds no answer)", false,
        set_doi},
    Key{"nat-t", "yes|no", "Find a NAT on the way and register by UDP 4500 then (default: yes)",
        false, [](Config& c, std::string_view v) { return take(c.nat_traversal, parse_flag(v)); }},
    Key{"ike-fragmentation", "yes|no",
        "Take and make IKE fragments if the key server does (default: yes)", false,
        [](Config& c, std::string_view v) { return take(c.ike_fragmentation, parse_flag(v)); }},
    Key{"keyless-sat", "strict|ignore|bypass",
        "What a list entry without a key means (default: strict)", false,
        [](Config& c, std::string_view v) { return take(c.keyless_sat, parse_keyless_sat(v)); }},
    Key{"replay-window", "PACKETS", "Inbound replay window, 0 is off (default: 0)", false,
        [](Config& c, std::string_view v) {
          return take(c.replay_window, parse_number(v, 0, 4096));
        }},
    Key{"send-counter-modes", "",
        "Also send on AES-GCM, CCM, CTR and GMAC keys (nonces may repeat)", false,
        [](Config& c, std::string_view v) { return take(c.send_counter_modes, parse_flag(v)); }},
    Key{"rekey-encryption", "LIST",
        "Accepted ciphers of rekeys, such as aes128, aes256 (default: all but des)", true,
        [](Config& c, std::string_view v) { return c.acceptance.rekey_encryption.add(v); }},
    Key{"rekey-hash", "LIST",
        "Accepted hashes under rekeys' signatures, such as sha256 (default: all but md5)", true,
        [](Config& c, std::string_view v) { return c.acceptance.rekey_hash.add(v); }},
    Key{"transform", "LIST",
        "Accepted transforms (default: all but esp-3des, esp-null, esp-md5-hmac)", true,
        [](Config& c, std::string_view v) { return c.acceptance.transforms.add(v); }},
    Key{"deny", "ACE", "Traffic never encrypted, such as 'tcp any any eq 179'; both ways", true,
        [](Config& c, std::string_view v) { return add_exception(c.exceptions, v); }},
    Key{"fail-close", "", "Let nothing pass before the first registration but exceptions", false,
        [](Config& c, std::string_view v) { return take(c.fail_close, parse_flag(v)); }},
    Key{"fail-close-deny", "ACE", "Traffic that fail-close lets pass; both ways", true,
        [](Config& c, std::string_view v) { return add_exception(c.fail_close_exceptions, v); }},
    Key{"fail-close-revert", "", "Fail close again when the last key has expired", false,
        [](Config& c, std::string_view v) { return take(c.fail_close_revert, parse_flag(v)); }},
    Key{"passive", "", "Receive both encrypted and clear, send clear (for staged roll-outs)", false,
        [](Config& c, std::string_view v) { return take(c.passive, parse_flag(v)); }},
    Key{"scope", "PREFIX", "Refuse a downloaded list that protects anything outside of these", true,
        set_scope},
    Key{"ack-key-length", "block|output|base-key",
        "Meaning of L in the key of acknowledgements (default: block)", false,
        [](Config& c, std::string_view v) {
          return take(c.ack_key_length, parse_ack_key_length(v));
        }},
    Key{"retry-max", "SECONDS", "Longest pause between failed registrations (default: 300)", false,
        set_retry_max},
    Key{"anchor-in", "ADDRESS", "Inbound anchor, never on the wire (default: 240.0.0.1)", false,
        [](Config& c, std::string_view v) { return take(c.anchor_in, parse_anchor(v)); }},
    Key{"anchor-out", "ADDRESS", "Outbound anchor, never on the wire (default: 240.0.0.2)", false,
        [](Config& c, std::string_view v) { return take(c.anchor_out, parse_anchor(v)); }},
    Key{"anchor-in6", "ADDRESS", "Inbound anchor of IPv6 (default: 100::1)", false,
        [](Config& c, std::string_view v) { return take(c.anchor_in6, parse_anchor6(v)); }},
    Key{"anchor-out6", "ADDRESS", "Outbound anchor of IPv6 (default: 100::2)", false,
        [](Config& c, std::string_view v) { return take(c.anchor_out6, parse_anchor6(v)); }},
    Key{"mark", "HEX", "Packet mark bit for 'arrived on the WAN' (default: 0x10000000)", false,
        [](Config& c, std::string_view v) { return take(c.mark, parse_mark(v)); }},
    Key{"mss-clamp", "yes|no|N",
        "Lower the largest segment of TCP connections that are encrypted: to N, or to what fits",
        false, [](Config& c, std::string_view v) { return take(c.mss_clamp, parse_mss_clamp(v)); }},
    Key{"reqid", "N", "First of 4096 XFRM request ids that are ours (default: 1196818432)", false,
        [](Config& c, std::string_view v) {
          return take(c.reqid, parse_number(v, 1, 0xffffffff - 4096));
        }},
    Key{"control-socket", "PATH", "Socket for getvpnctl (default: /run/getvpn-gm/control.sock)",
        false, nullptr,
        [](DaemonConfig& c, std::string_view v) {
          return take(c.control_socket, parse_socket_path(v));
        }},
    Key{"log-level", "LEVEL", "error, warning, notice, info or debug (default: notice)", false,
        nullptr,
        [](DaemonConfig& c, std::string_view v) { return take(c.log_level, parse_log_level(v)); }},
};

// Both are filled by the same table: of the two, a key sets what is its own.
struct Target {
  Config& group;
  DaemonConfig& daemon;
};

Result<void> set(const Target& target, const Key& key, const Setting& setting) {
  std::string_view rest = setting.value;
  for (bool more = true; more;) {
    const bool list = key.repeatable && !key.whole;
    const auto comma = list ? rest.find(',') : std::string_view::npos;
    const auto value = key.repeatable ? trim_blanks(rest.substr(0, comma)) : rest;
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);

    auto outcome = value.empty()        ? fail("has no value")
                   : key.set != nullptr ? key.set(target.group, value)
                                        : key.set_daemon(target.daemon, value);
    if (!outcome)
      return fail(fmt::format("{}: {}: {}", setting.origin, key.name, outcome.error().what));
  }
  target.group.origins.emplace(key.name, setting.origin);
  return {};
}

Result<void> apply_settings(const Target& target, const Settings& settings) {
  std::vector<std::string_view> seen;
  for (const auto& setting : settings) {
    const Key* key = find_key(setting.key);
    if (key == nullptr)
      return fail(fmt::format("{}: unknown key '{}'", setting.origin, setting.key));
    const bool again = std::find(seen.begin(), seen.end(), key->name) != seen.end();
    if (again && !key->repeatable)
      return fail(fmt::format("{}: '{}' is given twice", setting.origin, key->name));
    seen.push_back(key->name);
    if (auto outcome = set(target, *key, setting); !outcome) return outcome;
  }
  return {};
}

bool names(const Settings& settings, std::string_view key) {
  return std::any_of(settings.begin(), settings.end(),
                     [&](const Setting& setting) { return setting.key == key; });
}

// apply_both applies what the particular settings leave of the general ones, and then them.
Result<void> apply_both(const Target& target, const Settings& general, const Settings& particular) {
  Settings kept;
  std::copy_if(general.begin(), general.end(), std::back_inserter(kept),
               [&](const Setting& setting) { return !names(particular, setting.key); });
  if (auto outcome = apply_settings(target, kept); !outcome) return outcome;
  return apply_settings(target, particular);
}

Result<Config> finish(Config config) {
  if (config.key_servers.empty())
    return fail("no key server: give --ks ADDRESS, or 'ks = ADDRESS' in the configuration file");
  if (config.origins.count("group") == 0)
    return fail("no group: give --group N, or 'group = N' in the configuration file");
  if (config.anchor_in == config.anchor_out)
    return fail("anchor-in and anchor-out must be two different addresses");
  if (config.anchor_in6 == config.anchor_out6)
    return fail("anchor-in6 and anchor-out6 must be two different addresses");
  if (config.fail_close_revert && !config.fail_close)
    return fail("fail-close-revert is of no use without fail-close");
  if (auto sound = check(config.authentication); !sound)
    return tl::unexpected<Error>{sound.error()};
  if (config.group_name.empty()) config.group_name = group_text(config.group);
  if (config.proposals.empty()) config.proposals = gdoi::default_proposals(config.ike_mode);
  if (config.ike_mode == gdoi::Phase1Mode::aggressive &&
      gdoi::of_one_group(config.proposals).size() != config.proposals.size())
    return fail("ike-mode = aggressive needs proposals of one group only");
  return config;
}

Config defaults() {
  Config config;
  config.authentication.secrets_file = default_secrets_file;
  config.anchor_in = *parse_ipv4("240.0.0.1");
  config.anchor_out = *parse_ipv4("240.0.0.2");
  config.anchor_in6 = *parse_ipv6("100::1");
  config.anchor_out6 = *parse_ipv6("100::2");
  return config;
}

}  // namespace

std::span<const Key> config_keys() noexcept { return keys; }

const Key* find_key(std::string_view name) noexcept {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

Result<Config> make_config(const Settings& general, const Settings& particular) {
  // All must be right, also what is overridden.
  Config scratch = defaults(), config = defaults();
  DaemonConfig daemon;
  if (auto outcome = apply_settings({scratch, daemon}, general); !outcome)
    return tl::unexpected<Error>{outcome.error()};
  if (auto outcome = apply_both({config, daemon}, general, particular); !outcome)
    return tl::unexpected<Error>{outcome.error()};
  return finish(std::move(config));
}

Result<void> set_daemon_keys(DaemonConfig& config, const Settings& general,
                             const Settings& particular) {
  Config scratch = defaults(), another = defaults();
  if (auto outcome = apply_settings({scratch, config}, general); !outcome) return outcome;
  return apply_settings({another, config}, particular);
}

}  // namespace agent
