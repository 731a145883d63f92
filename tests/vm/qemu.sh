# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2164
# Sourced by run: the command in QEMU (software emulation) under Debian's stock kernel. The guest has
# this machine's root file system over 9p, read only, below an overlay in its memory.

[[ $(uname -m) = x86_64 ]] || die "the VM needs an x86_64 machine"
# shellcheck source=prepare.sh
. "$here/prepare.sh"
[[ ! $prepare_only ]] || exit 0

# This run's folder; the guest sees it at the same path.
run=$(mktemp -d /tmp/getvpn-gm-vm.XXXXXX) qemu=''
trap '[[ ! $qemu ]] || kill $qemu 2>/dev/null || true; rm -rf "$run"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

same='' # stdout and stderr are one file: keep the order of what comes
[[ ! /dev/fd/1 -ef /dev/fd/2 ]] || same=1
devices=(-device virtio-serial-pci)
for port in out err status; do
  devices+=(-chardev "file,id=$port,path=$run/$port" -device "virtserialport,chardev=$port,name=$port")
done
{
  version=$(ls "$image/lib/modules")
  printf 'm=/mnt/lib/modules/%q; mkdir -p $m; mount --bind /mnt/%q $m\n' "$version" "$image/lib/modules/$version"
  for i in "${!writable[@]}"; do
    printf 'd=/mnt%q; mkdir -p "$d"; mount9p rw%d "$d" rw,cache=none\n' "${writable[i]}" "$i"
    devices+=(-virtfs "local,path=${writable[i]//,/,,},mount_tag=rw$i,security_model=none,multidevs=remap")
  done
} >"$run/mounts"
{
  export -p
  printf 'cd %q\nexec' "$PWD"
  printf ' %q' "${command[@]}"
  echo
} >"$run/command"
cat >"$run/main" <<END
echo booted >/dev/run-status
mount --make-rshared /
mkfifo /run/command-out /run/command-err
cat /run/command-out >/dev/run-out & out=\$!
cat /run/command-err >/dev/run-err & err=\$!
setsid bash "$run/command" </dev/null >/run/command-out 2>${same:+&1 3}>/run/command-err
status=\$?
for p in /proc/[0-9]*; do # what it left running
  p=\${p#/proc/}
  [[ \$p = 1 || \$p = \$out || \$p = \$err || ! -e /proc/\$p/exe ]] || kill -9 \$p
done
wait \$out \$err
echo \$status >/dev/run-status
sync
echo o >/proc/sysrq-trigger
sleep 60
END

# no_timer_check: on a busy machine the timer may tick too late for the kernel's liking, and it panics.
boot() {
  local quiet=quiet
  [[ ! $verbose ]] || quiet=ignore_loglevel
  for f in out err status console; do : >"$run/$f"; done
  timeout --kill-after=5 "$timeout" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max \
    -smp "$processors" -m "$memory" -nodefaults -no-user-config -display none -no-reboot \
    -device virtio-rng-pci -kernel "$image/vmlinux" -initrd "$image/initrd" -serial "file:$run/console" \
    -append "console=ttyS0 $quiet panic=-1 no_timer_check mitigations=off nokaslr audit=0 cryptomgr.notests getvpn_gm_run=$run" \
    -virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
    "${devices[@]}" </dev/null >"$run/qemu" 2>&1 &
  qemu=$!
}
# A guest that hangs or dies before the command started is started afresh: nothing was done yet.
for try in 1 2 3; do
  boot
  [[ ! $verbose ]] || { tail -s 0.05 -c +1 -f --pid=$qemu "$run/console" >&2 & }
  for ((waited = 0; waited < 6000; waited++)); do
    if [[ -s $run/status ]] || ! kill -0 $qemu 2>/dev/null; then break; fi
    sleep 0.05
  done
  [[ ! -s $run/status ]] || break
  kill $qemu 2>/dev/null || true
  wait $qemu || true
  qemu=''
  tail -n 20 "$run/qemu" "$run/console" >&2
  ((try < 3)) || die "the guest does not boot"
  say "the guest did not boot; trying again"
done

follow() { exec tail -s 0.05 -c +1 -f --pid=$qemu "$run/$1"; }
follow out & out=$!
follow err >&2 & err=$!
ended=0
wait -n -p first $qemu $out $err || ended=$?
[[ $first = "$qemu" ]] || exit 141 # nobody reads the output any more
wait $out $err || true
qemu=''
if ((ended == 124 || ended == 137)); then
  say "stopped after $timeout s"
  exit 124
fi
status=$(sed -n 2p "$run/status")
[[ $status ]] || { tail -n 60 "$run/qemu" "$run/console" >&2; die "the guest died"; }
exit "$status"
