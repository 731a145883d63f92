// SPDX-License-Identifier: GPL-2.0-or-later
// Network namespaces for tests, and what the kernel holds in them as iproute2 and nft tell it.
#pragma once

#include <string>

namespace test {

// enter_namespace moves the program into a new network namespace, as an ordinary user by way of a
// user namespace. Returns why not, or nothing.
[[nodiscard]] std::string enter_namespace();

[[nodiscard]] bool kernel_has_esp();

// run executes a shell command and throws when it fails; output is what it prints.
void run(const std::string& command);
[[nodiscard]] std::string output(const std::string& command);

// ruleset is what nft lists, but for owners: a table of the second lock has one as long as there is
// one.
[[nodiscard]] std::string ruleset();

// snapshot is everything a plane can leave in the kernel. Two are equal when nothing was changed.
[[nodiscard]] std::string snapshot();

// Site is a router of its own namespace: wan0 (172.16.1.2/30, default route) and lan0
// (10.1.0.1/24), both up. It is gone with the next one.
struct Site {
  Site();
};

}  // namespace test
