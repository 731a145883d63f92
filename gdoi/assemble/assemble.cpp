// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/assemble/assemble.h"

#include <algorithm>
#include <tuple>

#include "gdoi/assemble/kek.h"
#include "gdoi/policy/key_sizes.h"
#include "gdoi/wire/attributes.h"

namespace gdoi {
namespace {

// same_policy: the number of attributes we skipped says nothing about what the rest means, and a
// key server that counts lifetimes down may write SATs of one SPI on both sides of a second's edge.
bool same_policy(TekPolicy a, const TekPolicy& b) {
  a.ignored_attributes = b.ignored_attributes;
  a.lifetime = b.lifetime;
  return a == b;
}

// positions_by lists 0 .. size-1 in the order of a comparison, equal ones as they were.
template <class Less>
std::vector<std::size_t> positions_by(std::size_t size, Less less) {
  std::vector<std::size_t> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = i;
  std::stable_sort(out.begin(), out.end(), less);
  return out;
}

void add(std::uint16_t& counter, std::uint16_t more) {
  constexpr std::uint32_t top = std::numeric_limits<std::uint16_t>::max();
  counter = static_cast<std::uint16_t>(std::min(top, std::uint32_t{counter} + more));
}

// rule_of finds the rule for one attribute; nullptr: there is none.
const AttributeRule* rule_of(const UnknownAttribute& attribute, const SatRules& rules) {
  const auto found = std::find_if(rules.attributes.begin(), rules.attributes.end(),
                                  [&](const auto& rule) { return rule.matches(attribute); });
  return found == rules.attributes.end() ? nullptr : &*found;
}

bool is_marked_deny(const SaTek& sat, const SatRules& rules) {
  return std::any_of(sat.unknown.begin(), sat.unknown.end(), [&](const auto& attribute) {
    const auto* const rule = rule_of(attribute, rules);
    return rule != nullptr && rule->meaning == AttributeRule::Meaning::deny;
  });
}

// unexplained lists the attributes of a SAT that no rule speaks of.
std::vector<UnknownAttribute> unexplained(const SaTek& sat, const SatRules& rules) {
  std::vector<UnknownAttribute> out;
  for (const auto& attribute : sat.unknown)
    if (rule_of(attribute, rules) == nullptr) out.push_back(attribute);
  return out;
}

tl::unexpected<Error> fail_sat(Errc code, std::string_view where, const SaTek& sat,
                               const std::string& about = {}) {
  Error out{code, where, sat.spi.value, sat.number, describe(sat.selectors)};
  if (!about.empty()) out.about += "; " + about;
  return tl::unexpected<Error>{std::move(out)};
}

// action_of says what a SAT means for the list; nullopt: nothing.
Result<std::optional<AccessEntry::Action>> action_of(const SaTek& sat, bool keyed,
                                                     const SatRules& rules) {
  const auto deny = std::optional{AccessEntry::Action::deny};
  if (is_marked_deny(sat, rules)) return deny;
  if (keyed) return std::optional{AccessEntry::Action::permit};
  switch (rules.without_key) {
    case TekWithoutKey::bypass:
      return deny;
    case TekWithoutKey::skip:
      return std::optional<AccessEntry::Action>{};
    case TekWithoutKey::deny:
    case TekWithoutKey::reject:
      break;
  }
  if (sat.spi != Spi{})
    return fail_sat(Errc::malformed, "SAT whose SPI has no TEK key packet in the KD", sat);
  return rules.without_key == TekWithoutKey::deny ? deny : std::nullopt;
}

Result<void> add_entries(const SaTek& sat, AccessEntry::Action action, GroupPolicy& out) {
  if (out.entries.size() + sat.selectors.size() > max_policy_entries)
    return fail(Errc::unsupported,
                "list with too many entries once its non-contiguous masks are split into prefixes");
  const Spi spi = action == AccessEntry::Action::permit ? sat.spi : Spi{};
  for (const auto& selector : sat.selectors) out.entries.push_back({action, selector, spi});
  return {};
}

// tidy drops entries that were said before, and refuses a list that both permits and denies.
Result<void> tidy(std::vector<AccessEntry>& entries) {
  const auto key = [&](std::size_t i) {
    return std::tie(entries[i].selector, entries[i].action, entries[i].spi);
  };
  const auto order =
      positions_by(entries.size(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });

  std::vector<bool> again(entries.size());
  for (std::size_t i = 1; i < order.size(); ++i) {
    const AccessEntry &before = entries[order[i - 1]], &here = entries[order[i]];
    if (before.selector == here.selector && before.action != here.action)
      return fail(Errc::malformed, "list that both permits and denies the same traffic",
                  std::max(before.spi.value, here.spi.value));
    again[order[i]] = before == here;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (!again[i]) entries[kept++] = entries[i];
  entries.resize(kept);
  return {};
}

// tek_of takes the keys out of their packet, whose SPI stays.
Result<Tek> tek_of(const SaTek& sat, TekKeys& keys) {
  const TekPolicy& policy = sat.policy;
  if (keys.cipher_key.size() != cipher_key_octets(policy.transform, policy.key_bits))
    return fail(Errc::malformed, "TEK_ALGORITHM_KEY of another length than the transform's",
                sat.spi.value);
  if (keys.integrity_key.size() != integrity_key_octets(policy.integrity))
    return fail(Errc::malformed, "TEK_INTEGRITY_KEY of another length than the algorithm's",
                sat.spi.value);
  return Tek{sat.spi, policy, std::move(keys.cipher_key), std::move(keys.integrity_key)};
}

// Assembly walks the SATs in their order and takes each key the first time it is asked for.
class Assembly {
 public:
  Assembly(KeyDownload& keys, const SatRules& rules) : keys_{keys}, rules_{rules} {
    places_.resize(keys.teks.size());
    order_ = positions_by(keys.teks.size(), [&](std::size_t a, std::size_t b) {
      return keys.teks[a].spi < keys.teks[b].spi;
    });
  }

  [[nodiscard]] Result<void> add(const SaTek& sat, GroupPolicy& out) {
    if (sat.spi == Spi{} && rules_.without_key == TekWithoutKey::deny && find(sat.spi))
      return fail_sat(Errc::malformed, "SAT with SPI 0 that has a TEK key packet in the KD", sat);
    const auto position = sat.spi == Spi{} ? std::nullopt : find(sat.spi);
    const auto action = action_of(sat, position.has_value(), rules_);
    if (!action) return tl::unexpected<Error>{action.error()};
    if (!*action) {
      skip(sat, out);
      return {};
    }
    if (const auto added = add_entries(sat, **action, out); !added) return added;
    if (!position || **action == AccessEntry::Action::deny) return {};  // needs no key
    if (auto& place = places_[*position]; place) {
      seconds& lifetime = out.teks[*place].policy.lifetime;
      lifetime = std::min(lifetime, sat.policy.lifetime);
      return {};
    }
    places_[*position] = out.teks.size();
    auto tek = tek_of(sat, keys_.teks[*position]);
    if (!tek) return tl::unexpected<Error>{tek.error()};
    out.teks.push_back(std::move(*tek));
    return {};
  }

  [[nodiscard]] std::uint16_t unused() const {
    return static_cast<std::uint16_t>(
        std::min<std::ptrdiff_t>(std::count(places_.begin(), places_.end(), std::nullopt), 0xffff));
  }

 private:
  static void skip(const SaTek& sat, GroupPolicy& out) {
    if (out.skipped_entries < max_skipped_told) out.skipped.push_back({sat.number, sat.selectors});
    count_up(out.skipped_entries);
  }

  [[nodiscard]] std::optional<std::size_t> find(Spi spi) const {
    const auto at = std::partition_point(order_.begin(), order_.end(),
                                         [&](std::size_t i) { return keys_.teks[i].spi < spi; });
    if (at == order_.end() || keys_.teks[*at].spi != spi) return std::nullopt;
    return *at;
  }

  KeyDownload& keys_;
  const SatRules& rules_;
  std::vector<std::size_t> order_;
  std::vector<std::optional<std::size_t>> places_;  // of each key's TEK in the policy, once there
};

Result<std::optional<Kek>> kek_of(const GroupSa& sa, KeyDownload& keys,
                                  std::optional<SequenceNumber> sequence) {
  // RFC 6407 section 3.2: "The SEQ payload has no other use and is omitted from the GROUPKEY-PULL
  // exchange when a KEK attribute is not included in the SA payload."
  if (!sa.kek) {
    if (keys.kek) return fail(Errc::malformed, "KEK key packet in the KD without a SAK in the SA");
    if (sequence) return fail(Errc::malformed, "SEQ without a SAK in the SA");
    return std::optional<Kek>{};
  }
  if (!keys.kek && keys.lkh)
    return fail(Errc::unsupported, "KEK that comes as an LKH key tree only");
  // A SAK without its key is what key servers send that do not mean to push: the TEKs are good, and
  // the next ones come by registering.
  if (!keys.kek && !sa.teks.empty()) return std::optional<Kek>{};
  if (!keys.kek) return fail(Errc::malformed, "SAK in the SA without a KEK key packet in the KD");
  if (!sequence) return fail(Errc::malformed, "SAK in the SA without a SEQ");
  auto kek = make_kek(*sa.kek, std::move(*keys.kek), *sequence);
  if (!kek) return tl::unexpected<Error>{kek.error()};
  return std::optional{std::move(*kek)};
}

std::uint16_t ignored_attributes(const GroupSa& sa) {
  std::uint16_t out = 0;
  for (const auto& sat : sa.teks) add(out, sat.policy.ignored_attributes);
  if (sa.kek) add(out, sa.kek->ignored_attributes);
  if (sa.gap) add(out, sa.gap->ignored_attributes);
  return out;
}

// check_unexplained: an attribute that we do not understand, on one of two SATs with the same TEK,
// may be what tells a deny entry from a permit. We do not guess.
Result<void> check_unexplained(const SaTek& before, const SaTek& here, const SatRules& rules) {
  const auto one = unexplained(before, rules), other = unexplained(here, rules);
  if (one == other) return {};
  std::vector<UnknownAttribute> differing;
  std::set_symmetric_difference(one.begin(), one.end(), other.begin(), other.end(),
                                std::back_inserter(differing));
  const auto& attribute = differing.front();
  return fail_sat(Errc::unsupported,
                  "SATs with one SPI that differ in an attribute we do not understand, which "
                  "sat-attribute can give a meaning",
                  here,
                  "attribute " + std::to_string(attribute.type) + " has the value " +
                      (attribute.value.empty() ? "of no octets" : hex_text(attribute.value, 32)) +
                      " in one of them only");
}

}  // namespace

Result<void> check_group_sa(const GroupSa& sa, const SatRules& rules) {
  if (!sa.kek && sa.teks.empty()) return fail(Errc::malformed, "SA without SAK and SAT");

  std::vector<const SaTek*> permits;
  for (const auto& sat : sa.teks)
    if (sat.spi != Spi{} && !is_marked_deny(sat, rules)) permits.push_back(&sat);
  std::stable_sort(permits.begin(), permits.end(),
                   [](const auto* a, const auto* b) { return a->spi < b->spi; });
  for (std::size_t i = 1; i < permits.size(); ++i) {
    const SaTek &before = *permits[i - 1], &here = *permits[i];
    if (here.spi != before.spi) continue;
    if (!same_policy(before.policy, here.policy))
      return fail_sat(Errc::malformed, "SATs with one SPI and different policies", here);
    if (const auto alike = check_unexplained(before, here, rules); !alike) return alike;
  }
  return {};
}

Result<GroupPolicy> assemble(const GroupSa& sa, KeyDownload keys,
                             std::optional<SequenceNumber> sequence, const SatRules& rules) {
  if (const auto sound = check_group_sa(sa, rules); !sound)
    return tl::unexpected<Error>{sound.error()};
  GroupPolicy out;
  auto kek = kek_of(sa, keys, sequence);
  if (!kek) return tl::unexpected<Error>{kek.error()};
  out.kek = std::move(*kek);
  out.kek_without_key = sa.kek.has_value() && !out.kek;

  Assembly assembly{keys, rules};
  for (const auto& sat : sa.teks)
    if (const auto added = assembly.add(sat, out); !added)
      return tl::unexpected<Error>{added.error()};
  if (const auto sound = tidy(out.entries); !sound) return tl::unexpected<Error>{sound.error()};

  if (sa.gap) {
    out.activation_delay = sa.gap->activation_delay;
    out.deactivation_delay = sa.gap->deactivation_delay;
  }
  out.sender_ids = std::move(keys.sender_ids);
  out.skipped_protocols = sa.skipped_protocols;
  out.skipped.insert(out.skipped.end(), sa.skipped.begin(), sa.skipped.end());
  out.ignored_attributes = ignored_attributes(sa);
  out.ignored_keys = assembly.unused();
  add(out.ignored_keys, keys.ignored);
  return out;
}

}  // namespace gdoi
