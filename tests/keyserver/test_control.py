# SPDX-License-Identifier: GPL-2.0-or-later
"""The control channel and the program around the key server."""
from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from ks import control
from ks.numbers import KdAttr, KdType
from ksctl import ask
from member import Member, NoAnswer
from support import FOLDER, Lab


def command(lab: Lab, **request: Any) -> dict[str, Any]:
    named = {key.replace("_", "-"): value for key, value in request.items()}
    reply = control.answer(lab.server, json.dumps(named).encode(), lab.now)
    decoded: dict[str, Any] = json.loads(reply)
    return decoded


class CommandTest(unittest.TestCase):
    def test_status_shows_policy_and_members_but_no_key(self) -> None:
        lab = Lab()
        got = lab.member().register()
        reply = command(lab, command="status")
        (group,) = reply["groups"]
        self.assertTrue(reply["ok"])
        self.assertEqual((group["name"], group["identity"]), ("GDOI-GROUP", "100"))
        (sa,) = group["sas"]
        self.assertEqual(sa["list"][0], "permit ip 10.1.0.0/24 10.3.0.0/24")
        self.assertEqual((sa["replay"], sa["teks"][0]["remaining"]), ("counter 64", 3600))
        self.assertEqual(sa["teks"][0]["spi"], f"0x{got.sats()[0].spi:08X}")
        (member,) = group["members"]
        self.assertEqual((member["address"], member["state"]), ("172.16.1.2", "registered"))
        (tek,) = got.keys(KdType.TEK)
        secret = next(a.value for a in tek.parsed() if a.type == KdAttr.TEK_ALGORITHM_KEY)
        self.assertNotIn(secret.hex(), json.dumps(reply))
        self.assertNotIn("SUPERSECRET", json.dumps(reply))

    def test_members_lists_everybody(self) -> None:
        lab = Lab()
        for peer in ("172.16.1.2", "172.16.3.2"):
            lab.member(peer).register()
        members = command(lab, command="members")["members"]
        self.assertEqual([m["address"] for m in members], ["172.16.1.2", "172.16.3.2"])

    def test_a_fault_set_here_happens(self) -> None:
        lab = Lab()
        command(lab, command="set-fault", name="drop", message="pull2")
        with self.assertRaises(NoAnswer):
            lab.member().register()
        fault = command(lab, command="status")["faults"][0]
        self.assertEqual((fault["name"], fault["happened"]), ("drop", 1))

    def test_faults_can_be_cleared(self) -> None:
        lab = Lab()
        command(lab, command="set-fault", name="silent", count=0)
        self.assertEqual(command(lab, command="clear-faults")["cleared"], 1)
        lab.member().register()

    def test_a_new_tek_comes_beside_the_old_one(self) -> None:
        lab = Lab()
        old = lab.member().register().sats()[0].spi
        (new,) = command(lab, command="new-tek", group=100)["spis"]
        spis = {sat.spi for sat in lab.member().register().sats()}
        self.assertEqual(spis, {old, int(new, 16)})

    def test_a_replaced_list_is_what_members_get(self) -> None:
        lab = Lab()
        lines = ["deny icmp any any", "permit ip 10.0.0.0/8 10.0.0.0/8"]
        reply = command(lab, command="replace-list", group="GDOI-GROUP", sa=1, list=lines)
        self.assertEqual(reply["list"], lines)
        one, two = lab.member().register().sats()
        self.assertEqual((one.spi, str(two.source)), (0, "10.0.0.0/255.0.0.0"))

    def test_a_replaced_list_with_an_spi_per_entry_gets_new_spis(self) -> None:
        lab = Lab(lambda data: data["group"][0]["sa"][0].update({"spi-per-ace": True}))
        before = {sat.spi for sat in lab.member().register().sats()}
        command(lab, command="replace-list", list=["permit ip any any"])
        (sat,) = lab.member().register().sats()
        self.assertNotIn(sat.spi, before)

    def test_bad_commands_are_refused_with_a_reason_and_change_nothing(self) -> None:
        lab = Lab()
        bad: tuple[tuple[dict[str, Any], str], ...] = (
            ({"command": "reboot"}, "unknown command"),
            ({}, "unknown command"),
            ({"command": "set-fault", "name": "sabotage"}, "unknown"),
            ({"command": "new-tek", "group": "NOBODY"}, "0 match"),
            ({"command": "replace-list", "list": ["permit"]}, "permit"),
            ({"command": "replace-list", "list": 5}, ""),
            ({"command": "replace-list"}, "list"),
            ({"command": "replace-list", "sa": 9, "list": []}, "no sa 9"),
        )
        for request, reason in bad:
            reply = command(lab, **request)
            self.assertFalse(reply["ok"], request)
            self.assertIn(reason, reply["error"])
        for line in (b"not json", b"[1]", b"\xff", b"", b"[" * 100000):
            self.assertFalse(json.loads(control.answer(lab.server, line, lab.now))["ok"])
        self.assertEqual(len(lab.member().register().sats()), 2)


