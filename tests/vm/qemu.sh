# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2164
# Sourced by run: the command in QEMU (software emulation) under Debian's stock kernel. The guest has
# this machine's root file system over 9p, read only, below an overlay in its memory.

[[ $(uname -m) = x86_64 ]] || die "the VM needs an x86_64 machine"
# shellcheck source=prepare.sh
. "$here/prepare.sh"
[[ ! $prepare_only ]] || exit 0

# shellcheck source=guest.sh
. "$here/guest.sh"

devices=(-device virtio-serial-pci)
for port in out err status; do
  devices+=(-chardev "file,id=$port,path=$run/$port,append=on" -device "virtserialport,chardev=$port,name=$port")
done
{
  version=$(ls "$image/lib/modules")
  printf 'm=/mnt/lib/modules/%q; mkdir -p $m; mount --bind /mnt/%q $m\n' "$version" "$image/lib/modules/$version"
  for i in "${!writable[@]}"; do
    printf 'd=/mnt%q; mkdir -p "$d"; mount9p rw%d "$d" rw,cache=none\n' "${writable[i]}" "$i"
    devices+=(-virtfs "local,path=${writable[i]//,/,,},mount_tag=rw$i,security_model=none,multidevs=remap")
  done
} >"$run/mounts"
# no_timer_check: on a busy machine the timer may tick too late for the kernel's liking, and it panics.
boot() {
  local quiet=quiet
  [[ ! $verbose ]] || quiet=ignore_loglevel
  timeout --kill-after=5 "$timeout" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max \
    -smp "$processors" -m "$memory" -nodefaults -no-user-config -display none -no-reboot \
    -device virtio-rng-pci -kernel "$image/vmlinux" -initrd "$image/initrd" -serial stdio \
    -append "console=ttyS0 $quiet panic=-1 no_timer_check mitigations=off nokaslr audit=0 cryptomgr.notests getvpn_gm_run=$run" \
    -virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
    "${devices[@]}" </dev/null >>"$run/console" 2>&1 &
  guest=$!
}
boot_guest || die "the guest does not boot"
follow_guest
