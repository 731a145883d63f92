# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2164
# Sourced by qemu.sh: programs and kernel for the VM, fetched once. Sets `image`, the folder with
# vmlinux, initrd and modules.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/getvpn-gm-vm
image=$cache/kernel${kernel#vm}
recipe=1 # raise it when what is made here changes: older caches are made anew

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >"$cache/apt.log" 2>&1 ||
    { tail -n 5 "$cache/apt.log" >&2; die "apt-get $* failed"; }
}
prepare() {
  local missing=() pair package
  for pair in qemu-system-x86_64:qemu-system-x86 cpio:cpio depmod:kmod xz:xz-utils zstd:zstd; do
    command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  dpkg -s busybox-static >/dev/null 2>&1 || missing+=(busybox-static)
  [[ -e $image/ready-$recipe ]] && ((${#missing[@]} == 0)) && return
  apt_get update
  if ((${#missing[@]})); then
    say "installing ${missing[*]}"
    apt_get install --no-install-recommends -y "${missing[@]}"
  fi
  [[ ! -e $image/ready-$recipe ]] || return 0
  rm -rf "$image"
  mkdir -p "$image/first/bin"
  cd "$image"
  download_kernel
  dpkg -x ./*.deb deb
  # Since Debian 13 the modules are below /usr.
  mv deb/boot/vmlinuz-* vmlinuz
  mkdir lib
  mv "$(dirname "$(find deb -type d -path '*lib/modules/*' -prune -print -quit)")" lib/
  rm -r deb ./*.deb
  extract_vmlinux
  version=$(ls lib/modules)
  depmod -b . "$version"
  make_initrd "$version"
  touch "ready-$recipe"
}

# The kernel a Debian of this release, or of another, gets by default: no meta package's candidate is a backport.
download_kernel() {
  local own=() package
  if [[ $kernel != vm ]]; then
    # shellcheck source=suites.sh
    . "$here/suites.sh"
    suite_open "$image/apt" "${kernel#vm-}" >"$cache/apt.log" 2>&1 || { tail -n 5 "$cache/apt.log" >&2; die "no packages of ${kernel#vm-} in reach"; }
    own=(suite_apt "$image/apt")
  fi
  package=$("${own[@]}" apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
  [[ $package ]] || die "linux-image-amd64 is not in the apt sources"
  say "fetching $package"
  "${own[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 download "$package" >"$cache/apt.log" 2>&1 ||
    { tail -n 5 "$cache/apt.log" >&2; die "$package cannot be downloaded"; }
  rm -rf "$image/apt"
}

# The ELF kernel inside vmlinuz, for QEMU's PVH boot: under emulation unpacking it would take 3 s.
# Offsets: Documentation/x86/boot.rst, setup_sects, payload_offset, payload_length.
extract_vmlinux() {
  at() { od -An -t"u$2" -j"$1" -N"$2" vmlinuz | tr -d ' '; }
  tail -c +$((($(at 497 1) + 1) * 512 + $(at 584 4) + 1)) vmlinuz |
    { head -c $(($(at 588 4) - 4)); cat >/dev/null; } >payload
  xz -dc <payload >vmlinux 2>/dev/null || zstd -dcq <payload >vmlinux 2>/dev/null || true
  [[ $(head -c 4 vmlinux | tr -d '\0') = $'\x7fELF' ]] || die "no ELF kernel found in vmlinuz"
  rm payload vmlinuz
}

# The first-stage file system: busybox, and the modules it takes to reach this machine's files.
make_initrd() {
  local module file
  cp "$(command -v busybox)" "$here/first-stage" first/
  mv first/busybox first/bin/
  mv first/first-stage first/init
  chmod 755 first/init
  for module in virtio_pci virtio_console virtio_rng 9pnet_virtio 9p overlay; do
    modprobe -d . -S "$1" --show-depends $module | awk '$1 == "insmod" { print $2 }'
  done | awk '!seen[$0]++' | while read -r file; do
    cp "$file" first/
    file=${file##*/}
    [[ $file != *.xz ]] || { xz -d "first/$file"; file=${file%.xz}; }
    echo "$file"
  done >first/modules
  (cd first && find . | cpio -o -H newc --quiet) >initrd
}

mkdir -p "$cache"
(exec 9>"$cache/lock"; flock 9; prepare) & # not "( ) ||": that would switch off set -e in it
wait $! || die "could not prepare the kernel in $cache"
