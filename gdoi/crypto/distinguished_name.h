// SPDX-License-Identifier: GPL-2.0-or-later
// Distinguished names of X.501, as text and as the DER that ID_DER_ASN1_DN and CR payloads carry.
#pragma once

#include <string>

#include "gdoi/base/result.h"

namespace gdoi {

// name_from_text reads "C=DE, O=Example, CN=gm1" in that order: attributes as OpenSSL names them
// (C, ST, L, O, OU, CN, DC, UID, serialNumber, unstructuredName ...) whatever their case; a
// backslash takes the next character for itself, and "+" in place of a comma joins two in one RDN.
// At most 32 attributes and 1024 characters.
[[nodiscard]] Result<Bytes> name_from_text(std::string_view text);

// text_of_name writes a name so. What is not printable is escaped, and a name that is none gives
// nothing: it is safe to log, though a peer may have written it.
[[nodiscard]] std::string text_of_name(View der);

// same_name compares as RFC 5280 section 7.1 does: letters whatever their case and string type.
[[nodiscard]] bool same_name(View one, View other);

// reversed_name turns the order of the attributes around: some write the country first, others
// last.
[[nodiscard]] Bytes reversed_name(View der);

}  // namespace gdoi
