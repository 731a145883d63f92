# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2164
# Sourced by run: the command in user-mode Linux, a kernel that runs as an ordinary process and executes programs
# at the machine's own speed. The guest has this machine's root file system by hostfs, below an overlay in its memory.

# uml_start boots it; false when it does not start here.
uml_start() {
  # shellcheck source=guest.sh
  . "$here/guest.sh"
  : >"$run/writable"
  ((${#writable[@]} == 0)) || printf '%s\n' "${writable[@]}" >"$run/writable"
  boot_guest
}

# A process namespace of its own: whatever the kernel started ends with it. Its addresses must not be randomised, and
# more than one processor needs seccomp=on.
boot() {
  local quiet=quiet
  [[ ! $verbose ]] || quiet=ignore_loglevel
  timeout --kill-after=5 "$timeout" unshare --pid --fork --kill-child setarch -R bash -c '"$@" & wait $!' uml \
    "$uml_kernel" mem="${memory}M" ncpus="$processors" seccomp=on root=/dev/root rootfstype=hostfs rootflags=/ ro \
    init="$here/uml-init" con=null con0=null,fd:1 ssl=null ssl0=null,fd:3 ssl1=null,fd:4 ssl2=null,fd:5 $quiet panic=-1 \
    getvpn_gm_run="$run" </dev/null >>"$run/console" 2>&1 3>>"$run/out" 4>>"$run/err" 5>>"$run/status" &
  guest=$!
}
