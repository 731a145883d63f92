# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Steps after the README's: nothing is left in the checkout, and the demonstration can be set up.
started "(after) the checkout is clean"
git status --short --ignored
[[ -z $(git status --short --ignored) ]]
finished
started "(after) tests/lab/demo --prepare"
tests/lab/demo --prepare --deb ../getvpn-gm_*.deb
finished
