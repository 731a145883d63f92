// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/message.h"

#include "gdoi/phase1/envelope.h"
#include "gdoi/wire/attributes.h"
#include "gdoi/wire/notification.h"
#include "gdoi/wire/shape.h"

namespace gdoi {
namespace {

// RFC 6407 section 4: HDR*, SEQ, [D,] SA, KD, SIG. Section 5.9: "One or more Delete payloads MAY be
// placed following the SEQ payload". RFC 3547 section 4 let CERT precede SIG; the signature key
// comes from the KD, so it tells us nothing.
constexpr std::array push_rules{
    PayloadRule{PayloadType::sequence, 1, 1},     PayloadRule{PayloadType::del, 0, max_payloads},
    PayloadRule{PayloadType::sa, 0, 1},           PayloadRule{PayloadType::key_download, 0, 1},
    PayloadRule{PayloadType::certificate, 0, 16}, PayloadRule{PayloadType::signature, 1, 1},
};

void add(const Payload& payload, PushFrame& out) {
  if (payload.type == PayloadType::sequence || payload.type == PayloadType::signature) return;
  if (payload.type == PayloadType::del)
    out.deletes.push_back(payload.body);
  else if (payload.type == PayloadType::sa)
    out.sa = payload.body;
  else if (payload.type == PayloadType::key_download)
    out.key_download = payload.body;
  else
    count_up(out.ignored_payloads);
}

}  // namespace

Result<void> check_push_header(const IsakmpHeader& header) {
  if (header.exchange != ExchangeType::groupkey_push)
    return fail(Errc::unexpected, "exchange type of a PUSH",
                static_cast<std::uint32_t>(header.exchange));
  // RFC 6407 section 4.2: "Flags MUST have the Encryption bit set [...] All other bits MUST be set
  // to zero. Message ID MUST be set to zero."
  if (header.flags != IsakmpHeader::encrypted)
    return fail(Errc::malformed, "flags of a PUSH", header.flags);
  if (header.message_id != MessageId{})
    return fail(Errc::malformed, "message ID of a PUSH", header.message_id.value);
  if (header.next != PayloadType::sequence)
    return fail(Errc::malformed, "PUSH that does not begin with SEQ",
                static_cast<std::uint32_t>(header.next));
  return {};
}

Result<PushFrame> read_frame(const Chain& chain) {
  if (chain.payloads.empty() || chain.payloads.front().type != PayloadType::sequence)
    return fail(Errc::malformed, "PUSH that does not begin with SEQ");
  const Payload& last = chain.payloads.back();
  if (last.type != PayloadType::signature)
    return fail(Errc::malformed, "PUSH that does not end with SIG",
                static_cast<std::uint32_t>(last.type));
  const Chain known = without_private_use(chain);
  if (const auto shape = check_shape(known, push_rules); !shape)
    return tl::unexpected<Error>{shape.error()};
  const auto sequence = parse_sequence(chain.payloads.front().body);
  if (!sequence) return tl::unexpected<Error>{sequence.error()};

  PushFrame out;
  out.sequence = *sequence;
  out.signature = last.body;
  out.before_signature = chain.octets.first(chain.octets.size() - last.whole.size());
  out.payload_octets = chain.octets.size();
  for (const Payload& payload : chain.payloads) add(payload, out);

  if (out.sa.has_value() != out.key_download.has_value())
    return fail(Errc::malformed, out.sa ? "PUSH with SA but no KD" : "PUSH with KD but no SA");
  if (!out.sa && out.deletes.empty()) return fail(Errc::malformed, "PUSH without SA and D");
  return out;
}

}  // namespace gdoi
