# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packages of a Debian suite that this machine does not use. An apt of their own, in a folder, knows the suite; the
# machine's apt is asked for its mirror and stays as it is.

# suite_mirror prints where this machine gets Debian from.
suite_mirror() {
  # shellcheck disable=SC2016 # apt expands it
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null |
    awk -v release="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" '$2 == release { print $1; exit }'
}

# suite_apt FOLDER COMMAND... runs apt-get or apt-cache with the apt of that folder.
suite_apt() {
  local folder=$1 program=$2
  shift 2
  DEBIAN_FRONTEND=noninteractive "$program" -qq -o "Dir::Etc::sourcelist=$folder/sources.list" -o "Dir::Etc::sourceparts=$folder/none" \
    -o "Dir::Etc::preferencesparts=$folder/none" -o "Dir::State=$folder/state" -o "Dir::Cache=$folder/cache" \
    -o APT::Sandbox::User=root "$@"
}

# suite_open FOLDER SUITE... makes the apt of that folder, and fails when one of the suites cannot be read.
suite_open() {
  local folder=$1 mirror suite
  shift
  mirror=$(suite_mirror)
  [[ $mirror ]] || { echo "no Debian mirror in this machine's apt sources" >&2; return 1; }
  mkdir -p "$folder"/{none,state/lists/partial,cache/archives/partial}
  for suite; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
  done >"$folder/sources.list"
  suite_apt "$folder" apt-get -o APT::Update::Error-Mode=any update
}