class Program:
    """keyserver.py as a process on a free port of the loopback."""

    def __init__(
        self, folder: Path, *options: str, config: Path = FOLDER / "lab.toml"
    ) -> None:
        self.control, self.log = folder / "control", folder / "log"
        files = ["--config", str(config), "--control", str(self.control)]
        call = [sys.executable, str(FOLDER / "keyserver.py"), *files, "--log", str(self.log)]
        self.process = subprocess.Popen([*call, "--bind", "127.0.0.1", "--port", "0", *options])
        self.port = self._port()

    def _port(self) -> int:
        """The port the log tells, once the program is up."""
        for _ in range(600):
            text = self.log.read_text() if self.log.exists() else ""
            if "KS_STARTED" in text and self.control.exists():
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.control))
                return int(re.findall(r"at 127\.0\.0\.1:(\d+)", text)[0])
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {text}")
            time.sleep(0.05)
        raise AssertionError("did not start")

    def register(self) -> int:
        """Registers a member; returns the number of SATs it got."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            return len(self.member(wire).register().sats())

    def member(self, wire: socket.socket) -> Member:
        wire.settimeout(20)
        wire.connect(("127.0.0.1", self.port))

        def send(datagram: bytes) -> list[bytes]:
            wire.send(datagram)
            return [wire.recv(65535)]

        return Member(send)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


class ProgramTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_the_program_serves_members_and_commands_and_ends_on_sigterm(self) -> None:
        program = Program(Path(self.folder.name))
        self.addCleanup(program.end)
        self.assertEqual(program.register(), 2)
        reply = ask(str(program.control), {"command": "members"})
        self.assertEqual(reply["members"][0]["address"], "127.0.0.1")
        self.assertEqual(os.stat(program.control).st_mode & 0o777, 0o600)
        ask(str(program.control), {"command": "set-fault", "name": "delay", "message": "mm2"})
        self.assertEqual(program.register(), 2)
        self.assertEqual(program.stop(), 0)
        self.assertFalse(program.control.exists())
        log = program.log.read_text()
        self.assertIn("%GDOI-5-KS_REGS_COMPL: Registration of GM 127.0.0.1 complete", log)
        self.assertNotIn("secret", log)

    def test_keys_are_logged_only_with_debug_keys(self) -> None:
        program = Program(Path(self.folder.name), "--debug-keys")
        self.addCleanup(program.end)
        program.register()
        program.stop()
        self.assertIn("secret: KD for 127.0.0.1", program.log.read_text())

    def test_a_bad_configuration_ends_with_2_and_names_the_file(self) -> None:
        path = Path(self.folder.name) / "bad.toml"
        path.write_text("address = 5\n")
        call = [sys.executable, str(FOLDER / "keyserver.py"), "--config", str(path), "--check"]
        done = subprocess.run(call, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("bad.toml: config: 'address' has the wrong type", done.stderr)

    def test_the_lab_configuration_is_checked_without_serving(self) -> None:
        call = [sys.executable, str(FOLDER / "keyserver.py"), "--check"]
        done = subprocess.run([*call, "--config", str(FOLDER / "lab.toml")], capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
