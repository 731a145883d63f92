// SPDX-License-Identifier: GPL-2.0-or-later
// The scripted key server in phase 1.
#include "tests/support/ks/key_server_sa.h"

namespace ks {

const char* name_of(Step step) {
  switch (step) {
    case Step::mm2:
      return "phase 1 message 2";
    case Step::mm4:
      return "phase 1 message 4";
    case Step::mm6:
      return "phase 1 message 6";
    case Step::am2:
      return "aggressive mode message 2";
    case Step::pull2:
      return "PULL message 2";
    case Step::pull4:
      return "PULL message 4";
  }
  return "";
}

KeyServer::KeyServer(Script script) : script_{std::move(script)} {}
KeyServer::~KeyServer() = default;

void KeyServer::forget() {
  sas_.clear();
  latest_ = nullptr;
}

std::vector<Octets> KeyServer::receive(const Octets& datagram) {
  try {
    return dispatch(datagram);
  } catch (const Bad& bad) {
    seen_.complaints.push_back(bad.what());
    return {};
  }
}

KeyServer::Replies KeyServer::dispatch(const Octets& datagram) {
  const Header header{datagram};
  if (header.exchange == groupkey_push_ack && script_.rekeyer) {
    seen_.acknowledgements.push_back(script_.rekeyer->check(datagram));
    return {};
  }
  const auto found = sas_.find(header.cookie_i);
  const bool aggressive = header.exchange == aggressive_mode;
  if ((aggressive || header.exchange == main_mode) && header.cookie_r == Octets(8)) {
    if (found == sas_.end())
      return aggressive ? aggressive_1(header, datagram) : message_1(header, datagram);
    if (found->second->request == datagram) {
      seen_.repeats += 1;
      return {found->second->reply};
    }
    return {};
  }
  if (found == sas_.end() || found->second->cookie_r != header.cookie_r) return {};
  Sa& sa = *found->second;
  if (header.exchange == groupkey_pull) return pull(sa, header, datagram);
  if (header.exchange == informational_exchange) {
    informational(sa, header, datagram);
    return {};
  }
  if (aggressive && !sa.id_i.empty()) return aggressive_3(sa, header, datagram);
  if (header.exchange != main_mode) throw Bad{"exchange type"};
  if (datagram == sa.request) {
    seen_.repeats += 1;
    return {sa.reply};
  }
  if (header.id != 0) throw Bad{"message ID in phase 1"};
  if (sa.established) return {};
  return header.encrypted() ? message_5(sa, header, datagram) : message_3(sa, header, datagram);
}

std::optional<Suite> KeyServer::choose(const Payloads& transforms, Octets& chosen) {
  for (const auto& transform : transforms) {
    Suite suite;
    Cut in{transform.body};
    const Octets head = in.take(4);
    if (head[1] != std::byte{1}) throw Bad{"transform ID is not KEY_IKE"};
    unsigned method = 0, life_type = 0;
    while (in.left() > 0) {
      const unsigned type = in.number(2);
      if ((type & 0x8000) == 0) {
        (void)in.take(in.number(2));
        continue;
      }
      const unsigned value = in.number(2);
      if (type == 0x8001) suite.encryption = value;
      if (type == 0x8002) suite.hash = value;
      if (type == 0x8003) method = value;
      if (type == 0x8004) suite.group = value;
      if (type == 0x800b) life_type = value;
      if (type == 0x800e) suite.key_bits = value;
    }
    if (method != (script_.certificates ? script_.certificates->method : 1))
      throw Bad{"authentication method is not ours"};
    if (life_type != 1) throw Bad{"no lifetime in seconds"};
    const bool wanted =
        script_.accepts.empty() ||
        std::any_of(script_.accepts.begin(), script_.accepts.end(), [&](const Suite& ours) {
          return ours.encryption == suite.encryption && ours.hash == suite.hash &&
                 ours.group == suite.group && ours.key_bits == suite.key_bits;
        });
    if (!wanted) continue;
    chosen = transform.body;
    return suite;
  }
  return std::nullopt;
}

KeyServer::Replies KeyServer::message_1(const Header& header, const Octets& datagram) {
  Octets padding;
  const Payloads payloads = unchain(header.next, header.body, padding);
  allow(payloads, {sa_payload, vid_payload});
  if (!padding.empty()) throw Bad{"octets after the last payload"};
  auto sa = std::make_unique<Sa>();
  Octets answer;
  if (auto refused = answer_offer(header, payloads, *sa, answer)) return *refused;
  sa->request = datagram;
  sa->reply = clear(Step::mm2, sa->cookies(), {{sa_payload, answer}}, main_mode);
  const Octets reply = sa->reply;
  sas_[header.cookie_i] = std::move(sa);
  return {reply};
}

// answer_offer takes the SA payload of message 1; what it returns is a refusal.
std::optional<KeyServer::Replies> KeyServer::answer_offer(const Header& header,
                                                          const Payloads& payloads, Sa& sa,
                                                          Octets& answer) {
  Octets padding;
  const Octets& sa_b = only(payloads, sa_payload, "SA");

  Cut in{sa_b};
  const std::uint32_t doi = in.number(4), situation = in.number(4);
  seen_.dois.push_back(doi);
  if (situation != (doi == 1 ? 1u : 0u)) throw Bad{"situation"};
  const Payloads proposals = unchain(2, in.rest(), padding);
  if (proposals.size() != 1) throw Bad{"not exactly one proposal"};
  Cut proposal{proposals.front().body};
  const Octets head = proposal.take(4);
  if (head[1] != std::byte{1} || head[2] != std::byte{0}) throw Bad{"proposal is not for ISAKMP"};
  const Payloads transforms = unchain(3, proposal.rest(), padding);
  if (transforms.size() != std::to_integer<std::size_t>(head[3])) throw Bad{"number of transforms"};

  const auto refuse = [&](unsigned type) -> Replies {
    if (type == 0) return {};
    const Payload say{notify_payload, notification_body(type, {}, {})};
    return {clear_notification(header.cookie_i + random_octets(8), say)};
  };
  if (script_.dois.count(doi) == 0) return refuse(script_.refused_doi_notify);
  Octets chosen;
  const auto suite = choose(transforms, chosen);
  if (!suite) return refuse(script_.refused_suite_notify);
  seen_.chosen.push_back(*suite);
  sa.suite = *suite;
  sa.cookie_i = header.cookie_i;
  sa.cookie_r = random_octets(8);
  sa.sa_b = sa_b;
  if (auto other = diverted(Step::mm2, sa)) return *other;

  answer = be(doi, 4) + be(situation, 4) +
           chain({{2, be(1, 1) + be(1, 1) + be(0, 1) + be(1, 1) + chain({{3, chosen}})}});
  return std::nullopt;
}

KeyServer::Replies KeyServer::message_3(Sa& sa, const Header& header, const Octets& datagram) {
  Octets padding;
  const Payloads payloads = unchain(header.next, header.body, padding);
  allow(payloads, {ke_payload, nonce_payload, cr_payload, nat_d_payload, nat_d_draft_payload});
  for (const auto& payload : payloads)
    if (payload.type == nat_d_payload || payload.type == nat_d_draft_payload)
      seen_.nat_ds.push_back(payload);
  if (sa.dh) return {};  // one is enough; another one is somebody else's
  agree(sa, payloads);
  if (auto other = diverted(Step::mm4, sa)) return *other;
  Payloads said{{ke_payload, sa.dh->open()}, {nonce_payload, sa.nr}};
  add_requests(said);
  sa.request = datagram;
  sa.reply = clear(Step::mm4, sa.cookies(), std::move(said), main_mode);
  return {sa.reply};
}

void KeyServer::agree(Sa& sa, const Payloads& payloads) {
  sa.g_xi = only(payloads, ke_payload, "KE");
  sa.ni = only(payloads, nonce_payload, "Ni");
  if (sa.ni.size() < 8 || sa.ni.size() > 256) throw Bad{"length of Ni"};
  for (const auto& payload : payloads)
    if (payload.type == cr_payload) seen_.requests.push_back(payload.body);
  sa.nr = random_octets(20);
  auto dh = std::make_unique<Dh>(sa.suite.group);
  sa.g_xy = dh->shared(sa.g_xi);
  sa.dh = std::move(dh);
  sa.derive(script_.certificates ? nullptr : &script_.psk);
}

void KeyServer::add_requests(Payloads& said) const {
  if (script_.certificates)
    for (const auto& request : script_.certificates->requests)
      said.push_back({cr_payload, request});
}

KeyServer::Replies KeyServer::message_5(Sa& sa, const Header& header, const Octets& datagram) {
  Octets plain;
  Payloads payloads;
  try {
    payloads = sa.open(header, sa.iv, plain);
    check_proof(sa, payloads, only(payloads, id_payload, "IDii"));
  } catch (const Bad&) {  // another pre-shared key, most likely
    if (script_.bad_proof_notify == 0) return {};
    const Payload say{notify_payload, notification_body(script_.bad_proof_notify, {}, {})};
    return {clear_notification(sa.cookies(), say)};
  }
  if (auto other = diverted(Step::mm6, sa)) return *other;
  const Payloads said = proof(sa, Step::mm6);
  Octets iv = last(datagram, block(sa.suite.encryption));
  sa.request = datagram;
  sa.reply = sa.seal(main_mode, 0, said, iv);
  sa.last_block = iv;
  sa.reply = finished(Step::mm6, sa.reply);
  sa.established = true;
  latest_ = &sa;
  return {sa.reply};
}

// proof_hash is the hash of HASH_I and HASH_R: RFC 4754 section 4 has one for each curve.
unsigned KeyServer::proof_hash(const Sa& sa) const {
  switch (script_.certificates ? script_.certificates->method : 1) {
    case 9:
      return 4;
    case 10:
      return 5;
    case 11:
      return 6;
    default:
      return sa.suite.hash;
  }
}

// check_proof judges what goes with IDii.
void KeyServer::check_proof(Sa& sa, const Payloads& payloads, const Octets& id) {
  const Octets expected =
      hmac(proof_hash(sa), sa.skeyid, sa.g_xi + sa.dh->open() + sa.cookies() + sa.sa_b + id);
  if (script_.certificates) {
    allow(payloads, {id_payload, cert_payload, sig_payload, notify_payload});
    std::vector<Octets> certificates;
    for (const auto& payload : payloads)
      if (payload.type == cert_payload) certificates.push_back(payload.body);
    seen_.certificates = certificates;
    const Octets mine = certificates.empty() ? Octets{} : certificates.front();
    const Octets& signature = only(payloads, sig_payload, "SIG_I");
    if (!script_.certificates->verify(mine, expected, signature)) throw Bad{"SIG_I"};
  } else {
    if (only(payloads, hash_payload, "HASH_I") != expected) throw Bad{"HASH_I"};
    allow(payloads, {id_payload, hash_payload, notify_payload});
  }
  for (const auto& payload : payloads)
    if (payload.type == notify_payload) {
      if (payload.body != notification_body(initial_contact, sa.cookies(), {}))
        throw Bad{"notification beside the proof"};
      seen_.initial_contacts += 1;
    }
  seen_.identities.push_back(id);
}

// proof is IDir and what goes with it.
Payloads KeyServer::proof(Sa& sa, Step step) {
  const auto& certificates = script_.certificates;
  Payloads said{{id_payload, certificates ? certificates->identity
                                          : be(1, 1) + be(17, 1) + be(848, 2) + be(0x0a000005, 4)}};
  if (script_.edit && step == Step::mm6) script_.edit(step, said);
  Octets value =
      hmac(proof_hash(sa), sa.skeyid,
           sa.dh->open() + sa.g_xi + sa.cookie_r + sa.cookie_i + sa.sa_b + said.front().body);
  if (script_.edit_hash) script_.edit_hash(step, value);
  if (!certificates) {
    said.insert(said.begin() + 1, {hash_payload, value});
    return said;
  }
  for (const auto& one : certificates->chain) said.push_back({cert_payload, be(4, 1) + one});
  said.push_back({sig_payload, certificates->sign(value)});
  return said;
}

KeyServer::Replies KeyServer::aggressive_1(const Header& header, const Octets& datagram) {
  Octets padding;
  const Payloads payloads = unchain(header.next, header.body, padding);
  allow(payloads, {sa_payload, ke_payload, nonce_payload, id_payload, cr_payload, vid_payload});
  if (!padding.empty()) throw Bad{"octets after the last payload"};
  auto sa = std::make_unique<Sa>();
  Octets answer;
  if (auto refused = answer_offer(header, payloads, *sa, answer)) return *refused;
  sa->id_i = only(payloads, id_payload, "IDii");
  agree(*sa, payloads);
  if (auto other = diverted(Step::am2, *sa)) return *other;
  Payloads said{{sa_payload, answer}, {ke_payload, sa->dh->open()}, {nonce_payload, sa->nr}};
  add_requests(said);
  for (auto& payload : proof(*sa, Step::am2)) said.push_back(std::move(payload));
  sa->request = datagram;
  sa->reply = clear(Step::am2, sa->cookies(), std::move(said), aggressive_mode);
  const Octets reply = sa->reply;
  sas_[header.cookie_i] = std::move(sa);
  return {reply};
}

KeyServer::Replies KeyServer::aggressive_3(Sa& sa, const Header& header, const Octets& datagram) {
  if (sa.established) return {};
  Octets plain;
  check_proof(sa, sa.open(header, sa.iv, plain), sa.id_i);
  sa.last_block = last(datagram, block(sa.suite.encryption));
  sa.established = true;
  latest_ = &sa;
  return {};
}

Octets KeyServer::clear(Step step, const Octets& cookies, Payloads payloads, unsigned exchange) {
  if (script_.edit) script_.edit(step, payloads);
  const Octets body = chain(payloads);
  return finished(
      step, isakmp_header(cookies, {payloads.front().type, exchange}, 28 + body.size()) + body);
}

Octets KeyServer::finished(Step step, Octets wire) {
  seen_.answered[step] += 1;
  if (script_.edit_wire) script_.edit_wire(step, wire);
  return wire;
}

std::optional<KeyServer::Replies> KeyServer::diverted(Step step, const Sa& sa) {
  const auto found = script_.instead.find(step);
  if (found == script_.instead.end()) return std::nullopt;
  const Instead& instead = found->second;
  if (instead.delete_phase1)
    return Replies{informational_of(
        sa, {delete_payload, be(1, 4) + be(1, 1) + be(16, 1) + be(1, 2) + sa.cookies()})};
  if (instead.notify == 0) return Replies{};
  const Payload say{notify_payload, notification_body(instead.notify, sa.cookies(), {})};
  if (instead.protect) return Replies{informational_of(sa, say)};
  return Replies{clear_notification(sa.cookies(), say)};
}

Octets KeyServer::clear_notification(const Octets& cookies, const Payload& say) {
  const Octets body = chain({say});
  return isakmp_header(cookies, {notify_payload, informational_exchange, 0, ++next_id_},
                       28 + body.size()) +
         body;
}

}  // namespace ks
