// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/privileges.h"

#include <cap-ng.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace agent {

Result<void> require_capabilities() {
  if (::capng_get_caps_process() != 0) return fail_errno("read our capabilities");
  if (!::capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
    return fail("CAP_NET_ADMIN is missing: run as root, or give the service this capability");
  if (!::capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_BIND_SERVICE))
    return fail(
        "CAP_NET_BIND_SERVICE is missing: run as root, or give the service this capability");
  return {};
}

Result<void> shed_privileges() {
  if (::capng_get_caps_process() != 0) return fail_errno("read our capabilities");
  // Only who has CAP_SETPCAP may shrink the bounding set; without it, no_new_privs does the same.
  const bool may_bound = ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
  ::capng_clear(CAPNG_SELECT_ALL);
  const auto kept = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
  if (::capng_update(CAPNG_ADD, kept, CAP_NET_ADMIN) != 0) return fail("choose capabilities");
  if (::capng_apply(may_bound ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) != 0)
    return fail_errno("give up capabilities");

  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_NO_NEW_PRIVS");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("PR_SET_DUMPABLE");
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return fail_errno("RLIMIT_CORE");
  return {};
}

}  // namespace agent
