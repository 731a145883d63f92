#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Lintian finds neither errors nor warnings in the package that lies in directory $1.
set -euo pipefail
changes=("$1"/getvpn-gm_*.changes)
[[ ${#changes[@]} = 1 && -f ${changes[0]} ]] || { echo "not one .changes file in $1" >&2; exit 1; }
options=(--fail-on 'error,warning' --display-info)
((EUID)) || options+=(--allow-root)
exec lintian "${options[@]}" "${changes[0]}"
