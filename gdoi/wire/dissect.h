// SPDX-License-Identifier: GPL-2.0-or-later
// Messages as text, payload by payload, for people who look for what two implementations do not
// agree about.
#pragma once

#include <functional>
#include <string>

#include "gdoi/base/registry.h"
#include "gdoi/base/result.h"

namespace gdoi {

// Redact writes something secret so that it can be compared but not used.
using Redact = std::function<std::string(View)>;

// dissect writes a chain of payloads that begins with `type`, a line a payload, an attribute or a
// key, each with its offset in its payload (the generic header is at 0). What is not understood is
// in hexadecimal. HASH, nonce, KE, SIG and all keys of a KD go through `redact`; beside a KD, so
// does what is not understood, since it may be keys. Padding is left out. It takes any octets.
[[nodiscard]] std::string dissect(View octets, PayloadType type, const Redact& redact);

// fault_in finds where the payload with this body contradicts its format: "SA KEK, attribute at
// offset 41: length 61444 runs past the end: 00 00". Empty: nowhere. Keys are not in it.
[[nodiscard]] std::string fault_in(PayloadType type, View body);

// title_of is what texts call a payload: "SA KEK".
[[nodiscard]] std::string title_of(PayloadType type);

}  // namespace gdoi
