# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Sourced by run: blocks of README.md, and running them.

# The blocks of README.md that stand behind <!-- test: bare $1 -->. Before each comes a line `started LINE`, behind it
# `finished`.
blocks() { "$root/tests/lab/pages.py" "$root/README.md" "bare $1" | sed 's,<this repository>,/srv/getvpn-gm,g'; }

# Runs the steps on standard input in system $1 under umask $2, and tells what each costs.
run_steps() {
  local script=$1/home/$user/.steps
  {
    cat <<'END'
# A failure ends all, also that of `a && b`, of which `set -e` takes no notice.
trap '(($? == 0)) || exit 1' DEBUG
used() { sudo du -sxm --exclude=/var/cache/apt/archives --exclude=/proc --exclude=/sys / 2>/dev/null | cut -f1; }
# Seconds of processor time so far, of all that was waited for.
processor() { awk -F '[ms ]+' 'NR == 2 { print int(60 * $1 + $2 + 60 * $3 + $4) }' "$HOME/.times"; }
started() {
  printf '\n==== %s\n\n' "README.md:$*"
  size=$(used) began=$SECONDS
  times >"$HOME/.times"
  processor_began=$(processor)
}
finished() {
  times >"$HOME/.times"
  printf '\n---- %s s (%s s of processor time), %s MB more on the disk\n' \
    $((SECONDS - began)) $(($(processor) - processor_began)) $(($(used) - size))
}
END
    echo "umask $2"
    cat
    echo "true"
  } >"$script"
  enter "$1" "/home/$user/.steps" 2>&1
}
