# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2086,SC2154
# Sourced by run: where the user-mode kernel comes from. Sets `uml_kernel`; uml_have and uml_get say whether they could.

# Of which version, when `kernel` names one (uml-6.1).
uml_version=''
[[ $kernel != uml-* ]] || uml_version=${kernel#uml-}
uml_cache=${XDG_CACHE_HOME:-$HOME/.cache}/getvpn-gm-vm/uml${uml_version:+-$uml_version}
uml_kernel=$uml_cache/linux
# What the kernel has to have. Another recipe, another kernel.
uml_recipe=$(cat "$here"/uml{,-more}.config | sha256sum | cut -c 1-16)

# uml_ready_made unpacks a kernel that lies beside this checkout, if it has all that our configuration asks for.
uml_ready_made() {
  local folder packed wanted
  [[ ! $uml_version ]] || return 1
  folder=$(realpath -m "$here/../../../shared/uml")
  packed=$(find "$folder" -maxdepth 1 -name 'linux-*-um.xz' -print -quit 2>/dev/null)
  [[ $packed && -f ${packed%.xz}.sha256 && -f $folder/config ]] || return 1
  while read -r wanted; do
    grep -qx "$wanted" "$folder/config" || { say "not used: $packed lacks $wanted"; return 1; }
  done < <(grep '^CONFIG_.*=y$' "$here/uml.config")
  xz -dc "$packed" >"$uml_kernel.new" || return 1
  [[ $(sha256sum "$uml_kernel.new" | cut -d ' ' -f 1) = "$(cut -d ' ' -f 1 "${packed%.xz}.sha256")" ]] ||
    { say "not used: $packed is not what its checksum says"; return 1; }
  chmod 755 "$uml_kernel.new"
}

# Keeps linux.new when it starts here.
uml_try() {
  "$uml_kernel.new" --version >/dev/null 2>&1 && mv "$uml_kernel.new" "$uml_kernel" &&
    echo "$uml_recipe" >"$uml_cache/recipe"
}

# uml_have: the kernel is there, or lies ready-made beside the checkout.
uml_have() {
  [[ $(uname -m) = x86_64 ]] || return 1
  mkdir -p "$uml_cache"
  exec 8>"$uml_cache/lock"
  flock 8
  [[ -x $uml_kernel && $(cat "$uml_cache/recipe" 2>/dev/null) = "$uml_recipe" ]] || { uml_ready_made && uml_try; } || return 1
  flock -u 8
}

# uml_get: as uml_have, and builds it where that is needed.
uml_get() {
  uml_have && return 0
  [[ $(uname -m) = x86_64 ]] || { say "user-mode Linux needs an x86_64 machine"; return 1; }
  say "building the user-mode kernel, once (10 to 15 minutes of one processor); log: $uml_cache/build.log"
  { flock 8; "$here/build-uml" "$uml_kernel.new" $uml_version >"$uml_cache/build.log" 2>&1; } && uml_try ||
    { tail -n 5 "$uml_cache/build.log" >&2; say "the user-mode kernel cannot be had here"; return 1; }
  flock -u 8
}
