// SPDX-License-Identifier: GPL-2.0-or-later
// The scripted key server under phase 1: PULL and informational messages.
#include "tests/support/ks/key_server_sa.h"

namespace ks {
KeyServer::Replies KeyServer::pull(Sa& sa, const Header& header, const Octets& datagram) {
  if (!sa.established) return {};
  if (header.id == 0) throw Bad{"message ID 0 in PULL"};
  auto [at, fresh] = sa.pulls.try_emplace(header.id);
  Pull& pull = at->second;
  if (!fresh && datagram == pull.request) {
    seen_.repeats += 1;
    return pull.reply.empty() ? Replies{} : Replies{pull.reply};
  }
  if (fresh) return pull_1(sa, pull, header, datagram);
  if (pull.answered) return {};
  return pull_3(sa, pull, header, datagram);
}

KeyServer::Replies KeyServer::pull_1(Sa& sa, Pull& pull, const Header& header,
                                     const Octets& datagram) {
  const Octets id_octets = be(header.id, 4);
  pull.iv = sa.exchange_iv(header.id);
  Octets plain;
  Payloads payloads;
  try {
    payloads = sa.open(header, pull.iv, plain);
    if (payloads.empty() || payloads.front().type != hash_payload) throw Bad{"no HASH(1)"};
    const Octets rest = last(plain, plain.size() - 4 - payloads.front().body.size());
    if (payloads.front().body != sa.prf(sa.skeyid_a, id_octets + rest)) throw Bad{"HASH(1)"};
  } catch (const Bad&) {
    sa.pulls.erase(header.id);
    throw;
  }
  allow(payloads, {hash_payload, nonce_payload, id_payload});
  pull.ni = only(payloads, nonce_payload, "Ni");
  if (pull.ni.size() < 20 || pull.ni.size() > 32) throw Bad{"length of Ni"};
  pull.iv = last(datagram, block(sa.suite.encryption));
  pull.request = datagram;

  pull.group = script_.group_now ? script_.group_now() : script_.group;
  const Group& group = pull.group;
  const Octets wanted = be(group.id_type, 1) + be(0, 1) + be(0, 2) + group.id;
  if (only(payloads, id_payload, "ID") != wanted) {
    if (script_.unknown_group_notify == 0) return {};
    pull.reply = informational_of(
        sa, {notify_payload, notification_body(script_.unknown_group_notify, sa.cookies(), {})});
    return {pull.reply};
  }
  if (auto other = diverted(Step::pull2, sa)) {
    if (!other->empty()) pull.reply = other->front();
    return *other;
  }
  pull.nr = random_octets(20);
  pull.reply =
      pull_reply(Step::pull2, sa, pull, {{nonce_payload, pull.nr}, {sa_payload, group_sa(group)}});
  return {pull.reply};
}

KeyServer::Replies KeyServer::pull_3(Sa& sa, Pull& pull, const Header& header,
                                     const Octets& datagram) {
  Octets plain;
  const Payloads payloads = sa.open(header, pull.iv, plain);
  allow(payloads, {hash_payload});
  const Octets expected = sa.prf(sa.skeyid_a, be(header.id, 4) + pull.ni + pull.nr);
  if (only(payloads, hash_payload, "HASH(3)") != expected) throw Bad{"HASH(3)"};
  pull.iv = last(datagram, block(sa.suite.encryption));
  pull.request = datagram;
  pull.answered = true;
  if (auto other = diverted(Step::pull4, sa)) {
    pull.reply = other->empty() ? Octets{} : other->front();
    return *other;
  }
  Payloads said;
  if (pull.group.sequence) said.push_back({seq_payload, be(*pull.group.sequence, 4)});
  said.push_back({kd_payload, key_download(pull.group)});
  pull.reply = pull_reply(Step::pull4, sa, pull, std::move(said));
  return {pull.reply};
}

Octets KeyServer::pull_reply(Step step, Sa& sa, Pull& pull, Payloads payloads) {
  const auto id = std::find_if(sa.pulls.begin(), sa.pulls.end(), [&](const auto& entry) {
                    return &entry.second == &pull;
                  })->first;
  if (script_.edit) script_.edit(step, payloads);
  for (const auto& payload : payloads)
    if (step == Step::pull2 && payload.type == nonce_payload) pull.nr = payload.body;
  const Octets known = step == Step::pull2 ? pull.ni : pull.ni + pull.nr;
  Octets proof = sa.prf(sa.skeyid_a, be(id, 4) + known + chain(payloads));
  if (script_.edit_hash) script_.edit_hash(step, proof);
  payloads.insert(payloads.begin(), {hash_payload, proof});
  return finished(step, sa.seal(groupkey_pull, id, payloads, pull.iv));
}

Octets KeyServer::informational_of(const Sa& sa, const Payload& payload) const {
  const std::uint32_t id = ++next_id_;
  Octets iv = sa.exchange_iv(id);
  const Octets proof = sa.prf(sa.skeyid_a, be(id, 4) + chain({payload}));
  return sa.seal(informational_exchange, id, {{hash_payload, proof}, payload}, iv);
}

void KeyServer::informational(Sa& sa, const Header& header, const Octets& datagram) {
  (void)datagram;
  if (!sa.established || header.id == 0) throw Bad{"informational message"};
  Octets plain;
  const Payloads payloads = sa.open(header, sa.exchange_iv(header.id), plain);
  allow(payloads, {hash_payload, notify_payload, delete_payload});
  const Octets rest = last(plain, plain.size() - 4 - payloads.front().body.size());
  if (only(payloads, hash_payload, "HASH") != sa.prf(sa.skeyid_a, be(header.id, 4) + rest))
    throw Bad{"HASH of an informational message"};

  for (const auto& payload : payloads) {
    Cut in{payload.body};
    if (payload.type == delete_payload) {
      if (in.number(4) > 2 || in.number(1) != 1 || in.number(1) != 16 || in.number(2) != 1 ||
          in.rest() != sa.cookies())
        throw Bad{"Delete of something else than phase 1"};
      seen_.deletes += 1;
    }
    if (payload.type == notify_payload) {
      (void)in.number(4);
      if (in.number(1) != 1) throw Bad{"protocol of a notification"};
      const unsigned spi_size = in.number(1), type = in.number(2);
      if (in.take(spi_size) != sa.cookies()) throw Bad{"SPI of a notification"};
      if (type == r_u_there_ack)
        seen_.alive_answers.push_back(in.number(4));
      else
        seen_.notifications.push_back(type);
    }
  }
}

Octets KeyServer::are_you_there(std::uint32_t sequence) const {
  return informational_of(
      *latest_,
      {notify_payload, notification_body(r_u_there, latest_->cookies(), be(sequence, 4))});
}

Octets KeyServer::notification(unsigned type) const {
  return informational_of(*latest_,
                          {notify_payload, notification_body(type, latest_->cookies(), {})});
}

Octets KeyServer::phase1_delete() const {
  return informational_of(
      *latest_, {delete_payload, be(2, 4) + be(1, 1) + be(16, 1) + be(1, 2) + latest_->cookies()});
}

}  // namespace ks
