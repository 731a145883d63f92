// SPDX-License-Identifier: GPL-2.0-or-later
// What the process may do, and who may look into it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/base/accounts.h"
#include "agent/base/result.h"

namespace agent {

// require_capabilities fails, naming them, when capabilities the daemon needs are missing.
[[nodiscard]] Result<void> require_capabilities();

// hide_memory keeps keys out of core files, debuggers and swap. Call it before a secret is read. It
// fails when memory can be read by others or may be swapped out; what could be had is in force.
[[nodiscard]] Result<void> hide_memory();

// while_unlocked runs `work` with memory not locked, which Linux wants before it takes back pages
// of it that are free. Where there is swap space, memory stays locked, and `work` has to do with
// that. It fails when memory cannot be locked again.
[[nodiscard]] Result<void> while_unlocked(const std::function<void()>& work);

// user_to_be is who a daemon started by root becomes: `wanted`, else default_user; nobody else
// (nothing) when root is wanted, when there is no default_user, or when we are not root. It fails
// when we are not root and somebody else than we are is wanted.
[[nodiscard]] Result<std::optional<SystemUser>> user_to_be(const std::optional<SystemUser>& wanted);

// shed_privileges becomes `user`, if any, and gives up for good whatever the daemon no longer needs
// once its sockets are open. It keeps CAP_NET_ADMIN, which each change of the kernel needs. Where
// it became another user by itself it may also raise CAP_DAC_READ_SEARCH, in order to read what
// only root can read (ReadingRights). No program that is started from here could get rights back.
[[nodiscard]] Result<void> shed_privileges(const std::optional<SystemUser>& user);

// ReadingRights has files read as root could, as long as it lives; it does nothing where
// shed_privileges() did not keep that right.
class ReadingRights {
 public:
  ReadingRights();
  ReadingRights(const ReadingRights&) = delete;
  ReadingRights& operator=(const ReadingRights&) = delete;
  ~ReadingRights();

 private:
  bool raised_;
};

}  // namespace agent
