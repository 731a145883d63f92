// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/contents.h"

#include "gdoi/push/lkh.h"
#include "gdoi/wire/attributes.h"

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

Result<GroupPolicy> read_policy(const GroupSa& sa, View key_download, const Kek& under,
                                KeylessSat keyless) {
  auto keys = parse_key_download(key_download);
  if (!keys) return tl::unexpected<Error>{keys.error()};
  if (keys->lkh)
    return tl::unexpected<Error>{
        refuse_lkh(key_download, sa.kek ? sa.kek->key_bits : under.policy.key_bits)};
  // RFC 6407 section 5.6.2.2: SIG_ALGORITHM_KEY "may be useful when no public key infrastructure is
  // available". Without it nothing says that the key server's key has changed.
  if (keys->kek && keys->kek->signature_key.empty()) keys->kek->signature_key = under.signature_key;
  // RFC 6407 section 5.6.4: "the SID Download type MUST NOT be distributed in a GROUPKEY-PUSH
  // message distributed to multiple group members."
  if (keys->sender_ids) count_up(keys->ignored);
  keys->sender_ids.reset();

  // RFC 6407 section 4: "the first packet for the given Rekey SA encrypted with the new KEK
  // attribute will have a Sequence number of 1."
  const auto sequence = sa.kek ? std::optional{SequenceNumber{0}} : std::nullopt;
  return assemble(sa, std::move(*keys), sequence, keyless);
}

}  // namespace

Result<PushContents> read_contents(const PushFrame& frame, const Kek& under, KeylessSat keyless) {
  PushContents out;
  auto deletes = read_deletes(frame.deletes);
  if (!deletes) return tl::unexpected<Error>{deletes.error()};
  out.deletes = std::move(*deletes);
  if (!frame.sa) return out;

  const auto sa = parse_group_sa(*frame.sa);
  if (!sa) return tl::unexpected<Error>{sa.error()};
  auto policy = read_policy(*sa, *frame.key_download, under, keyless);
  if (!policy) return tl::unexpected<Error>{policy.error()};
  out.policy = std::move(*policy);
  out.replaces_list = !sa->teks.empty();
  return out;
}

}  // namespace gdoi
