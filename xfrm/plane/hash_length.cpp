// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/hash_length.h"

namespace xfrm {

std::optional<HashLength::Found> HashLength::find() {
  Request request;
  ask_hash_lengths(request);
  std::optional<HashLengths> lengths;
  std::optional<std::uint32_t> policies;
  const auto done = xfrm_.request(request, "hash of policies", [&](const nlmsghdr& message) {
    if (auto found = read_hash_lengths(message, family_)) lengths = found;
    if (auto found = read_policy_count(message)) policies = found;
  });
  if (!done || !lengths || !policies) return std::nullopt;
  return Found{*lengths, *policies};
}

void HashLength::set(HashLengths lengths) {
  Request request;
  set_hash_lengths(request, family_, lengths);
  static_cast<void>(xfrm_.request(request, "hash of policies"));
}

void HashLength::fit(std::span<const Selector> wanted) {
  const auto length = best_hash_length(wanted);
  if (!length) return;
  const HashLengths best{*length, *length};
  const auto found = find();
  if (!found) return;
  const bool untouched = found->lengths == default_hash_lengths(family_);
  const bool lower = found->lengths == ours_ && *length < ours_->near;
  if (untouched || lower) set(best);
  if (untouched || lower || found->lengths == best) ours_ = best;
}

void HashLength::restore(std::span<const Selector> removed) {
  if (!ours_)
    if (const auto length = best_hash_length(removed)) ours_ = HashLengths{*length, *length};
  if (!ours_) return;
  const auto found = find();
  if (found && found->lengths == ours_ && found->policies < least_hashed)
    set(default_hash_lengths(family_));
  ours_.reset();
}

}  // namespace xfrm
