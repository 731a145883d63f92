// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/snmp/gdoi_mib.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "agent/control/status_groups.h"
#include "agent/snmp/identification.h"

namespace agent::snmp {
namespace {

using nlohmann::json;

// Tables below cgmGdoiMIBObjects, up to the entry.
constexpr std::array<std::uint32_t, 3> group_table{1, 1, 1};
constexpr std::array<std::uint32_t, 4> member_table{1, 2, 2, 1}, kek_table{1, 3, 2, 1},
    selector_table{1, 3, 5, 1}, policy_table{1, 3, 6, 1};
// cgmGdoiNotifCntl: which notifications are sent. Those of a member, and only these, are.
constexpr std::uint32_t first_of_member = 5, last_of_member = 11;

struct Named {
  std::string_view name;
  std::uint32_t value;
};

template <std::size_t N>
std::uint32_t value_of(const std::array<Named, N>& names, std::string_view name) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [name](const Named& row) { return row.name == name; });
  return found == names.end() ? 0 : found->value;
}

// CgmGdoiEncryptionAlgorithm, CgmGdoiPseudoRandomFunction, CgmGdoiSignatureMethod, CgmGdoiKekStatus
// of what `show` calls by these names. ECDSS names no curve; RFC 6407 has it for P-256 as well.
constexpr std::array kek_ciphers{Named{"DES", 2}, Named{"3DES", 3}, Named{"AES", 12}};
constexpr std::array kek_hashes{Named{"HMAC_AUTH_MD5", 1}, Named{"HMAC_AUTH_SHA", 2},
                                Named{"HMAC_AUTH_SHA256", 5}, Named{"HMAC_AUTH_SHA384", 6},
                                Named{"HMAC_AUTH_SHA512", 7}};
constexpr std::array signatures{Named{"RSA", 1},        Named{"DSS", 3},
                                Named{"ECDSS", 9},      Named{"ECDSA-256", 9},
                                Named{"ECDSA-384", 10}, Named{"ECDSA-521", 11}};
constexpr std::array kek_status{Named{"current", 1}, Named{"next", 2}, Named{"previous", 3}};

// CgmGdoiEncryptionAlgorithm of an ESP transform identifier, whose numbers it has but for these.
std::uint32_t tek_cipher(std::uint32_t transform) {
  constexpr std::uint32_t esp_seed = 21, esp_camellia = 22, esp_gmac = 23;
  constexpr std::uint32_t gmac = 21, camellia_cbc = 23, seed_cbc = 28;
  if (transform == esp_seed) return seed_cbc;
  if (transform == esp_camellia) return camellia_cbc;
  return transform == esp_gmac ? gmac : transform;
}

// CgmGdoiIntegrityAlgorithm of an authentication algorithm of RFC 2407.
std::uint32_t tek_integrity(std::uint32_t authentication) {
  constexpr std::uint32_t sha256 = 5, sha512 = 7, sha256_to_128 = 12;
  return authentication >= sha256 && authentication <= sha512
             ? authentication - sha256 + sha256_to_128
             : authentication;
}

// number is a member that may be larger than its object can tell.
std::uint32_t number(const json& object, const char* name) {
  constexpr std::uint64_t most = 0xffffffff;
  return static_cast<std::uint32_t>(std::min(object.at(name).get<std::uint64_t>(), most));
}

