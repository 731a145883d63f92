// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/envelope.h"

#include "gdoi/phase1/observer.h"

namespace gdoi {
namespace {

Bytes last_block(CipherAlgorithm cipher, View ciphertext) {
  const View block = ciphertext.last(block_size(cipher));
  return Bytes(block.begin(), block.end());
}

}  // namespace

Result<Sealed> seal(MessageKey key, View iv, IsakmpHeader header, Writer&& payloads) {
  header.next = payloads.first_type();
  const auto plain = std::move(payloads).finish();
  if (!plain) return tl::unexpected<Error>{plain.error()};

  const Bytes wire = encrypt(key.cipher, key.key, iv, *plain);
  header.flags = IsakmpHeader::encrypted;
  header.length = static_cast<std::uint32_t>(IsakmpHeader::size + wire.size());

  if (auto* const observer = message_observer()) observer->sealed(header, *plain);
  Sealed out{encode_header(header), last_block(key.cipher, wire)};
  out.datagram.insert(out.datagram.end(), wire.begin(), wire.end());
  return out;
}

Result<Opened> open(MessageKey key, View iv, const IsakmpMessage& message) {
  if (!message.header.is_encrypted()) return fail(Errc::unexpected, "clear message");
  auto plain = decrypt(key.cipher, key.key, iv, message.body);
  if (!plain) return tl::unexpected<Error>{plain.error()};
  if (auto* const observer = message_observer()) observer->opened(message.header, *plain);

  Opened out;
  out.plaintext = Plaintext{std::move(*plain)};
  out.next_iv = last_block(key.cipher, message.body);

  // RFC 2409 appendix B asks for zeros up to the block size; some stacks pad with random octets
  // and by more. What follows the last payload means nothing, so any amount of it will do.
  auto chain = parse_chain(out.plaintext.view(), message.header.next, message.body.size());
  if (!chain) return tl::unexpected<Error>{chain.error()};
  out.chain = std::move(*chain);
  return out;
}

Chain without_private_use(Chain chain) {
  std::erase_if(chain.payloads, [](const Payload& payload) {
    return static_cast<std::uint8_t>(payload.type) >= 128;
  });
  return chain;
}

Bytes digest_of(const IsakmpMessage& message) {
  const Bytes header = encode_header(message.header);
  return digest(HashAlgorithm::sha256, {header, message.body});
}

}  // namespace gdoi
