// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/rekey_sa_table.h"

#include <algorithm>
#include <array>

#include "gdoi/phase1/envelope.h"

namespace gdoi {
namespace {

// A key server that has not received an acknowledgement for so many copies will not.
constexpr unsigned max_acknowledgements = 20;

// Between two messages of which all forms are tried and none fits.
constexpr seconds other_forms_pause{1};

auto with_spi(const RekeySpi& spi) {
  return [spi](const RekeySa& sa) { return sa.kek.policy.spi == spi; };
}

}  // namespace

Result<void> RekeySaTable::adopt(const Kek& kek, const Address& member, Instant now) {
  auto sa = make_rekey_sa(kek, now);
  if (!sa) return tl::unexpected<Error>{sa.error()};
  sa->confirmed = true;

  expire(now);
  if (const auto* const known = remembered(*sa))
    sa->kek.last_sequence = std::max(kek.last_sequence, known->last);
  const auto held = std::find_if(sas_.begin(), sas_.end(), with_spi(kek.policy.spi));
  if (held != sas_.end() && !same_key(held->kek, kek))
    sas_.erase(held);
  else if (held != sas_.end())
    // Two key servers need not know the same, and what was accepted must not be accepted again.
    sa->kek.last_sequence = std::max(sa->kek.last_sequence, held->kek.last_sequence);
  ack_wanted_ = kek.policy.acknowledgement;
  member_ = member;
  hold(std::move(*sa), nullptr);
  return {};
}

Result<PushOutcome> RekeySaTable::receive(const IsakmpMessage& message, PushSender sender,
                                          Instant now) {
  if (const auto header = check_push_header(message.header); !header)
    return tl::unexpected<Error>{header.error()};
  // Before any work: a stranger knows no cookies.
  if (!knows(message.header.cookies)) return fail(Errc::unexpected, "cookies of no KEK");
  Bytes digest = digest_of(message);
  if (repeats_last(message, digest)) return repeat();

  // RFC 6407 section 4.4: "A group member receiving the GROUPKEY-PUSH datagram matches the cookie
  // pair in the ISAKMP HDR to an existing SA. The message is decrypted, and the form of the
  // datagram is validated."
  const auto position = find(message.header.cookies, now);
  if (!position) return tl::unexpected<Error>{position.error()};
  const Kek& kek = sas_[*position].kek;
  const auto opened = open({kek.policy.cipher, kek.key.view()}, kek.iv.view(), message);
  if (!opened) return tl::unexpected<Error>{opened.error()};
  const auto push = authenticate(sas_[*position], message.header, opened->chain, sender, now);
  if (!push) return tl::unexpected<Error>{push.error()};

  auto planned = plan(*push, now);
  if (!planned) {
    sas_[*position].kek.last_sequence = push->frame.sequence;
    sas_[*position].any_sequence = false;
    return PushOutcome{RefusedPush{message.header.cookies, push->frame.sequence, planned.error()}};
  }
  return PushOutcome{commit(*push, std::move(*planned), std::move(digest))};
}

Result<std::size_t> RekeySaTable::find(const RekeySpi& spi, Instant now) const {
  const auto found = std::find_if(sas_.begin(), sas_.end(), with_spi(spi));
  if (found == sas_.end()) return fail(Errc::unexpected, "cookies of no KEK");
  if (found->expires <= now) return fail(Errc::unexpected, "PUSH under a KEK past its lifetime");
  return static_cast<std::size_t>(found - sas_.begin());
}

Result<RekeySaTable::Authentic> RekeySaTable::authenticate(RekeySa& sa, const IsakmpHeader& header,
                                                           const Chain& chain, PushSender sender,
                                                           Instant now) const {
  auto frame = read_frame(chain);
  if (!frame) return tl::unexpected<Error>{frame.error()};
  // "The sequence number in the SEQ payload is validated to ensure that it is greater than the
  // previously received sequence number. The SIG payload is then validated."
  if (!sa.any_sequence && frame->sequence <= sa.kek.last_sequence)
    return fail(Errc::unexpected, "old sequence number of a PUSH", frame->sequence.value);
  const auto form = verify(
      sa, {header, frame->before_signature, frame->payload_octets, frame->signature}, sender, now);
  if (!form) return tl::unexpected<Error>{form.error()};
  return Authentic{static_cast<std::size_t>(&sa - sas_.data()), std::move(*frame), *form};
}

// verify: every member knows the KEK and can have us check signatures. The form that the key server
// signs by is checked as long as there is a budget, so that its rekeys get through; the others once
// in a while.
Result<SignedForm> RekeySaTable::verify(RekeySa& sa, const SignedOctets& octets, PushSender sender,
                                        Instant now) {
  const auto cost = check_cost(sa.signature_key);
  if (octets.signature.size() != sa.signature_key.signature_size())
    return fail(Errc::not_authentic, "signature of a PUSH");
  if (!sa.budget.take(sender, cost, now))
    return fail(Errc::unexpected, "more PUSH messages than signatures can be checked");
  const auto hash = signature_hash(sa.kek.policy);
  const std::array known{sa.signed_form};
  auto form = verify_push(sa.signature_key, hash, octets, known);
  if (form || now < sa.other_forms_from || !sa.budget.take(sender, 3 * cost, now)) return form;
  std::vector<HeaderVariant> others{header_variants.begin(), header_variants.end()};
  std::erase(others, sa.signed_form);
  form = verify_push(sa.signature_key, hash, octets, others);
  if (form)
    sa.signed_form = form->header;
  else
    sa.other_forms_from = now + other_forms_pause;
  return form;
}

Result<RekeySaTable::Plan> RekeySaTable::plan(const Authentic& push, Instant now) const {
  const RekeySa& under = sas_[push.position];
  auto contents = read_contents(push.frame, under.kek, config_.sat_rules);
  if (!contents) return tl::unexpected<Error>{contents.error()};
  Plan out{std::move(*contents), std::nullopt};
  if (!out.contents.policy || !out.contents.policy->kek) return out;

  // A key server may state a KEK again that we have. Its sequence numbers then go on, or all that
  // came under it could be replayed.
  Kek& kek = *out.contents.policy->kek;
  const auto held = std::find_if(sas_.begin(), sas_.end(), with_spi(kek.policy.spi));
  out.new_kek = held == sas_.end();
  if (!out.new_kek && !same_key(held->kek, kek))
    return fail(Errc::malformed, "KEK whose SPI is that of another KEK");
  if (!out.new_kek)
    kek.last_sequence = &*held == &under ? push.frame.sequence : held->kek.last_sequence;
  auto sa = make_rekey_sa(kek, now);
  if (!sa) return tl::unexpected<Error>{sa.error()};
  sa->confirmed = !out.new_kek && (held->confirmed || &*held == &under);
  const auto* const known = remembered(*sa);
  if (known != nullptr) sa->kek.last_sequence = std::max(sa->kek.last_sequence, known->last);
  sa->signed_form = under.signed_form;
  sa->any_sequence = out.new_kek ? known == nullptr : held->any_sequence && &*held != &under;
  out.kek = std::move(*sa);
  return out;
}

// commit cannot fail any more: all was judged before.
Rekey RekeySaTable::commit(const Authentic& push, Plan plan, Bytes digest) {
  RekeySa& under = sas_[push.position];
  const RekeySpi spi = under.kek.policy.spi;
  under.kek.last_sequence = push.frame.sequence;
  under.confirmed = true;
  under.any_sequence = false;
  if (plan.kek) ack_wanted_ = plan.kek->kek.policy.acknowledgement;

  Rekey out;
  out.under = spi;
  out.sent_to = under.kek.policy.destination.addresses.first;
  out.sequence = push.frame.sequence;
  out.form = push.form;
  out.deletes = std::move(plan.contents.deletes);
  out.policy = std::move(plan.contents.policy);
  out.replaces_list = plan.contents.replaces_list;
  out.new_kek = plan.new_kek;
  out.ignored_payloads = push.frame.ignored_payloads;
  acknowledge(under, out);
  last_ = Accepted{spi, out.sequence, std::move(digest), out.acknowledgement};

  // The first PUSH under a new KEK tells that the key server is done with those before it.
  remember_held();
  sas_.erase(sas_.begin(), sas_.begin() + static_cast<std::ptrdiff_t>(push.position));
  std::erase_if(sas_, [&](const RekeySa& sa) {
    const RekeySpi& named = sa.kek.policy.spi;
    return out.deletes.names_kek(named) && !(plan.kek && plan.kek->kek.policy.spi == named);
  });
  if (plan.kek) hold(std::move(*plan.kek), &spi);
  return out;
}

// RFC 8263 section 7.2: "A GM transmits an ACK only when the policy of the most recently received
// SA KEK includes a request by the GCKS for ACKs". Section 2.1: the base_key is that "used to
// decrypt the GROUPKEY-PUSH message", which need not be the same KEK.
void RekeySaTable::acknowledge(const RekeySa& under, Rekey& out) const {
  out.acknowledgement_type = ack_wanted_;
  // No registration gives us an LKH leaf. Section 4: "If a GM cannot respond with the requested
  // type of Acknowledgement, it continues with protocol exchange and participates in the group."
  if (!ack_wanted_ || uses_lkh(*ack_wanted_)) return;
  out.acknowledgement =
      encode_acknowledgement({*ack_wanted_, out.under, out.sequence, member_, under.kek.key.view()},
                             config_.ack_key_length);
}

bool RekeySaTable::repeats_last(const IsakmpMessage& message, const Bytes& digest) const {
  return last_ && last_->under == message.header.cookies && last_->digest == digest;
}

Result<PushOutcome> RekeySaTable::repeat() {
  // Copies cost their sender nothing: at some point we stop answering them.
  if (last_->repeats == max_acknowledgements)
    return fail(Errc::unexpected, "PUSH repeated too often", last_->sequence.value);
  last_->repeats += 1;
  return PushOutcome{
      RepeatedPush{last_->sequence, last_->installed ? last_->acknowledgement : std::nullopt}};
}

// hold puts a KEK into its old place, or behind all others. When there are too many, the oldest one
// goes that is not `keep`, the one which the key server is known to use.
void RekeySaTable::hold(RekeySa sa, const RekeySpi* keep) {
  const auto held = std::find_if(sas_.begin(), sas_.end(), with_spi(sa.kek.policy.spi));
  if (held != sas_.end()) {
    *held = std::move(sa);
    return;
  }
  if (sas_.size() == max_keks) {
    remember_held();
    const bool first_stays = keep != nullptr && sas_.front().kek.policy.spi == *keep;
    sas_.erase(sas_.begin() + (first_stays ? 1 : 0));
  }
  sas_.push_back(std::move(sa));
  taken_ += 1;
}

bool RekeySaTable::knows(const RekeySpi& spi) const noexcept {
  return (last_ && last_->under == spi) ||
         std::any_of(sas_.begin(), sas_.end(),
                     [&](const RekeySa& sa) { return sa.kek.policy.spi == spi; });
}

void RekeySaTable::installed() noexcept {
  if (last_) last_->installed = true;
}

void RekeySaTable::expire(Instant now) {
  std::erase_if(sas_, [now](const RekeySa& sa) { return sa.expires <= now; });
}

std::optional<Instant> RekeySaTable::ends() const {
  if (sas_.empty()) return std::nullopt;
  return sas_.back().expires;
}

std::vector<RekeySaStatus> RekeySaTable::status() const {
  const auto last_proven =
      std::find_if(sas_.rbegin(), sas_.rend(), [](const RekeySa& sa) { return sa.confirmed; });
  const auto current = sas_.rend() - last_proven;  // counted from 1; 0: none is confirmed
  std::vector<RekeySaStatus> out;
  for (const RekeySa& sa : sas_) {
    const auto place = static_cast<std::ptrdiff_t>(out.size()) + 1;
    const RekeyRole role = place < current    ? RekeyRole::previous
                           : place == current ? RekeyRole::current
                                              : RekeyRole::next;
    out.push_back({role, sa.kek.policy, sa.kek.last_sequence, sa.expires, sa.kek.signature_key,
                   sa.signature_key.signature_size()});
  }
  return out;
}

const KnownSequence* RekeySaTable::remembered(const RekeySa& sa) const {
  const auto wanted = known_sequence(sa);
  const auto found =
      std::find_if(remembered_.begin(), remembered_.end(), [&](const KnownSequence& known) {
        return known.spi == wanted.spi && known.key == wanted.key;
      });
  return found == remembered_.end() ? nullptr : &*found;
}

std::vector<KnownSequence> RekeySaTable::sequences(Instant now) const {
  RekeySaTable all;
  for (const RekeySa& sa : sas_)
    if (!sa.any_sequence) all.remember({known_sequence(sa)});
  all.remember(remembered_);
  std::erase_if(all.remembered_, [now](const KnownSequence& known) { return known.ends <= now; });
  return all.remembered_;
}

void RekeySaTable::remember(const std::vector<KnownSequence>& sequences) {
  for (const auto& one : sequences) {
    const auto known = std::find_if(remembered_.begin(), remembered_.end(), [&](const auto& k) {
      return k.spi == one.spi && k.key == one.key;
    });
    if (known == remembered_.end()) {
      remembered_.push_back(one);
      continue;
    }
    known->last = std::max(known->last, one.last);
    known->ends = std::max(known->ends, one.ends);
  }
  std::stable_sort(remembered_.begin(), remembered_.end(),
                   [](const auto& a, const auto& b) { return a.ends > b.ends; });
  if (remembered_.size() > max_remembered) remembered_.resize(max_remembered);
}

// remember_held is for KEKs that are about to go, before their lifetime is over.
void RekeySaTable::remember_held() {
  for (const RekeySa& sa : sas_)
    if (!sa.any_sequence) remember({known_sequence(sa)});
}

void RekeySaTable::clear() {
  remember_held();
  sas_.clear();
  ack_wanted_.reset();
  last_.reset();
}

}  // namespace gdoi