std::uint32_t low_32_bits(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

std::string text(const json& object, const char* name) {
  return object.at(name).get<std::string>();
}

std::string two_octets(std::uint32_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

template <std::size_t N>
ObjectId instance(const std::array<std::uint32_t, N>& table, std::uint32_t column,
                  const ObjectId& index) {
  auto out = gdoi_mib();
  out.insert(out.end(), table.begin(), table.end());
  out.push_back(column);
  out.insert(out.end(), index.begin(), index.end());
  return out;
}

// Row writes the columns of one row.
template <std::size_t N>
class Row {
 public:
  Row(Objects& out, const std::array<std::uint32_t, N>& table, ObjectId index)
      : out_{out}, table_{table}, index_{std::move(index)} {}

  Row& set(std::uint32_t column, Value value) {
    out_.insert_or_assign(instance(table_, column, index_), std::move(value));
    return *this;
  }
  // Type, length and value of an identification, in columns that follow one another.
  Row& set(std::uint32_t column, const Identification& id) {
    return set(column, integer(id.type))
        .set(column + 1, unsigned32(static_cast<std::uint32_t>(id.value.size())))
        .set(column + 2, octets(id.value));
  }

 private:
  Objects& out_;
  const std::array<std::uint32_t, N>& table_;
  ObjectId index_;
};

ObjectId with(ObjectId index, std::uint32_t number) {
  index.push_back(number);
  return index;
}

// What index the rows of a group's member begin with, and where they go.
struct Member {
  Objects& out;
  ObjectId index;
};

bool is_active(const json& tek) { return tek.at("receive").get<bool>() || tek.at("send"); }

std::optional<Identification> local_identification(const json& group) {
  const auto& local = group.at("local");
  return local.is_null() ? std::nullopt : identification_of(text(local, "address"));
}

void add_member(const Member& member, const json& group) {
  Row row{member.out, member_table, member.index};
  if (const auto id = local_identification(group))
    row.set(2, unsigned32(static_cast<std::uint32_t>(id->value.size())));
  if (const auto& server = group.at("registration").at("registered_with"); !server.is_null())
    if (const auto known = identification_of(text(server, "address"))) row.set(4, *known);
  if (const auto& kek = group.at("kek"); !kek.is_null())
    row.set(7, octets(octets_of(text(kek, "spi"))));
  const auto& teks = group.at("teks");
  row.set(8, counter32(low_32_bits(group.at("rekeys").at("last_sequence"))))
      .set(9, counter32(low_32_bits(
                  static_cast<std::uint64_t>(std::count_if(teks.begin(), teks.end(), is_active)))));
}

void add_kek(const Member& member, const json& kek, std::uint32_t kek_number) {
  constexpr std::uint32_t udp = 2, no_group = 0;
  Row row{member.out, kek_table, with(member.index, kek_number)};
  row.set(2, octets(octets_of(text(kek, "spi"))));
  for (const auto& [column, name] : {std::pair{3U, "source"}, std::pair{7U, "destination"}}) {
    const auto& end = kek.at(name);
    if (const auto id = identification_of(text(end, "address"))) row.set(column, *id);
    row.set(column + 3, octets(two_octets(number(end, "port"))));
  }
  const auto& hash = kek.at("signature_hash");
  row.set(11, integer(udp))
      .set(12, integer(number(kek, "management") == 1 ? 1 : 0))
      .set(13, integer(value_of(kek_ciphers, text(kek, "cipher"))))
      .set(14, unsigned32(number(kek, "key_bits")))
      .set(15, integer(hash.is_null() ? 0 : value_of(kek_hashes, hash.get<std::string>())))
      .set(16, integer(value_of(signatures, text(kek, "signature"))))
      .set(17, unsigned32(number(kek, "signature_key_bits")))
      .set(18, integer(no_group))
      .set(19, unsigned32(number(kek, "lifetime")))
      .set(20, unsigned32(number(kek, "remaining")))
      .set(21, integer(value_of(kek_status, text(kek, "role"))));
}

void add_selector(const Member& member, std::uint32_t selector, const json& entry) {
  constexpr std::uint32_t esp = 1;
  Row row{member.out, selector_table, with(member.index, selector)};
  for (const auto& [column, name] : {std::pair{2U, "source"}, std::pair{6U, "destination"}}) {
    const auto& end = entry.at(name);
    if (const auto id = identification_of(text(end, "first"), text(end, "last")))
      row.set(column, *id);
    row.set(column + 3, octets(two_octets(number(end, "port"))));
  }
  row.set(10, integer(esp));
}

void add_policy(const Member& member, std::uint32_t selector, std::uint32_t policy, const json& tek,
                std::uint32_t status) {
  constexpr std::uint32_t tunnel = 1, no_time_based_replay_window = 0;
  const auto transform = number(tek, "esp_transform");
  const auto bits = number(tek, "key_bits");
  const auto cipher_octets = number(tek, "cipher_key_octets");
  Row{member.out, policy_table, with(with(member.index, selector), policy)}
      .set(2, octets(octets_of(text(tek, "spi"))))
      .set(3, integer(tunnel))
      .set(4, integer(tek_cipher(transform)))
      .set(5, unsigned32(bits != 0 ? bits : 8 * cipher_octets))
      .set(6, integer(tek_integrity(number(tek, "authentication"))))
      .set(7, unsigned32(8 * number(tek, "integrity_key_octets")))
      .set(8, unsigned32(no_time_based_replay_window))
      .set(9, unsigned32(number(tek, "lifetime")))
      .set(10, unsigned32(number(tek, "remaining")))
      .set(11, integer(status));
}

// add_policies writes a row for each TEK and direction by which the traffic of a selector goes.
// TEKs that no line names any more are those of before the last rekey: their traffic is still let
// in.
void add_policies(const Member& member, std::uint32_t selector, const std::set<std::string>& spis,
                  const std::set<std::string>& named, const json& teks) {
  constexpr std::uint32_t inbound = 1, outbound = 2, not_in_use = 3;
  std::uint32_t policy = 0;
  for (const auto& tek : teks) {
    const auto spi = text(tek, "spi");
    if (spis.count(spi) == 0 && named.count(spi) != 0) continue;
    if (tek.at("receive").get<bool>()) add_policy(member, selector, ++policy, tek, inbound);
    if (tek.at("send").get<bool>()) add_policy(member, selector, ++policy, tek, outbound);
    if (!is_active(tek)) add_policy(member, selector, ++policy, tek, not_in_use);
  }
}

// add_list writes a selector for each source and destination: lines that differ in their protocol
// or TEK alone are one.
void add_list(const Member& member, const json& group) {
  std::vector<std::pair<const json*, std::set<std::string>>> selectors;
  std::map<std::string, std::size_t> places;
  std::set<std::string> named;
  for (const auto& entry : group.at("acl")) {
    if (entry.at("spi").is_null()) continue;
    const auto pair = entry.at("source").dump() + entry.at("destination").dump();
    const auto [place, is_new] = places.emplace(pair, selectors.size());
    if (is_new) selectors.emplace_back(&entry, std::set<std::string>{});
    const auto spi = text(entry, "spi");
    selectors[place->second].second.insert(spi);
    named.insert(spi);
  }
  std::uint32_t number_of_row = 0;
  for (const auto& [entry, spis] : selectors) {
    add_selector(member, ++number_of_row, *entry);
    add_policies(member, number_of_row, spis, named, group.at("teks"));
  }
}

void add_group(Objects& out, const json& group, KekNumbers& numbers) {
  const auto identity = text(group.at("group"), "identity");
  const auto group_id = group_identification(identity);
  if (!group_id) return;
  Row{out, group_table, index_of(*group_id)}
      .set(2, unsigned32(static_cast<std::uint32_t>(group_id->value.size())))
      .set(4, octets(text(group.at("group"), "name")));

  const Member member{out, member_index(group)};
  if (member.index.empty()) return;
  add_member(member, group);
  for (const auto& kek : group.at("keks"))
    add_kek(member, kek, numbers.of(identity, text(kek, "spi")));
  add_list(member, group);
}

void add_notification_control(Objects& out) {
  constexpr std::uint32_t truth = 1;
  for (auto which = first_of_member; which <= last_of_member; ++which) {
    auto name = gdoi_mib();
    name.insert(name.end(), {1, 4, which, 0});
    out.emplace(std::move(name), integer(truth));
  }
}

}  // namespace

const ObjectId& gdoi_mib() {
  static const ObjectId out{1, 3, 6, 1, 4, 1, 9, 9, 759};
  return out;
}

ObjectId member_index(const json& group) {
  const auto group_id = group_identification(text(group.at("group"), "identity"));
  const auto member_id = local_identification(group);
  if (!group_id || !member_id) return {};
  auto out = index_of(*group_id);
  const auto own = index_of(*member_id);
  out.insert(out.end(), own.begin(), own.end());
  return out;
}

ObjectId member_column(std::uint32_t column, const ObjectId& index) {
  return instance(member_table, column, index);
}

std::uint32_t KekNumbers::of(const std::string& group, const std::string& spi) {
  constexpr std::size_t most = 64;  // far more than a group has at a time
  auto& known = groups_[group];
  if (const auto found = known.numbers.find(spi); found != known.numbers.end())
    return found->second;
  if (known.numbers.size() == most)
    known.numbers.erase(
        std::min_element(known.numbers.begin(), known.numbers.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; }));
  return known.numbers[spi] = ++known.last;
}

Result<Objects> gdoi_objects(const json& status, KekNumbers& numbers) {
  Objects out;
  add_notification_control(out);
  try {
    for (const json& group : groups_of(status)) add_group(out, group, numbers);
  } catch (const json::exception& error) {
    return fail(std::string{"the daemon's answer lacks something: "} + error.what());
  }
  return out;
}

}  // namespace agent::snmp
