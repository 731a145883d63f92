# SPDX-License-Identifier: GPL-2.0-or-later
"""The bill of materials names what is in the package and what the programs were made of, and nothing else."""
from __future__ import annotations

import hashlib
import json
import re
import unittest

from package import PROGRAMS, Unpacked, beside, deb_path, run

SBOM = "usr/share/doc/getvpn-gm/getvpn-gm.spdx.json"
HEADERS_ONLY = {"libcli11-dev", "libexpected-dev", "nlohmann-json3-dev"}


class SbomTest(unittest.TestCase):
    def setUp(self) -> None:
        self.package = Unpacked()
        self.addCleanup(self.package.remove)
        self.sbom = json.loads((self.package.root / SBOM).read_text())
        self.names = {entry["SPDXID"]: entry["name"] for entry in self.sbom["packages"]}

    def related(self, kind: str, element: str | None = None) -> list[tuple[str, str]]:
        return [
            (relation["spdxElementId"], relation["relatedSpdxElement"])
            for relation in self.sbom["relationships"]
            if relation["relationshipType"] == kind and element in (None, relation["spdxElementId"])
        ]

    def test_it_is_a_document_of_spdx_2_3(self) -> None:
        self.assertEqual(self.sbom["spdxVersion"], "SPDX-2.3")
        self.assertEqual(self.sbom["SPDXID"], "SPDXRef-DOCUMENT")
        self.assertRegex(self.sbom["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        ids = [entry["SPDXID"] for entry in self.sbom["packages"] + self.sbom["files"]]
        self.assertEqual(len(ids), len(set(ids)))
        for name in ids:
            self.assertRegex(name, r"^SPDXRef-[A-Za-z0-9.-]+$")
        for relation in self.sbom["relationships"]:
            self.assertIn(relation["spdxElementId"], [*ids, "SPDXRef-DOCUMENT"])
            self.assertIn(relation["relatedSpdxElement"], ids)
        ((_, described),) = self.related("DESCRIBES")
        (ours,) = (entry for entry in self.sbom["packages"] if entry["SPDXID"] == described)
        self.assertEqual(ours["versionInfo"], run("dpkg-deb", "--field", deb_path(), "Version").strip())

    def test_it_has_the_checksums_of_all_other_files(self) -> None:
        files = {
            str(path.relative_to(self.package.root)): path.read_bytes()
            for path in self.package.root.rglob("*")
            if path.is_file()
        }
        del files[SBOM]
        listed = {entry["fileName"].removeprefix("./"): entry["checksums"] for entry in self.sbom["files"]}
        self.assertEqual(set(listed), set(files))
        for name, checksums in listed.items():
            for checksum in checksums:
                found = hashlib.new(checksum["algorithm"].lower(), files[name]).hexdigest()
                self.assertEqual(checksum["checksumValue"], found, name)

    def test_it_names_the_libraries_of_each_program_with_their_versions(self) -> None:
        # What dpkg itself found for Depends, from the same programs in its own way.
        depends = run("dpkg-deb", "--field", deb_path(), "Depends")
        wanted = set(re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends))
        linked = {self.names[library] for _, library in self.related("DYNAMIC_LINK")}
        self.assertEqual(linked, {name for name in wanted if name.startswith("lib")})
        files = {entry["SPDXID"]: entry["fileName"].removeprefix("./") for entry in self.sbom["files"]}
        self.assertEqual({files[program] for program, _ in self.related("DYNAMIC_LINK")}, set(PROGRAMS))
        installed = dict(re.findall(r"(?m)^ (\S+) \(= (\S+)\)", beside(".buildinfo").read_text()))
        for entry in self.sbom["packages"]:
            if entry["name"] in installed:
                self.assertEqual(entry["versionInfo"], installed[entry["name"]], entry["name"])

    def test_it_names_what_was_compiled_in_and_by_what(self) -> None:
        self.assertLessEqual(HEADERS_ONLY, {self.names[package] for _, package in self.related("STATIC_LINK")})
        built = {self.names[package] for package, _ in self.related("BUILD_DEPENDENCY_OF")}
        self.assertIn("libssl-dev", built)
        ((compiler, _),) = self.related("BUILD_TOOL_OF")
        self.assertRegex(self.names[compiler], r"^g\+\+")


if __name__ == "__main__":
    unittest.main()
