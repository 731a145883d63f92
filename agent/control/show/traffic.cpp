// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/show/traffic.h"

#include <fmt/format.h>

#include <sstream>

namespace agent::show {
namespace {

// prefix_length is that of a wildcard, the ones of which are its last bits.
int prefix_length(const std::string& wildcard) {
  int bits = 32;
  std::istringstream octets{wildcard};
  for (std::string octet; std::getline(octets, octet, '.');)
    for (auto value = std::stoul(octet); value != 0; value >>= 1U)
      bits -= static_cast<int>(value & 1U);
  return bits;
}

class Words {
 public:
  explicit Words(const std::string& line) : words_{line} { advance(); }

  std::string take() {
    auto out = next_;
    advance();
    return out;
  }

  Ident end() {
    Ident out;
    const auto first = take();
    if (first == "any")
      out.ident = "ANY";
    else if (first == "host")
      out.ident = take();
    else if (first.find_first_of("/-") != std::string::npos)
      out.ident = first;
    else
      out.ident = fmt::format("{}/{}", first, prefix_length(take()));
    if (next_ == "eq") {
      take();
      out.port = take();
    } else if (next_ == "range") {
      take();
      const auto low = take();
      out.port = low + "-" + take();
    }
    return out;
  }

 private:
  void advance() {
    if (!(words_ >> next_)) next_.clear();
  }

  std::istringstream words_;
  std::string next_;
};

}  // namespace

Traffic parse_traffic(const std::string& match) {
  Words words{match};
  Traffic out;
  out.protocol = words.take();
  if (out.protocol.size() == 1) out.protocol.insert(0, 1, '0');
  out.local = words.end();
  out.remote = words.end();
  return out;
}

}  // namespace agent::show
