// SPDX-License-Identifier: GPL-2.0-or-later
// The traffic of a list's line, as `show crypto gdoi ipsec sa` writes it.
#pragma once

#include <string>

namespace agent::show {

struct Ident {
  std::string ident;       // "ANY", "10.1.0.0/24", "10.1.0.1", "10.1.0.1-10.1.0.9"
  std::string port = "0";  // 0: any; "1024-2047"
};
struct Traffic {
  std::string protocol;  // two letters or digits at least
  Ident local, remote;
};

// parse_traffic takes apart what gdoi::describe writes of a selector.
[[nodiscard]] Traffic parse_traffic(const std::string& match);

}  // namespace agent::show
