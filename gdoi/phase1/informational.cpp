// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/informational.h"

#include <functional>

#include "gdoi/wire/sa.h"
#include "gdoi/wire/shape.h"

namespace gdoi {
namespace {

constexpr std::uint8_t max_deletes = 16;

// RFC 2409 section 5.7: HDR*, HASH(1), N/D
constexpr std::array protected_rules{
    PayloadRule{PayloadType::hash, 1, 1},
    PayloadRule{PayloadType::notification, 0, max_deletes},
    PayloadRule{PayloadType::del, 0, max_deletes},
};
constexpr std::array informational_rules{
    PayloadRule{PayloadType::notification, 0, max_deletes},
    PayloadRule{PayloadType::del, 0, max_deletes},
};

Bytes both_cookies(const CookiePair& cookies) {
  Bytes out(cookies.initiator.bytes.begin(), cookies.initiator.bytes.end());
  out.insert(out.end(), cookies.responder.bytes.begin(), cookies.responder.bytes.end());
  return out;
}

Result<Informational> read_payloads(const Chain& chain) {
  Informational out;
  for (const auto& payload : chain.payloads) {
    if (payload.type == PayloadType::notification) {
      auto notification = parse_notification(payload.body);
      if (!notification) return tl::unexpected<Error>{notification.error()};
      out.notifications.push_back(std::move(*notification));
    }
    if (payload.type == PayloadType::del) {
      auto del = parse_delete(payload.body);
      if (!del) return tl::unexpected<Error>{del.error()};
      out.deletes.push_back(std::move(*del));
    }
  }
  return out;
}

// RFC 2409 section 5.7: "HASH(1) = prf(SKEYID_a, M-ID | N/D)"
KeyMaterial hash_of(const Session& session, MessageId id, View rest) {
  return prf(session.suite.hash, session.skeyid_a.view(), {octets_of(id), rest});
}

Result<Bytes> protect_payload(const Session& session, MessageId id,
                              const std::function<void(Writer&)>& put) {
  Writer alone;
  put(alone);
  const auto rest = std::move(alone).finish();
  if (!rest) return tl::unexpected<Error>{rest.error()};

  Writer out;
  out.payload(PayloadType::hash, hash_of(session, id, *rest).view());
  put(out);
  IsakmpHeader header;
  header.cookies = session.cookies;
  header.exchange = ExchangeType::informational;
  header.message_id = id;
  auto sealed = seal(session.message_key(), session.iv(id), header, std::move(out));
  if (!sealed) return tl::unexpected<Error>{sealed.error()};
  return std::move(sealed->datagram);
}

}  // namespace

Result<Informational> open_informational(const Session& session, const IsakmpMessage& message) {
  const MessageId id = message.header.message_id;
  if (message.header.cookies != session.cookies || id == MessageId{})
    return fail(Errc::unexpected, "cookies or message ID of an informational message");
  auto opened = open(session.message_key(), session.iv(id), message);
  if (!opened) return tl::unexpected<Error>{opened.error()};

  const auto& payloads = opened->chain.payloads;
  if (payloads.empty() || payloads.front().type != PayloadType::hash)
    return fail(Errc::not_authentic, "informational message without HASH");
  const KeyMaterial hash = hash_of(session, id, opened->chain.after(payloads.front()));
  if (!hash.equals(payloads.front().body))
    return fail(Errc::not_authentic, "HASH of an informational message");

  const Chain known = without_private_use(std::move(opened->chain));
  if (const auto shape = check_shape(known, protected_rules); !shape)
    return tl::unexpected<Error>{shape.error()};
  return read_payloads(known);
}

Result<Informational> read_clear_informational(const IsakmpMessage& message) {
  if (message.header.is_encrypted()) return fail(Errc::unexpected, "encrypted message");
  auto chain = parse_chain(message.body, message.header.next, 0);
  if (!chain) return tl::unexpected<Error>{chain.error()};
  const Chain known = without_private_use(std::move(*chain));
  if (const auto shape = check_shape(known, informational_rules); !shape)
    return tl::unexpected<Error>{shape.error()};
  return read_payloads(known);
}

Result<Bytes> protect(const Session& session, MessageId id, const Notification& notification) {
  return protect_payload(session, id, [&](Writer& out) { put_notification(out, notification); });
}

Result<Bytes> protect(const Session& session, MessageId id, const Delete& del) {
  return protect_payload(session, id, [&](Writer& out) { put_delete(out, del); });
}

Delete delete_of(const Session& session) {
  Delete out;
  out.doi = doi_gdoi;
  out.protocol = protocol_isakmp;
  out.spis.push_back(both_cookies(session.cookies));
  out.spi_size = static_cast<std::uint8_t>(out.spis.front().size());
  return out;
}

bool refers_to(const Delete& del, const Session& session) noexcept {
  if (del.protocol != protocol_isakmp) return false;
  const auto& i = session.cookies.initiator.bytes;
  const auto& r = session.cookies.responder.bytes;
  return std::any_of(del.spis.begin(), del.spis.end(), [&](const Bytes& spi) {
    return spi.size() == i.size() + r.size() && std::equal(i.begin(), i.end(), spi.begin()) &&
           std::equal(r.rbegin(), r.rend(), spi.rbegin());
  });
}

Notification no_proposal_chosen(const Session& session) {
  Notification out;
  out.doi = doi_gdoi;
  out.protocol = protocol_isakmp;
  out.type = NotifyType::no_proposal_chosen;
  out.spi = both_cookies(session.cookies);
  return out;
}

Result<Notification> alive_answer(const Notification& are_you_there, const Session& session) {
  // RFC 3706 section 5.3: the sequence number is of four octets, the SPI is the cookie pair.
  if (are_you_there.data.size() != 4 || are_you_there.spi != both_cookies(session.cookies))
    return fail(Errc::malformed, "R-U-THERE");
  Notification out = are_you_there;
  out.type = NotifyType::r_u_there_ack;
  return out;
}

bool is_error(NotifyType type) noexcept {
  constexpr std::uint16_t first_status = 16384;
  return static_cast<std::uint16_t>(type) < first_status;
}

}  // namespace gdoi
