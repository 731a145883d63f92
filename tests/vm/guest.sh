# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2164
# Sourced by qemu.sh and uml.sh: what a guest runs and how its output comes out. They define `boot`, which starts
# the guest in the background, sets `guest` to its process, and has it go on with $run/main as process 1, where
# /dev/run-out, /dev/run-err and /dev/run-status end in the files out, err and status of $run.

# This run's folder; the guest sees it at the same path.
run=$(mktemp -d /tmp/getvpn-gm-vm.XXXXXX) guest=''
trap '[[ ! $guest ]] || kill $guest 2>/dev/null || true; rm -rf "$run"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

same='' # stdout and stderr are one file: keep the order of what comes
[[ ! /dev/fd/1 -ef /dev/fd/2 ]] || same=1
{
  export -p
  printf 'cd %q\nexec' "$PWD"
  printf ' %q' "${command[@]}"
  echo
} >"$run/command"
cat >"$run/main" <<END
echo booted >>/dev/run-status
mount --make-rshared /
mkfifo /run/command-out /run/command-err
cat /run/command-out >>/dev/run-out & out=\$!
cat /run/command-err >>/dev/run-err & err=\$!
setsid bash "$run/command" </dev/null >/run/command-out 2>${same:+&1 3}>/run/command-err
status=\$?
for p in /proc/[0-9]*; do # what it left running
  p=\${p#/proc/}
  [[ \$p = 1 || \$p = \$out || \$p = \$err || ! -e /proc/\$p/exe ]] || kill -9 \$p
done
wait \$out \$err
echo \$status >>/dev/run-status
sync
echo o >/proc/sysrq-trigger
sleep 60
END

# boot_guest starts it and waits until it says so. A guest that hangs or dies before the command started is started
# afresh: nothing was done yet. False when it does not boot.
boot_guest() {
  local try waited
  for try in 1 2 3; do
    for f in out err status console; do : >"$run/$f"; done
    boot
    [[ ! $verbose ]] || { tail -s 0.05 -c +1 -f --pid=$guest "$run/console" >&2 & }
    for ((waited = 0; waited < 6000; waited++)); do
      if [[ -s $run/status ]] || ! kill -0 $guest 2>/dev/null; then break; fi
      sleep 0.05
    done
    [[ ! -s $run/status ]] || return 0
    kill $guest 2>/dev/null || true
    wait $guest || true
    guest=''
    tail -n 20 "$run/console" >&2
    ((try == 3)) || say "the guest did not boot; trying again"
  done
  return 1
}

follow() { exec tail -s 0.05 -c +1 -f --pid=$guest "$run/$1"; }
# follow_guest passes on what it says and ends as the command did.
follow_guest() {
  local first='' ended=0 out err status
  follow out & out=$!
  follow err >&2 & err=$!
  wait -n -p first $guest $out $err || ended=$?
  [[ $first = "$guest" ]] || exit 141 # nobody reads the output any more
  wait $out $err || true
  guest=''
  if ((ended == 124 || ended == 137)); then
    say "stopped after $timeout s"
    exit 124
  fi
  status=$(sed -n 2p "$run/status")
  [[ $status ]] || { tail -n 60 "$run/console" >&2; die "the guest died"; }
  exit "$status"
}
