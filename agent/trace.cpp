// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/trace.h"

#include <fmt/format.h>

#include "agent/base/address.h"
#include "gdoi/crypto/digest.h"
#include "gdoi/wire/dissect.h"

namespace agent {
namespace {

std::string redacted(gdoi::View secret) {
  const auto digest = gdoi::digest(gdoi::HashAlgorithm::sha256, {secret});
  return fmt::format("{} octets, SHA-256 begins with {}", secret.size(),
                     gdoi::hex_text(gdoi::View{digest}.first(4), 4));
}

std::string exchange_text(gdoi::ExchangeType type) {
  return fmt::format("{} ({})", gdoi::name_of(type), static_cast<unsigned>(type));
}

}  // namespace

Trace::~Trace() {
  if (on_) gdoi::observe_messages(nullptr);
}

void Trace::start(Instant now) {
  on_ = true;
  began_ = now;
  text_ =
      "# Messages between a GETVPN group member and its key servers. > sent, < received, = the "
      "same "
      "in clear.\n# Keys, nonces, hashes and DH values are replaced by short hashes. What is "
      "marked "
      "= < may not be authentic.\n";
  left_out_ = 0;
  gdoi::observe_messages(this);
}

Result<std::string> Trace::stop() {
  if (!on_) return fail("no trace was started");
  on_ = false;
  gdoi::observe_messages(nullptr);
  if (left_out_ != 0) text_ += fmt::format("# {} more messages are left out\n", left_out_);
  return std::exchange(text_, {});
}

void Trace::sent(const gdoi::Endpoint& to, gdoi::View octets, Instant now) {
  if (on_) datagram(">", to, octets, now);
}

void Trace::received(const gdoi::Endpoint& from, gdoi::View octets, Instant now) {
  if (on_) datagram("<", from, octets, now);
}

void Trace::datagram(std::string_view direction, const gdoi::Endpoint& peer, gdoi::View octets,
                     Instant now) {
  const auto at = std::chrono::duration_cast<milliseconds>(now - began_);
  auto text = fmt::format("\n{} {:.3f} s, {}, {} octets", direction,
                          static_cast<double>(at.count()) / 1000, to_string(peer), octets.size());
  const auto message = gdoi::parse_message(octets);
  if (!message) {
    add(text + fmt::format(": {}\n  {}\n", message.error().where, gdoi::hex_text(octets, 28)));
    return;
  }
  const auto& header = message->header;
  text +=
      fmt::format(", exchange {}, message ID {:08x}, cookies {} {}", exchange_text(header.exchange),
                  header.message_id.value, gdoi::hex_text(header.cookies.initiator.bytes),
                  gdoi::hex_text(header.cookies.responder.bytes));
  if (header.is_encrypted())
    text += ", encrypted\n";
  else
    text += '\n' + gdoi::dissect(message->body, header.next, redacted);
  add(text);
}

void Trace::sealed(const gdoi::IsakmpHeader& header, gdoi::View payloads) {
  add(fmt::format("\n= > exchange {}, {} octets of payloads\n{}", exchange_text(header.exchange),
                  payloads.size(), gdoi::dissect(payloads, header.next, redacted)));
}

void Trace::opened(const gdoi::IsakmpHeader& header, gdoi::View payloads) {
  add(fmt::format("\n= < exchange {}, {} octets of payloads and padding\n{}",
                  exchange_text(header.exchange), payloads.size(),
                  gdoi::dissect(payloads, header.next, redacted)));
}

void Trace::add(const std::string& text) {
  if (text_.size() + text.size() > most_octets)
    ++left_out_;
  else
    text_ += text;
}

}  // namespace agent
