# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Sourced by run: minimal Debian systems, as folders that are entered with chroot. Uses `release`.

recipe=2 # raise it when what is made here changes: older caches are made anew
cache=${XDG_CACHE_HOME:-$HOME/.cache}/getvpn-gm-bare
base=$cache/$release-$recipe.tar
user=stranger

# Fails, and says why, where there can be no bare system.
cannot_make_systems() {
  ((EUID == 0)) || { echo "needs root, and sudo does not give it without a password"; return 1; }
  command -v mmdebstrap >/dev/null || { echo "mmdebstrap is not installed"; return 1; }
  git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1 || { echo "this is no git checkout"; return 1; }
  unshare --mount --pid --ipc --uts --fork true 2>/dev/null || { echo "no namespaces here"; return 1; }
}

# The URI this machine has for Debian's archive: the first whose release matches $1, otherwise $2.
archive() {
  local uri
  # shellcheck disable=SC2016 # apt expands it
  uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -v wanted="$1" '$1 ~ wanted { print $2; exit }')
  echo "${uri:-$2}"
}
sources() {
  local main security
  main=$(archive '^(bookworm|trixie|forky|sid|stable|testing|unstable)$' http://deb.debian.org/debian)
  security=$(archive '-security$' http://deb.debian.org/debian-security)
  echo "deb $main $release main"
  echo "deb $main $release-updates main"
  echo "deb $security $release-security main"
}
# How this machine's apt reaches the archive.
apt_network() {
  apt-config dump | grep -E '^Acquire::(http|https|Retries|ForceIPv)' || true
  if [[ ${http_proxy:-} ]]; then echo "Acquire::http::Proxy \"$http_proxy\";"; fi
  if [[ ${https_proxy:-} ]]; then echo "Acquire::https::Proxy \"$https_proxy\";"; fi
}

# One run of a release at a time: apt locks the folder of packages that they share.
lock_cache() {
  mkdir -p "$cache"
  exec 8>"$cache/lock-$release"
  flock 8
}

# Sees to it that the archive file of the minimal system is there and not old.
base_system() {
  if [[ ! $(find "$base" -mtime -14 2>/dev/null) ]]; then
    rm -rf "$cache/$release"-*.tar "$cache/archives-$release"
    apt_network >"$cache/apt-$release.conf"
    # These systems are thrown away: dpkg need not wait for the disk.
    sources | mmdebstrap --format=tar --variant=minbase --include=sudo --aptopt="$cache/apt-$release.conf" \
      --dpkgopt=force-unsafe-io "$release" "$base.new" - >"$cache/$release.log" 2>&1 ||
      { echo "mmdebstrap failed:"; tail -n 5 "$cache/$release.log"; return 1; }
    mv "$base.new" "$base"
  fi
}

# Makes a system in the new folder $1, with an ordinary user who may use sudo.
new_system() {
  mkdir "$1"
  tar -xpf "$base" -C "$1"
  cp --remove-destination "$(realpath /etc/resolv.conf)" "$1/etc/resolv.conf"
  echo "127.0.0.1 localhost bare" >"$1/etc/hosts"
  apt_network >"$1/etc/apt/apt.conf.d/90network"
  chroot "$1" useradd --create-home --shell /bin/bash "$user"
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$1/etc/sudoers.d/$user"
  chmod 440 "$1/etc/sudoers.d/$user"
}

# Puts this tree, as it is and whether committed or not, into system $1 as a repository to clone.
give_repository() {
  local copy=$1/srv/getvpn-gm
  mkdir "$copy"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard --deduplicate |
    while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
    tar -c --null --no-recursion -T - | tar -x -C "$copy")
  git -C "$copy" init -q -b main
  git -C "$copy" add --all --force
  git -C "$copy" -c user.name=tests -c user.email=tests@example.org -c commit.gpgSign=false \
    commit -q --message "the tree under test"
  chroot "$1" chown -R "$user:" /srv/getvpn-gm
}

# Runs the script $2 (a path in the system) in system $1 as its ordinary user, after logging in.
enter() {
  mkdir -p "$cache/archives-$release/partial"
  # shellcheck disable=SC2016 # expanded there
  unshare --mount --pid --ipc --uts --fork --kill-child --propagation private bash -c '
    set -euo pipefail
    root=$1 script=$2 user=$3 archives=$4
    hostname bare
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount -t tmpfs -o mode=755 dev "$root/dev"
    for device in null zero full random urandom tty; do
      touch "$root/dev/$device"
      mount --bind "/dev/$device" "$root/dev/$device"
    done
    ln -s /proc/self/fd "$root/dev/fd"
    mkdir "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666 pts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    # Only saves fetching the same packages again.
    mount --bind "$archives" "$root/var/cache/apt/archives"
    chroot "$root" su - "$user" -c "bash $script" </dev/null
  ' enter "$1" "$2" "$user" "$cache/archives-$release"
}
