# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Steps before the README's, when the package is built for another architecture, ARCH: its programs are run by qemu.
# The kernel is told which program that is until it is told otherwise, for the whole machine: so not for longer than needed.
started "(before) programs of $ARCH run"
sudo apt-get -qq update
sudo DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends qemu-user-static >/dev/null
case $ARCH in arm64) of_qemu=aarch64 ;; armhf) of_qemu=arm ;; *) of_qemu=$ARCH ;; esac
sudo mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
if [[ ! -e /proc/sys/fs/binfmt_misc/qemu-$of_qemu ]]; then
  sudo sh -c "cat /usr/lib/binfmt.d/qemu-$of_qemu.conf >/proc/sys/fs/binfmt_misc/register"
  trap 'sudo sh -c "echo -1 >/proc/sys/fs/binfmt_misc/qemu-$of_qemu"' EXIT
fi
finished
