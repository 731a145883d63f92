// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "agent/base/address.h"
#include "agent/config/access_list.h"
#include "agent/config/config_values.h"
#include "agent/config/exceptions.h"
#include "agent/config/group_values.h"
#include "agent/config/identity.h"
#include "agent/config/kernel_rows.h"
#include "agent/config/key_rows.h"
#include "agent/config/keys.h"
#include "agent/config/octet_values.h"

namespace agent {
namespace {

using Repeat = Key::Repeat;
using Method = Authentication::Method;

constexpr auto path = [](auto& to, std::string_view text) { return set(to, parse_path(text)); };
constexpr auto flag = [](auto& to, std::string_view text) { return set(to, parse_flag(text)); };
constexpr auto yes_no = [](bool on) { return yes_or_no(on); };

constexpr std::array group_rows{
    row(
        {"ks", "ADDRESS|NAME[:PORT]",
         "Key server, in order of preference (1 to 8): an address, [IPV6]:PORT, or a DNS name",
         Repeat::list},
        [](auto& c) -> auto& { return c.key_servers; },
        [](auto& to, std::string_view text) {
          return add_unique(to, text, parse_key_server(text), max_key_servers, "key servers");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return texts_of(group.config.key_servers, key_server_text);
        }),
    row(
        {"answer-from", "ADDRESS", "Another address that key servers may answer from",
         Repeat::list},
        [](auto& c) -> auto& { return c.answer_from; },
        [](auto& to, std::string_view text) {
          return add_unique(to, text, parse_host_address(text), 16, "addresses");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(texts_of(group.config.answer_from, source_text), "the one that is asked");
        }),
    row(
        {"group", "N|A.B.C.D", "Group identity, a number or an IPv4 address"},
        [](auto& c) -> auto& { return c.group; },
        [](auto& to, std::string_view text) { return set(to, parse_group(text)); },
        [](const auto& value) -> std::string { return group_text(value); }),
    row(
        {"group-name", "TEXT", "Name shown for the group (default: its identity)"},
        [](auto& c) -> auto& { return c.group_name; },
        [](auto& to, std::string_view text) { return set(to, parse_text(text, 64)); },
        [](const auto& value) -> std::string { return value; }),
    row(
        {"interface", "NAME",
         "WAN interface, or NAME* for all that begin so (default: those that lead to a key server "
         "or hold a default route)",
         Repeat::list},
        [](auto& c) -> auto& { return c.interfaces; },
        [](auto& to, std::string_view text) {
          return add_unique(to, text, parse_wan_interface(text), 64, "interfaces");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(group.config.interfaces,
                         "those that lead to a key server or hold a default route");
        }),
    row(
        {"vrf", "NAME", "VRF through which the key servers are reached (default: none)"},
        [](auto& c) -> auto& { return c.vrf; },
        [](auto& to, std::string_view text) { return set(to, parse_interface(text)); },
        [](const auto& value) -> std::string { return value.empty() ? "none" : value; }),
    row(
        {"source", "ADDRESS|NAME",
         "Our address towards key servers, or the interface that has it (default: by the route)",
         Repeat::list},
        [](auto& c) -> auto& { return c.sources; },
        [](auto& to, std::string_view text) {
          return add_unique(to, text, parse_source(text), 8, "sources");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(texts_of(group.config.sources, source_text), "by the route");
        }),
    row(
        {"auth", "psk|cert", "Pre-shared keys, or signatures with certificates (default: psk)"},
        [](auto& c) -> auto& { return c.authentication.method; },
        [](auto& to, std::string_view text) { return set(to, parse_method(text)); },
        [](const auto& value) -> std::string {
          return value == Method::certificate ? "cert" : "psk";
        }),
    row(
        {"secrets", "FILE", "Pre-shared keys (default: /etc/getvpn-gm/getvpn-gm.secrets)"},
        [](auto& c) -> auto& { return c.authentication.secrets_file; }, path,
        [](const ConfiguredGroup& group) -> Texts {
          return unless(with_certificates(group), group.config.authentication.secrets_file);
        }),
    row(
        {"certificate", "FILE", "Our certificate, then intermediate ones (PEM)"},
        [](auto& c) -> auto& { return c.authentication.certificate_file; }, path,
        [](const ConfiguredGroup& group) -> Texts {
          return with_cert(group, group.config.authentication.certificate_file);
        }),
    row(
        {"private-key", "FILE", "The private key of our certificate (PEM)"},
        [](auto& c) -> auto& { return c.authentication.private_key_file; }, path,
        [](const ConfiguredGroup& group) -> Texts {
          return with_cert(group, group.config.authentication.private_key_file);
        }),
    row(
        {"private-key-passphrase", "FILE", "File with the passphrase of an encrypted private key"},
        [](auto& c) -> auto& { return c.authentication.passphrase_file; }, path,
        [](const ConfiguredGroup& group) -> Texts {
          const auto& file = group.config.authentication.passphrase_file;
          return unless(file.empty(), file);
        }),
    row(
        {"ca", "FILE", "Certificates of the CAs whose key servers we trust (PEM)", Repeat::list},
        [](auto& c) -> auto& { return c.authentication.ca_files; },
        [](auto& to, std::string_view text) { return add_file(to, text); },
        [](const ConfiguredGroup& group) -> Texts {
          return with_cert(group, group.config.authentication.ca_files);
        }),
    row(
        {"crl", "FILE", "Revocation lists of these CAs (PEM or DER)", Repeat::list},
        [](auto& c) -> auto& { return c.authentication.crl_files; },
        [](auto& to, std::string_view text) { return add_file(to, text); },
        [](const ConfiguredGroup& group) -> Texts {
          return with_cert(group, or_else(group.config.authentication.crl_files, "none"));
        }),
    row(
        {"crl-check", "none|if-present|required",
         "Whether each certificate needs a CRL (default: required if there is a crl)"},
        [](auto& c) -> auto& { return c.authentication.revocation; },
        [](auto& to, std::string_view text) { return set(to, parse_revocation(text)); },
        [](const ConfiguredGroup& group) -> Texts {
          return with_cert(group,
                           std::string{name_of(group.config.authentication.revocation_in_force())});
        }),
    row(
        {"send-cert", "asked|always", "When we send our certificates (default: always)"},
        [](auto& c) -> auto& { return c.authentication.send; },
        [](auto& to, std::string_view text) { return set(to, parse_send_certificate(text)); },
        [](const ConfiguredGroup& group) -> Texts {
          const bool always = group.config.authentication.send == gdoi::SendCertificate::always;
          return with_cert(group, std::string{always ? "always" : "asked"});
        }),
    row(
        {"ignore-ks-id", "", "Accept a key server that tells an identity its certificate has not"},
        [](auto& c) -> auto& { return c.authentication.ignore_ks_id; }, flag,
        [](const ConfiguredGroup& group) -> Texts {
          return with_cert(group, yes_or_no(group.config.authentication.ignore_ks_id));
        }),
    row(
        {"identity", "IDENTITY",
         "Who we say we are: address, dn, fqdn:.., user:.., dn:.. or key-id:.."},
        [](auto& c) { return std::tie(c.authentication.identity, c.authentication.given); },
        [](auto to, std::string_view text) {
          return set_identity(std::get<0>(to), std::get<1>(to), text);
        },
        [](const ConfiguredGroup& group) { return Texts{own_identity(group)}; }),
    row(
        {"ks-identity", "IDENTITY", "Who the key servers must be (default: the address we talk to)",
         Repeat::again},
        [](auto& c) -> auto& { return c.authentication.key_servers; },
        [](auto& to, std::string_view text) {
          return add(to, parse_identity(text), 32, "identities");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(texts_of(group.config.authentication.key_servers, identity_text),
                         with_certificates(group) ? "the address of the key server" : "any");
        }),
    row(
        {"ike-proposal", "LIST", "Phase 1 proposals, such as aes256-sha256-modp2048", Repeat::list},
        [](auto& c) -> auto& { return c.proposals; },
        [](auto& to, std::string_view text) {
          return add_unique(to, text, parse_proposal(text), 64, "proposals");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return texts_of(group.config.proposals, proposal_text);
        }),
    row(
        {"ike-lifetime", "SECONDS", "Phase 1 lifetime we offer (default: 86400)"},
        [](auto& c) -> auto& { return c.ike_lifetime; },
        [](auto& to, std::string_view text) {
          return set(to, parse_seconds(text, 60, 0xffffffff));
        },
        [](const auto& value) -> std::string { return fmt::to_string(value.count()); }),
    row(
        {"ike-mode", "main|aggressive",
         "Mode of phase 1; aggressive shows our identity in clear (default: main)"},
        [](auto& c) -> auto& { return c.ike_mode; },
        [](auto& to, std::string_view text) { return set(to, parse_ike_mode(text)); },
        [](const auto& value) -> std::string {
          return value == gdoi::Phase1Mode::main ? "main" : "aggressive";
        }),
    row(
        {"phase1-doi", "1|2", "DOI of phase 1 (default: 2, then 1 if that finds no answer)"},
        [](auto& c) -> auto& { return c.phase1_doi; },
        [](auto& to, std::string_view text) { return set(to, parse_number(text, 1, 2)); },
        [](const auto& value) -> std::string {
          return value ? fmt::to_string(*value) : "2, then 1";
        }),
    row(
        {"nat-t", "yes|no", "Find a NAT on the way and register by UDP 4500 then (default: yes)"},
        [](auto& c) -> auto& { return c.nat_traversal; }, flag, yes_no),
    row(
        {"ike-fragmentation", "yes|no",
         "Take and make IKE fragments if the key server does (default: yes)"},
        [](auto& c) -> auto& { return c.ike_fragmentation; }, flag, yes_no),
    row(
        {"ike-vendor-id", "HEX", "A vendor ID to send in the first message", Repeat::list},
        [](auto& c) -> auto& { return c.vendor_ids; },
        [](auto& to, std::string_view text) {
          return add_unique(to, text, parse_vendor_id(text), 8, "vendor IDs");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(texts_of(group.config.vendor_ids, digits_of), "none");
        }),
    row(
        {"tek-without-key", "deny|reject|skip|bypass",
         "What a list entry without a key means (default: deny)", Repeat::no, "keyless-sat"},
        [](auto& c) -> auto& { return c.tek_without_key; },
        [](auto& to, std::string_view text) { return set(to, parse_tek_without_key(text)); },
        [](const auto& value) -> std::string { return std::string{name_of(value)}; }),
    row(
        {"sat-attribute", "NUMBER[:HEX] deny|ignore",
         "What an unknown attribute of a list entry means, such as '32001:0001 deny'",
         Repeat::again},
        [](auto& c) -> auto& { return c.sat_attributes; },
        [](auto& to, std::string_view text) {
          return add_unique(to, text, parse_sat_attribute(text), 32, "attributes");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(texts_of(group.config.sat_attributes, sat_attribute_text), "none");
        }),
    row(
        {"replay-window", "PACKETS", "Inbound replay window, 0 is off (default: 0)"},
        [](auto& c) -> auto& { return c.replay_window; },
        [](auto& to, std::string_view text) { return set(to, parse_number(text, 0, 4096)); },
        [](const auto& value) -> std::string { return fmt::to_string(value); }),
    row(
        {"replay-senders", "auto|PREFIX",
         "Networks with a replay window each: these, or as the list has them (default: none)",
         Repeat::list},
        [](auto& c) -> auto& { return c.replay_senders; },
        [](auto& to, std::string_view text) { return add_replay_sender(to, text); },
        [](const ConfiguredGroup& group) -> Texts {
          const auto& senders = group.config.replay_senders;
          return or_else(texts_of(senders.networks, range_text), senders.of_list ? "auto" : "none");
        }),
    row(
        {"replay-unknown", "accept|drop",
         "What is of none of these networks: received without a window, or not (default: accept)"},
        [](auto& c) -> auto& { return c.drop_unknown_senders; },
        [](auto& to, std::string_view text) { return set(to, parse_replay_unknown(text)); },
        [](const auto& value) -> std::string { return value ? "drop" : "accept"; }),
    row(
        {"send-counter-modes", "",
         "Also send on AES-GCM, CCM, CTR and GMAC keys (nonces may repeat)"},
        [](auto& c) -> auto& { return c.send_counter_modes; }, flag, yes_no),
    row(
        {"rekey-encryption", "LIST",
         "Accepted ciphers of rekeys, such as aes128, aes256 (default: all but des)", Repeat::list},
        [](auto& c) -> auto& { return c.acceptance.rekey_encryption; },
        [](auto& to, std::string_view text) { return to.add(text); },
        [](const auto& value) -> std::string { return value.text(); }),
    row(
        {"rekey-hash", "LIST",
         "Accepted hashes under rekeys' signatures, such as sha256 (default: all but md5)",
         Repeat::list},
        [](auto& c) -> auto& { return c.acceptance.rekey_hash; },
        [](auto& to, std::string_view text) { return to.add(text); },
        [](const auto& value) -> std::string { return value.text(); }),
    row(
        {"rekey-key", "any|first|sha256:HEX",
         "Which keys may sign rekeys: any, the first one seen, or these (default: any)",
         Repeat::list},
        [](auto& c) -> auto& { return c.rekey_keys; },
        [](auto& to, std::string_view text) { return add_rekey_key(to, text); },
        [](const ConfiguredGroup& group) -> Texts {
          const auto& keys = group.config.rekey_keys;
          return or_else(texts_of(keys.digests, rekey_key_text), keys.first ? "first" : "any");
        }),
    row(
        {"transform", "LIST",
         "Accepted transforms (default: all but esp-3des, esp-null, esp-md5-hmac)", Repeat::list},
        [](auto& c) -> auto& { return c.acceptance.transforms; },
        [](auto& to, std::string_view text) { return to.add(text); },
        [](const auto& value) -> std::string { return value.text(); }),
    row(
        {"deny", "ACE", "Traffic never encrypted, such as 'tcp any any eq 179'; both ways",
         Repeat::list},
        [](auto& c) -> auto& { return c.exceptions; },
        [](auto& to, std::string_view text) { return add_exception(to, text); },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(texts_of(group.config.exceptions, ace_text), "none");
        }),
    row(
        {"fail-close", "", "Let nothing pass before the first registration but exceptions"},
        [](auto& c) -> auto& { return c.fail_close; }, flag, yes_no),
    row(
        {"fail-close-deny", "ACE", "Traffic that fail-close lets pass; both ways", Repeat::list},
        [](auto& c) -> auto& { return c.fail_close_exceptions; },
        [](auto& to, std::string_view text) { return add_exception(to, text); },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(texts_of(group.config.fail_close_exceptions, ace_text), "none");
        }),
    row(
        {"fail-close-revert", "", "Fail close again when the last key has expired"},
        [](auto& c) -> auto& { return c.fail_close_revert; }, flag, yes_no),
    row(
        {"passive", "", "Receive both encrypted and clear, send clear (for staged roll-outs)"},
        [](auto& c) -> auto& { return c.passive; }, flag, yes_no),
    row(
        {"scope", "PREFIX", "Refuse a downloaded list that protects anything outside of these",
         Repeat::list},
        [](auto& c) -> auto& { return c.scope; },
        [](auto& to, std::string_view text) {
          return add(to, parse_prefix(text), 1000, "prefixes");
        },
        [](const ConfiguredGroup& group) -> Texts {
          return or_else(texts_of(group.config.scope, range_text), "none");
        }),
    row(
        {"ack-key-length", "block|output|base-key",
         "Meaning of L in the key of acknowledgements (default: block)"},
        [](auto& c) -> auto& { return c.ack_key_length; },
        [](auto& to, std::string_view text) { return set(to, parse_ack_key_length(text)); },
        [](const auto& value) -> std::string { return std::string{name_of(value)}; }),
    row(
        {"retry-max", "SECONDS", "Longest pause between failed registrations (default: 300)"},
        [](auto& c) -> auto& { return c.retry_max; },
        [](auto& to, std::string_view text) { return set(to, parse_seconds(text, 5, 86400)); },
        [](const auto& value) -> std::string { return fmt::to_string(value.count()); }),
    row(
        {"recovery-check", "SECONDS|no",
         "Register with the next key server when ESP without a key comes, so often (default: 300)"},
        [](auto& c) -> auto& { return c.recovery.interval; },
        [](auto& to, std::string_view text) { return set(to, parse_recovery_check(text)); },
        [](const auto& value) -> std::string {
          return value ? fmt::to_string(value->count()) : "no";
        }),
    row(
        {"recovery-check-packets", "N",
         "So many packets under one SPI are enough for that (default: 10)"},
        [](auto& c) -> auto& { return c.recovery.packets; },
        [](auto& to, std::string_view text) { return set(to, parse_number(text, 1, 1000000)); },
        [](const auto& value) -> std::string { return fmt::to_string(value); }),
};

constexpr auto group_table = joined(group_rows, kernel_rows);

}  // namespace

std::span<const GroupKey> group_keys() noexcept { return group_table; }

const GroupKey* find_group_key(std::string_view name) noexcept {
  const auto at = std::find_if(group_table.begin(), group_table.end(), [&](const GroupKey& key) {
    return key.name == name || (!key.alias.empty() && key.alias == name);
  });
  return at == group_table.end() ? nullptr : &*at;
}

}  // namespace agent
