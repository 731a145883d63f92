// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/main_mode.h"

namespace gdoi {
namespace {

// Two forgeries beside the honest answer are a lot already: whoever sees our cookie sits on the
// path and can do worse.
constexpr std::size_t max_answers = 4, max_proofs = 8;
constexpr unsigned max_branch_repeats = 20;
constexpr std::size_t max_failed_proofs = 8;  // of one branch

}  // namespace

Result<std::unique_ptr<MainMode>> MainMode::start(ExchangeConfig config,
                                                  const Authenticator& authenticator,
                                                  Random& random) {
  auto first = main_mode::propose(config, phase1::new_cookie(random));
  if (!first) return tl::unexpected<Error>{first.error()};
  return std::unique_ptr<MainMode>{
      new MainMode{std::move(config), authenticator, random, std::move(*first)}};
}

Result<MainMode::Step> MainMode::receive(const IsakmpMessage& message) {
  if (message.header.cookies.initiator != first_.cookie)
    return fail(Errc::unexpected, "initiator cookie");
  if (message.header.message_id != MessageId{})
    return fail(Errc::unexpected, "message ID in phase 1");
  const Bytes digest = digest_of(message);
  if (auto step = on_copy(digest)) return std::move(*step);

  if (message.header.is_encrypted()) return on_message_6(message, digest);
  // Only the payloads tell message 2 from message 4.
  return message.header.next == PayloadType::sa ? on_message_2(message) : on_message_4(message);
}

// on_copy answers a message we had before from store; nullopt: it is new.
std::optional<Result<MainMode::Step>> MainMode::on_copy(const Bytes& cause) {
  Step out;
  out.duplicate = true;
  bool known = false;
  const auto look_in = [&](auto& branches) {
    for (auto& branch : branches) {
      if (branch.cause != cause) continue;
      known = true;
      if (branch.repeats >= max_branch_repeats) continue;
      branch.repeats += 1;
      out.send.push_back(branch.state.sent);
    }
  };
  look_in(keys_);
  look_in(proofs_);
  if (!known) return std::nullopt;
  if (out.send.empty()) return fail(Errc::unexpected, "copy of a phase 1 message, once too often");
  return out;
}

Result<MainMode::Step> MainMode::on_message_2(const IsakmpMessage& message) {
  const auto suite = main_mode::answer_in(first_, message);
  if (!suite) return tl::unexpected<Error>{suite.error()};
  const CookiePair& cookies = message.header.cookies;
  const auto abilities = phase1::abilities_in(message, config_);

  // An answer may differ from an earlier one in what does not matter to us: then it is the same.
  for (auto& branch : keys_)
    if (branch.state.cookies == cookies && branch.state.suite == *suite &&
        branch.state.abilities == abilities) {
      if (branch.repeats >= max_branch_repeats)
        return fail(Errc::unexpected, "copy of a phase 1 message, once too often");
      branch.repeats += 1;
      return Step{{branch.state.sent}, true, std::nullopt};
    }
  if (keys_.size() >= max_answers)
    return fail(Errc::unexpected, "too many different answers in phase 1");

  auto share = share_for(suite->group);
  if (!share) return tl::unexpected<Error>{share.error()};
  auto next = main_mode::on(first_, cookies, *suite, std::move(*share), abilities, config_,
                            *authenticator_);
  if (!next) return tl::unexpected<Error>{next.error()};
  Step out{{next->sent}, false, std::nullopt};
  keys_.push_back({std::move(*next), digest_of(message)});
  return out;
}

Result<std::shared_ptr<const main_mode::OurShare>> MainMode::share_for(DhGroup group) {
  for (const auto& share : shares_)
    if (share->group == group) return share;
  auto made = phase1::make_share(group, *random_);
  if (!made) return tl::unexpected<Error>{made.error()};
  shares_.push_back(std::make_shared<const main_mode::OurShare>(std::move(*made)));
  return shares_.back();
}

// on_message_4 lets each branch that could have caused the message go on: the ones that are wrong
// end there.
Result<MainMode::Step> MainMode::on_message_4(const IsakmpMessage& message) {
  Step out;
  Error why{Errc::unexpected, "phase 1 message that no answer of ours awaits"};
  for (auto& branch : keys_) {
    // Asked before the work: a Diffie-Hellman computation for each forgery would be a gift.
    if (proofs_.size() >= max_proofs) {
      why = {Errc::unexpected, "too many different key exchanges in phase 1"};
      break;
    }
    auto next = main_mode::on(branch.state, message, config_, *authenticator_);
    if (!next) {
      why = next.error();
      continue;
    }
    branch.continued = true;
    out.send.push_back(next->sent);
    proofs_.push_back({{std::move(*next), digest_of(message)}, {}});
  }
  if (out.send.empty()) return tl::unexpected<Error>{why};
  return out;
}

Result<MainMode::Step> MainMode::on_message_6(const IsakmpMessage& message, const Bytes& digest) {
  Error why{Errc::unexpected, "encrypted message before the keys"};
  bool found = false;
  for (auto& branch : proofs_) {
    auto session = judge(branch, message, digest);
    if (session) return Step{{}, false, std::move(*session)};
    // What the branch says that the message is for counts before what others say.
    const bool its_own = branch.state.exchange.cookies == message.header.cookies;
    if (its_own || !found) why = session.error();
    found = found || its_own;
  }
  return tl::unexpected<Error>{why};
}

Result<Session> MainMode::judge(ProofBranch& branch, const IsakmpMessage& message,
                                const Bytes& digest) const {
  for (const auto& failed : branch.failed)
    if (failed.digest == digest) return tl::unexpected<Error>{failed.why};
  auto proof = main_mode::proof_in(branch.state, message, *authenticator_);
  if (!proof) return tl::unexpected<Error>{proof.error()};
  if (authenticator_->checks_signatures() && branch.failed.size() >= max_failed_proofs)
    return fail(Errc::unexpected, "too many proofs in phase 1 that prove nothing");
  auto session = main_mode::on(branch.state, std::move(*proof), *authenticator_);
  if (!session && branch.failed.size() < max_failed_proofs)
    branch.failed.push_back({digest, session.error()});
  return session;
}

std::vector<Outgoing> MainMode::outstanding() const {
  std::vector<Outgoing> out;
  if (keys_.empty()) out.push_back({first_.sent, {}});
  for (const auto& branch : keys_)
    if (!branch.continued) out.push_back(branch.state.sent);
  for (const auto& branch : proofs_) out.push_back(branch.state.sent);
  return out;
}

bool MainMode::fragments() const noexcept {
  return std::any_of(keys_.begin(), keys_.end(),
                     [](const auto& branch) { return branch.state.abilities.fragments; });
}

MainMode::Stage MainMode::stage() const noexcept {
  if (!proofs_.empty()) return Stage::proof;
  return keys_.empty() ? Stage::proposal : Stage::keys;
}

}  // namespace gdoi
