# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in the package, and with which modes."""
from __future__ import annotations

import os
import unittest

from package import SOURCE, Unpacked, deb_path, run

FILES = {
    "./etc/apparmor.d/usr.sbin.getvpn-gm": "-rw-r--r--",
    "./etc/getvpn-gm/": "drwxr-xr-x",
    "./usr/bin/getvpnctl": "-rwxr-xr-x",
    "./usr/lib/systemd/catalog/getvpn-gm.catalog": "-rw-r--r--",
    "./usr/lib/systemd/system/getvpn-gm-hooks.service": "-rw-r--r--",
    "./usr/lib/systemd/system/getvpn-gm.service": "-rw-r--r--",
    "./usr/lib/systemd/system/getvpn-gm@.service": "-rw-r--r--",
    "./usr/lib/sysusers.d/getvpn-gm.conf": "-rw-r--r--",
    "./usr/sbin/getvpn-gm": "-rwxr-xr-x",
    "./usr/share/bash-completion/completions/getvpn-gm": "-rw-r--r--",
    "./usr/share/bash-completion/completions/getvpnctl": "-rw-r--r--",
    "./usr/share/zsh/vendor-completions/_getvpn-gm": "-rw-r--r--",
    "./usr/share/zsh/vendor-completions/_getvpnctl": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/README.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/SECURITY.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/changelog.gz": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/coexistence.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/README.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/ansible.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/firewall.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/interfaces.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/key-server.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/roll-out.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/routing.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/several-wans.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/cookbook/watching.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/copyright": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/decisions/1-two-states-per-tek.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/decisions/2-tokens-for-ipv6.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/decisions/3-no-state-file.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/decisions/4-own-key-server.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/decisions/5-actions-instead-of-callbacks.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/decisions/6-result-values.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/decisions/7-nftables-for-headers.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/decisions/README.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/design.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/ansible/roles/getvpn_gm/defaults/main.yml": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/ansible/roles/getvpn_gm/handlers/main.yml": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/ansible/roles/getvpn_gm/tasks/main.yml": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/ansible/roles/getvpn_gm/templates/getvpn-gm.conf.j2": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/ansible/roles/getvpn_gm/templates/getvpn-gm.secrets.j2": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/ansible/site.yml": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/getvpn-gm.conf": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/getvpn-gm.secrets": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/examples/hooks/10-bird": "-rwxr-xr-x",
    "./usr/share/doc/getvpn-gm/examples/hooks/10-frr": "-rwxr-xr-x",
    "./usr/share/doc/getvpn-gm/getvpn-gm.spdx.json": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/glossary.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/limitations.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/migration.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/monitoring.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/operations.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/other-systems.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/performance.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/security.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/troubleshooting.md": "-rw-r--r--",
    "./usr/share/doc/getvpn-gm/without-cisco.md": "-rw-r--r--",
    "./usr/share/getvpn-gm/answers.schema.json": "-rw-r--r--",
    "./usr/share/getvpn-gm/grafana-dashboard.json": "-rw-r--r--",
    "./usr/share/getvpn-gm/prometheus-rules.yml": "-rw-r--r--",
    "./usr/share/getvpn-gm/status.schema.json": "-rw-r--r--",
    "./usr/share/man/man1/getvpnctl.1.gz": "-rw-r--r--",
    "./usr/share/man/man5/getvpn-gm.conf.5.gz": "-rw-r--r--",
    "./usr/share/man/man8/getvpn-gm.8.gz": "-rw-r--r--",
}


def listing() -> list[tuple[str, str, str, str]]:
    """Mode, owner, time and name of everything in the package."""
    output = run("env", "TZ=UTC", "dpkg-deb", "--contents", deb_path())
    lines = (line.split(maxsplit=5) for line in output.splitlines())
    return [(mode, owner, f"{day} {time}", name) for mode, owner, _, day, time, name in lines]


class ContentsTest(unittest.TestCase):
    def test_it_holds_these_files_and_no_other(self) -> None:
        entries = {name: mode for mode, _, _, name in listing()}
        parents = {name for name in entries if name.endswith("/") and name not in FILES}
        files = {name: mode for name, mode in entries.items() if name not in parents}
        self.assertEqual(files, FILES)

    def test_directories_on_the_way_are_ordinary_ones(self) -> None:
        for mode, _, _, name in listing():
            if name.endswith("/"):
                self.assertEqual(mode, "drwxr-xr-x", name)

    def test_no_directory_stands_where_debian_has_a_link(self) -> None:
        # It would replace the link when somebody unpacks the package into a running system.
        first = {name.split("/")[1] for _, _, _, name in listing() if name != "./"}
        self.assertEqual(first, {"etc", "usr"})

    def test_everything_belongs_to_root(self) -> None:
        self.assertEqual({owner for _, owner, _, _ in listing()}, {"root/root"})

    def test_no_file_has_the_time_of_the_build(self) -> None:
        changelog = run(
            "dpkg-parsechangelog", "-l", SOURCE / "packaging/debian/changelog", "-S", "Date"
        )
        date = run("date", "--utc", "--date", changelog.strip(), "+%Y-%m-%d %H:%M").strip()
        times = {time for _, _, time, _ in listing()}
        self.assertTrue(all(time <= date for time in times), times)

    def test_an_upgrade_leaves_the_kernel_to_the_successor(self) -> None:
        unpacked = Unpacked()
        self.addCleanup(unpacked.remove)
        unit = (unpacked.root / "usr/lib/systemd/system/getvpn-gm.service").read_text()
        # A restart is told apart from a stop by its signal...
        self.assertRegex(unit, r"(?m)^RestartKillSignal=SIGUSR1$")
        self.assertNotRegex(unit, r"(?m)^(KillSignal|ExecStop)=")
        # ...and an upgrade is a restart, when the new program is in place.
        scripts = {name: run("dpkg-deb", "--info", deb_path(), name) for name in ("prerm", "postinst")}
        self.assertRegex(scripts["prerm"], r'"\$1" = remove \].*\n\s*deb-systemd-invoke stop')
        self.assertRegex(scripts["postinst"], r"_dh_action=restart")

    def test_nothing_ships_as_configuration(self) -> None:
        # A file in /etc would be started by, or asked about on every upgrade. AppArmor wants its profiles there.
        self.assertEqual(run("dpkg-deb", "--info", deb_path(), "conffiles").split(), ["/etc/apparmor.d/usr.sbin.getvpn-gm"])


class ControlTest(unittest.TestCase):
    def field(self, name: str) -> str:
        return run("dpkg-deb", "--field", deb_path(), name).strip()

    def test_the_version_is_that_of_the_project(self) -> None:
        self.assertEqual(self.field("Version"), os.environ["GETVPN_VERSION"])

    def test_libraries_are_found_by_what_the_programs_link(self) -> None:
        depends = self.field("Depends")
        for library in (
            "libc6",
            "libssl3",
            r"libc-ares2|libcares2",
            "libmnl0",
            "libnftnl11",
            "libnl-3-200",
            "libnl-route-3-200",
        ):
            self.assertRegex(depends, rf"\b(?:{library})\b")

    def test_no_development_package_is_needed_at_run_time(self) -> None:
        self.assertNotIn("-dev", self.field("Depends"))


if __name__ == "__main__":
    unittest.main()
