# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2164
# Sourced by run: the command on this machine's own kernel, in namespaces of its own (mounts, network,
# processes, IPC, host name). Each file system it may write to is covered by an overlay in memory.

[[ ! $prepare_only ]] || exit 0
work=$(mktemp -d /tmp/getvpn-gm-native.XXXXXX)

trap 'rmdir "$work"' EXIT

# Runs as process 1 of the new namespaces. Arguments: work folder, current directory, number of
# writable folders, these folders, the command.
# shellcheck disable=SC2016 # expanded there
enter='
set -euo pipefail
work=$1 cwd=$2 count=$3; shift 3
writable=("${@:1:count}"); shift "$count"
mount --make-rprivate /
mapfile -t mounts < <(awk "{ print \$5 }" /proc/self/mountinfo | sort -u)
mount -t tmpfs -o mode=700 tmpfs "$work"
mkdir "$work/root" "$work/up"
cover() { # what is written under $1 goes to memory
  local up
  up=$(mktemp -d "$work/up/XXXXXX")
  mkdir "$up/new" "$up/work"
  chmod --reference="$1" "$up/new"; chown --reference="$1" "$up/new"
  mount -t overlay -o "lowerdir=${1//:/\\:},upperdir=$up/new,workdir=$up/work" overlay "$work/root${1%/}"
}
cover /
for m in "${mounts[@]}"; do
  m=$(printf "%b" "$m")
  case $m in / | /proc | /proc/* | /sys | /sys/* | /dev | /dev/* | /run | /run/* | "$work"*) continue ;; esac
  if [[ -d $m ]]; then
    # What cannot lie under an overlay (FAT, a FUSE mount of another user ...) can be read only.
    cover "$m" 2>/dev/null || mount --bind -o ro "$m" "$work/root$m" 2>/dev/null || true
  elif [[ -f $m ]]; then
    mount --bind -o ro "$m" "$work/root$m" 2>/dev/null || true
  fi
done
for d in "${writable[@]}"; do mount --rbind "$d" "$work/root$d"; done
cd "$work/root"
mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 run run
mkdir -p run/lock
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
ip link set lo up
hostname getvpn-gm-native
cd "$cwd"
"$@" </dev/null &
wait $! # not exec: process 1 ignores signals it does not handle, and reaps
'
status=0
timeout --foreground --kill-after=5 "$timeout" \
  unshare --mount --net --pid --ipc --uts --fork --kill-child \
  bash -c "$enter" enter "$work" "$PWD" "${#writable[@]}" "${writable[@]}" "${command[@]}" </dev/null ||
  status=$?
((status != 137)) || status=124
((status != 124)) || say "stopped after $timeout s"
exit "$status"
