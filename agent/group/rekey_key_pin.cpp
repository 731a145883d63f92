// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/rekey_key_pin.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/config/octet_values.h"
#include "gdoi/policy/rekey_key.h"

namespace agent {

RekeyKeyPin::RekeyKeyPin(RekeyKeys keys, KeptState* kept, std::string table)
    : keys_{std::move(keys)}, kept_{kept}, table_{std::move(table)} {
  if (kept_ != nullptr) first_ = kept_->rekey_key(table_);
}

void RekeyKeyPin::configure(RekeyKeys keys) {
  if (keys == keys_) return;
  keys_ = std::move(keys);
  refused_keks_.clear();
}

std::vector<gdoi::Bytes> RekeyKeyPin::wanted() const {
  if (!keys_.first) return keys_.digests;
  return first_.empty() ? std::vector<gdoi::Bytes>{} : std::vector<gdoi::Bytes>{first_};
}

tl::unexpected<Error> RekeyKeyPin::other_key() const {
  return fail(fmt::format(
      "rekeys would be signed by another key, {}, than rekey-key wants, {}: either the key server "
      "has a new one, or this is a false key server. {} takes the new one",
      rekey_key_text(refused_), rekey_key_text(wanted().front()),
      keys_.first ? "getvpnctl accept-rekey-key" : "Another rekey-key"));
}

Result<void> RekeyKeyPin::check(const std::optional<gdoi::Kek>& kek) {
  const auto known = wanted();
  if (known.empty()) return {};
  if (!kek)
    return fail(fmt::format("the policy has no KEK, and rekey-key wants rekeys signed by {}",
                            rekey_key_text(known.front())));
  const auto digest = gdoi::rekey_key_digest(*kek);
  if (std::find(known.begin(), known.end(), digest) != known.end()) return {};
  refused_ = digest;
  return other_key();
}

// The member follows a KEK that a rekey brought, whatever we say of it.
Result<void> RekeyKeyPin::check(const gdoi::Rekey& rekey) {
  if (wanted().empty()) return {};
  if (std::find(refused_keks_.begin(), refused_keks_.end(), rekey.under) != refused_keks_.end())
    return other_key();
  if (!rekey.policy || !rekey.policy->kek) return {};
  auto checked = check(rekey.policy->kek);
  if (checked) return checked;
  if (refused_keks_.size() == max_refused) refused_keks_.erase(refused_keks_.begin());
  refused_keks_.push_back(rekey.policy->kek->policy.spi);
  return checked;
}

void RekeyKeyPin::installed(gdoi::Bytes digest, Instant now) {
  current_ = std::move(digest);
  if (keys_.first && first_.empty() && !current_.empty()) remember(current_, now);
}

Result<gdoi::Bytes> RekeyKeyPin::accept(Instant now) {
  if (!keys_.first)
    return fail("rekey-key is not 'first': the configuration says which keys count");
  if (refused_.empty()) return fail("no key for rekeys was refused");
  remember(std::move(refused_), now);
  refused_.clear();
  return first_;
}

void RekeyKeyPin::remember(gdoi::Bytes digest, Instant now) {
  first_ = std::move(digest);
  refused_keks_.clear();
  if (kept_ != nullptr) kept_->set_rekey_key(table_, first_, now);
}

}  // namespace agent
