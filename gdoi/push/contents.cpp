// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/contents.h"

#include <algorithm>

#include "gdoi/push/lkh.h"
#include "gdoi/wire/attributes.h"
#include "gdoi/wire/dissect.h"

namespace gdoi {
namespace {

// refuse_lkh says as precisely as can be why a rekey through the key tree is refused.
Error refuse_lkh(View key_download, std::uint16_t key_bits) {
  const auto packet = find_lkh(key_download, key_bits);
  if (!packet) return packet.error();
  assert(*packet);  // the caller saw it
  if ((*packet)->updates.empty())
    return Error{Errc::unsupported, "PUSH that downloads an LKH key tree"};
  return Error{Errc::unsupported, "PUSH that updates an LKH key tree", (*packet)->updates[0].id};
}

KeyMaterial iv_and_key_of(const Kek& kek) {
  const View iv = kek.iv.view(), key = kek.key.view();
  KeyMaterial out{iv.size() + key.size()};
  const auto rest = std::copy(iv.begin(), iv.end(), out.writable().begin());
  std::copy(key.begin(), key.end(), rest);
  return out;
}

// settle_kek makes the KEK packet of a KD say what it means beside a SAK. A SAK that states the KEK
// in use once more needs no packet. Cisco's reference implementation hands out the key of a new KEK
// under the SPI of the old one.
void settle_kek(const KekPolicy& sak, const Kek& under, KeyDownload& keys) {
  const bool again = sak.spi == under.policy.spi;
  if (again && !keys.kek && !keys.lkh)
    keys.kek = KekKeys{under.policy.spi, iv_and_key_of(under), {}};
  if (!again && keys.kek && keys.kek->spi == under.policy.spi &&
      !keys.kek->iv_and_key.equals(iv_and_key_of(under).view()))
    keys.kek->spi = sak.spi;
  // RFC 6407 section 5.6.2.2: SIG_ALGORITHM_KEY "may be useful when no public key infrastructure is
  // available". Without it nothing says that the key server's key has changed.
  if (keys.kek && keys.kek->signature_key.empty()) keys.kek->signature_key = under.signature_key;
}

Result<GroupPolicy> read_policy(const GroupSa& sa, View key_download, const Kek& under,
                                const SatRules& rules) {
  auto keys = parse_key_download(key_download);
  if (!keys) {
    keys.error().about = fault_in(PayloadType::key_download, key_download);
    return tl::unexpected<Error>{keys.error()};
  }
  if (keys->lkh)
    return tl::unexpected<Error>{
        refuse_lkh(key_download, sa.kek ? sa.kek->key_bits : under.policy.key_bits)};
  if (sa.kek) settle_kek(*sa.kek, under, *keys);
  // A registration could do without it; here the KEK that is in use would be the last one.
  if (sa.kek && !keys->kek)
    return fail(Errc::malformed, "SAK in the SA without a KEK key packet in the KD");
  // RFC 6407 section 5.6.4: "the SID Download type MUST NOT be distributed in a GROUPKEY-PUSH
  // message distributed to multiple group members."
  if (keys->sender_ids) count_up(keys->ignored);
  keys->sender_ids.reset();

  // RFC 6407 section 4: "the first packet for the given Rekey SA encrypted with the new KEK
  // attribute will have a Sequence number of 1."
  const auto sequence = sa.kek ? std::optional{SequenceNumber{0}} : std::nullopt;
  return assemble(sa, std::move(*keys), sequence, rules);
}

}  // namespace

Result<PushContents> read_contents(const PushFrame& frame, const Kek& under,
                                   const SatRules& rules) {
  PushContents out;
  auto deletes = read_deletes(frame.deletes);
  if (!deletes) return tl::unexpected<Error>{deletes.error()};
  out.deletes = std::move(*deletes);
  if (!frame.sa) return out;

  auto sa = parse_group_sa(*frame.sa);
  if (!sa) {
    if (sa.error().about.empty()) sa.error().about = fault_in(PayloadType::sa, *frame.sa);
    return tl::unexpected<Error>{sa.error()};
  }
  auto policy = read_policy(*sa, *frame.key_download, under, rules);
  if (!policy) return tl::unexpected<Error>{policy.error()};
  out.policy = std::move(*policy);
  out.replaces_list = !sa->teks.empty();
  return out;
}

}  // namespace gdoi
