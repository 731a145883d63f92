// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of a packet: the list's answer, and the comparison with what the kernel says. Pure.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "agent/group/explanation.h"
#include "agent/group/ports.h"
#include "agent/kernel/key_classes.h"
#include "agent/kernel/translate.h"
#include "xfrm/plane/explanation.h"

namespace agent {

// ListInForce is the list as the session has it.
struct ListInForce {
  std::span<const gdoi::AccessEntry> entries;
  std::span<const gdoi::Spi> receive_only;  // sorted
  std::optional<Installation::Mode> mode;   // nothing: no list is enforced
  bool known = false;                       // it came from a key server, not from a predecessor
  // The SPI of what a class is sent on; nothing: there is no TEK.
  std::function<std::optional<gdoi::Spi>(xfrm::KeyClass key_class)> sender;
};

// ask_list goes through the list in its order: ranges and ports as the key server gave them, not
// the prefixes that the kernel was given.
[[nodiscard]] ListAnswer ask_list(const Packet& packet, const ListInForce& list,
                                  const TranslateOptions& options, const KeyClasses& classes);

[[nodiscard]] xfrm::Packet to_xfrm(const Packet& packet);
[[nodiscard]] PolicyAnswer from_xfrm(const xfrm::PolicyAnswer& answer);
[[nodiscard]] LockAnswer from_xfrm(const xfrm::LockAnswer& answer);

// disagreements compares the three; policies only where the group decides.
[[nodiscard]] std::vector<std::string> disagreements(const Explanation& explanation);

}  // namespace agent
