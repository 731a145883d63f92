# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Steps after the README's: nobody else can read the secret.
started "(after) the secrets' mode"
sudo stat -c '%a %U' /etc/getvpn-gm/getvpn-gm.secrets
[[ $(sudo stat -c '%a %U' /etc/getvpn-gm/getvpn-gm.secrets) = "600 root" ]]
finished
