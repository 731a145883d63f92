// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/base/describe.h"

#include <arpa/inet.h>

namespace xfrm {
namespace {

void append_port(std::string& text, std::uint16_t port, std::uint16_t mask) {
  if (port == 0) return;
  text += " port " + std::to_string(port);
  if (mask != 0xffff) text += "-" + std::to_string(port | (~mask & 0xffff));
}

}  // namespace

std::string describe(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(address.family == Family::ipv4 ? AF_INET : AF_INET6, address.bytes.data(), text,
              sizeof text);
  return text;
}

std::string describe(const Prefix& prefix) {
  return describe(prefix.address) + "/" + std::to_string(prefix.length);
}

std::string describe(const Selector& selector) {
  std::string text = describe(selector.source);
  append_port(text, selector.source_port, selector.source_port_mask);
  text += " to " + describe(selector.destination);
  append_port(text, selector.destination_port, selector.destination_port_mask);
  if (selector.protocol != 0) text += " protocol " + std::to_string(selector.protocol);
  return text;
}

}  // namespace xfrm
