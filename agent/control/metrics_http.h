// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

// http_answer answers a request for /metrics (RFC 9112), of which `received` came so far; nothing:
// it is not complete. There is one request a connection, which the answer says, and none has a
// body. `text` makes the metrics, for a request that gets them only; nothing: not now.
//
// A request line with headers is given most_request octets, and of headers nothing is believed.
inline constexpr std::size_t most_request = 3072;
[[nodiscard]] std::optional<std::string> http_answer(
    std::string_view received, const std::function<std::optional<std::string>()>& text);

// http_refusal is for who may not ask.
[[nodiscard]] std::string http_refusal();

}  // namespace agent
