// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/privileges.h"

#include <cap-ng.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "agent/io/system_calls.h"

namespace agent {
namespace {

// set_limit sets a limit of this process, soft and hard. Where that is forbidden, it may be so
// already: systemd sets limits and can take the system call away. /proc says so by `name`.
Result<void> set_limit(decltype(RLIMIT_CORE) which, rlim_t value, std::string_view name) {
  const rlimit wanted{value, value};
  if (::setrlimit(which, &wanted) == 0) return {};
  const auto problem = errno;
  std::ifstream limits{"/proc/self/limits"};
  const std::string text = value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
  for (std::string line; std::getline(limits, line);) {
    if (line.rfind(name, 0) != 0) continue;
    std::istringstream words{line.substr(name.size())};
    std::string soft;
    if (words >> soft && soft == text) return {};
  }
  return fail_errno(fmt::format("{}: set to {}", name, text), problem);
}

bool memory_is_locked = false;

// has_swap_space: when that cannot be known, there may be some.
bool has_swap_space() {
  struct sysinfo about {};
  return ::sysinfo(&about) != 0 || about.totalswap != 0;
}

// lock_memory keeps all of our memory out of swap, as it is used. Memory that may not be locked
// later on could not be had at all, so there must be no limit.
Result<void> lock_memory() {
  if (built_with_sanitizers) return {};  // whose shadow memory takes terabytes
  if (const auto set = set_limit(RLIMIT_MEMLOCK, RLIM_INFINITY, "Max locked memory"); !set)
    return fail(
        "memory cannot be locked, so keys may reach swap space (LimitMEMLOCK=infinity, ulimit -l "
        "unlimited): " +
        set.error().what);
  if (::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
    return fail_errno("memory cannot be locked, so keys may reach swap space: mlockall");
  memory_is_locked = true;
  return {};
}

bool set_effective(capng_act_t action, unsigned capability) {
  return ::capng_get_caps_process() == 0 &&
         ::capng_update(action, CAPNG_EFFECTIVE, capability) == 0 &&
         ::capng_apply(CAPNG_SELECT_CAPS) == 0;
}

}  // namespace

Result<void> require_capabilities() {
  if (::capng_get_caps_process() != 0) return fail_errno("read our capabilities");
  if (!::capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
    return fail("CAP_NET_ADMIN is missing: run as root, or give the service this capability");
  if (!::capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_BIND_SERVICE))
    return fail(
        "CAP_NET_BIND_SERVICE is missing: run as root, or give the service this capability");
  return {};
}

Result<void> hide_memory() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("PR_SET_DUMPABLE");
  if (auto set = set_limit(RLIMIT_CORE, 0, "Max core file size"); !set) return set;
  return lock_memory();
}

Result<void> while_unlocked(const std::function<void()>& work) {
  const bool unlock = memory_is_locked && !has_swap_space();
  if (unlock) ::munlockall();
  work();
  return unlock ? lock_memory() : Result<void>{};
}

Result<std::optional<SystemUser>> user_to_be(const std::optional<SystemUser>& wanted) {
  const uid_t own = ::geteuid();
  if (own != 0) {
    if (wanted && wanted->id != own)
      return fail(
          fmt::format("cannot become user '{}': we are user {}, not root", wanted->name, own));
    return std::nullopt;
  }
  if (wanted) return wanted->id == 0 ? std::nullopt : wanted;
  if (auto known = find_user(default_user)) return *known;
  return std::nullopt;
}

Result<void> shed_privileges(const std::optional<SystemUser>& user) {
  if (::capng_get_caps_process() != 0) return fail_errno("read our capabilities");
  // Only who has CAP_SETPCAP may shrink the bounding set; without it, no_new_privs does the same.
  const bool may_bound = ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
  const bool may_read = ::capng_have_capability(CAPNG_PERMITTED, CAP_DAC_READ_SEARCH);
  ::capng_clear(CAPNG_SELECT_ALL);
  const auto kept = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
  if (::capng_update(CAPNG_ADD, kept, CAP_NET_ADMIN) != 0) return fail("choose capabilities");
  if (user && may_read && ::capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_DAC_READ_SEARCH) != 0)
    return fail("choose capabilities");
  if (user) {
    const int flags = CAPNG_DROP_SUPP_GRP | (may_bound ? CAPNG_CLEAR_BOUNDING : 0);
    if (const int done =
            ::capng_change_id(static_cast<int>(user->id), static_cast<int>(user->group),
                              static_cast<capng_flags_t>(flags));
        done != 0)
      return fail_errno(fmt::format("become user {} (step {}); with user = root that is not tried",
                                    user->name, -done));
  }
  if (::capng_apply(may_bound && !user ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) != 0)
    return fail_errno("give up capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_NO_NEW_PRIVS");
  // A change of user may have set it.
  return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? Result<void>{} : fail_errno("PR_SET_DUMPABLE");
}

ReadingRights::ReadingRights()
    : raised_{::capng_get_caps_process() == 0 &&
              ::capng_have_capability(CAPNG_PERMITTED, CAP_DAC_READ_SEARCH) &&
              !::capng_have_capability(CAPNG_EFFECTIVE, CAP_DAC_READ_SEARCH) &&
              set_effective(CAPNG_ADD, CAP_DAC_READ_SEARCH)} {}

ReadingRights::~ReadingRights() {
  if (raised_) static_cast<void>(set_effective(CAPNG_DROP, CAP_DAC_READ_SEARCH));
}

}  // namespace agent
