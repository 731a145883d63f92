// SPDX-License-Identifier: GPL-2.0-or-later
// GROUPKEY-PUSH behind signature and encryption: the input steers a key server whose keys we have.
// Each step of it is three octets, what to send, which octet of a payload to change, and to what:
// the change is made before the message is signed and encrypted, or after. Whatever comes,
//
//   - what was changed after it was signed is never accepted, nor leaves a trace,
//   - sequence numbers only grow, and KEKs stay few,
//   - a rekey that is accepted has a complete policy, and is known again as a copy.
#include <set>

#include "gdoi/push/rekey_sa_table.h"
#include "tests/fuzz/target.h"
#include "tests/support/ks/push.h"

using namespace gdoi;

namespace {

constexpr std::size_t most_steps = 16;

// Steps hands out the input octet by octet; zeros behind its end.
class Steps {
 public:
  explicit Steps(View input) : rest_{input} {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  unsigned next() {
    if (rest_.empty()) return 0;
    const auto out = std::to_integer<unsigned>(rest_.front());
    rest_ = rest_.subspan(1);
    return out;
  }

 private:
  View rest_;
};

const ks::Kek& kek() {
  static const ks::Kek out = [] {
    auto made = ks::lab_kek();
    made.signer = &ks::Signer::rsa(1024);
    made.acknowledgement = 1;
    return made;
  }();
  return out;
}

Kek downloaded() {
  const auto& from = kek();
  Kek out;
  std::copy_n(from.spi.begin(), 8, out.policy.spi.initiator.bytes.begin());
  std::copy_n(from.spi.begin() + 8, 8, out.policy.spi.responder.bytes.begin());
  out.policy.cipher = CipherAlgorithm::aes_cbc;
  out.policy.key_bits = static_cast<std::uint16_t>(from.key.size() * 8);
  out.policy.lifetime = seconds{86400};
  out.policy.signature = SignatureAlgorithm::rsa;
  out.policy.signature_hash = HashAlgorithm::sha256;
  out.policy.signature_key_bits = 1024;
  out.policy.acknowledgement = AckType::kek_sha256;
  out.key = KeyMaterial::copy_of(from.key);
  out.iv = KeyMaterial::copy_of(from.iv);
  out.signature_key = from.signer->public_key();
  return out;
}

// state is all that a table shows.
struct State {
  std::vector<std::pair<RekeySpi, SequenceNumber>> keks;
  bool operator==(const State&) const = default;
};
State state_of(const RekeySaTable& sas) {
  State out;
  for (const auto& sa : sas.status()) out.keks.emplace_back(sa.policy.spi, sa.last_sequence);
  return out;
}

// message makes one push by the next octets of the input.
struct Made {
  Bytes datagram;
  bool bent_after = false;
};
Made message(Steps& steps, std::uint32_t sequence) {
  const unsigned kind = steps.next(), at = steps.next(), to = steps.next();
  ks::Group group = ks::tek_group(0x1000 + (kind >> 4));
  const bool renews = (kind & 3) == 1;
  if (renews) ks::add_kek(group, ks::another_kek(kind >> 4, kek()));
  ks::Push push;
  if ((kind & 3) == 2)
    push.deletes = {kind & 16 ? ks::delete_keks() : ks::delete_teks({0x1000 + (kind >> 5)})};
  else
    push.group = std::move(group);
  const bool after = (kind & 8) != 0;
  if (!after && to != 0)
    push.edit = [&](ks::Payloads& payloads) {
      auto& body = payloads[(kind >> 2) % payloads.size()].body;
      if (!body.empty()) body[at % body.size()] ^= static_cast<std::byte>(to);
    };
  Made out;
  out.datagram = ks::encode_push(kek(), (kind & 4) != 0 ? at : sequence, push);
  if (after && to != 0) {
    out.datagram[(at * 7) % out.datagram.size()] ^= static_cast<std::byte>(to);
    out.bent_after = true;
  }
  return out;
}

void check_complete(const Rekey& rekey) {
  if (!rekey.policy) return;
  std::set<Spi> spis;
  for (const auto& tek : rekey.policy->teks) {
    assert(tek.spi != Spi{} && spis.insert(tek.spi).second);
    assert(tek.policy.lifetime.count() > 0);
    assert(!tek.cipher_key.view().empty());
  }
  for (const auto& entry : rekey.policy->entries)
    assert(entry.action != AccessEntry::Action::permit || spis.count(entry.spi) > 0);
}

}  // namespace

bool fuzz(View input) {
  RekeySaTable sas;
  Instant now{std::chrono::hours{1}};
  const auto adopted = sas.adopt(downloaded(), Address{}, now);
  assert(adopted);
  Steps steps{input};
  bool any = false;
  for (std::uint32_t step = 1; step <= most_steps && !steps.empty(); ++step) {
    now += seconds{1};
    const auto made = message(steps, step);
    const auto before = state_of(sas);
    const auto parsed = parse_message(made.datagram);
    if (!parsed) continue;
    const auto outcome = sas.receive(*parsed, PushSender::key_server, now);
    const auto after = state_of(sas);
    assert(after.keks.size() <= RekeySaTable::max_keks);
    if (!outcome) assert(after == before);
    for (const auto& [spi, sequence] : before.keks)
      for (const auto& [spi_now, sequence_now] : after.keks)
        assert(spi != spi_now || sequence <= sequence_now);
    const auto* const rekey = outcome ? std::get_if<Rekey>(&*outcome) : nullptr;
    if (rekey == nullptr) continue;
    any = true;
    check_complete(*rekey);
    // Padding is not signed, nor are some bits of the header; all else is.
    if (made.bent_after) assert(parsed->header.cookies == rekey->under);
    sas.installed();
    const auto again = sas.receive(*parsed, PushSender::key_server, now);
    assert(again && std::holds_alternative<RepeatedPush>(*again));
    assert(state_of(sas) == after);
  }
  return any;
}
