// SPDX-License-Identifier: GPL-2.0-or-later
// What numbers of the protocol are called: plainly, and as Cisco prints them.
#pragma once

#include <string>
#include <string_view>

#include "gdoi/actions.h"

namespace agent {

// error_text reads "timed out: message 2 of main mode", with the number that helps, if there is
// one: in decimal, as registries and RFCs have it, or as SPIs are written when it is one.
[[nodiscard]] std::string error_text(const gdoi::Error& error);

// counted reads "1 state", "2 states".
[[nodiscard]] std::string counted(std::size_t count, std::string_view one, std::string_view many);

// phase1_text reads "AES-256, SHA-256, MODP2048".
[[nodiscard]] std::string phase1_text(const gdoi::Phase1Established& phase1);

// The words of a transform set: "esp-256-aes", with the length of the ICV where it is not 16
// octets ("esp-gcm-8"); "esp-sha256-hmac", or nothing for IntegrityId::none.
[[nodiscard]] std::string cipher_word(const gdoi::TekPolicy& policy);
[[nodiscard]] std::string integrity_word(gdoi::IntegrityId id);

// cisco_transform names a TEK as a transform set does: "esp-256-aes esp-sha256-hmac".
[[nodiscard]] std::string cisco_transform(const gdoi::TekPolicy& policy);

// The names of "KEK POLICY": "AES", "3DES"; "HMAC_AUTH_SHA256".
[[nodiscard]] std::string_view cisco_cipher(gdoi::CipherAlgorithm cipher) noexcept;
[[nodiscard]] std::string_view cisco_hash(gdoi::HashAlgorithm hash) noexcept;
[[nodiscard]] std::string_view signature_name(gdoi::SignatureAlgorithm algorithm) noexcept;

// The 16 octets of a KEK's SPI as 32 upper case hexadecimal digits.
[[nodiscard]] std::string spi_text(const gdoi::RekeySpi& spi);
[[nodiscard]] std::string spi_text(gdoi::Spi spi);  // "0xA3D6592E"

}  // namespace agent
