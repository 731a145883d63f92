#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Phase 1 of getvpn-gm (by phase1-client, which needs no ESP in the kernel) against Debian's strongSwan as responder.

usage: strongswan.py PHASE1_CLIENT

charon answers on UDP 848 in a network namespace of its own and sees nothing of this machine's network
or /run. (It takes what comes to another port than 500 for ESP, so nftables moves it there and
back.) It knows no GDOI: phase 1 is what counts here, by charon's own log, and the PULL after
it must fail in peace.

The package strongswan-charon would start a service on this machine, so that only its program is
taken out of it, into ~/.cache; the libraries are installed.
"""
from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "keyserver"))
import pki  # noqa: E402

LIBRARIES = "strongswan-libcharon"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "getvpn-gm"
SWANCTL = "swanctl"
PATIENCE = 180.0
GM, KS = "10.9.0.2", "10.9.0.5"
SECRET = "SUPERSECRET"
SKIP = 4

# cipher-hash-group in our words; strongSwan's are the same but for two.
MAIN = {
    "psk": [
        "3des-sha1-modp1024", "3des-md5-modp1536", "aes128-sha1-modp1024", "aes192-sha256-modp1536",
        "aes256-sha256-modp1024", "aes256-sha384-modp3072", "aes256-sha512-modp4096",
        "aes128-sha256-ecp256", "aes256-sha384-ecp384", "aes256-sha512-ecp521", "aes192-md5-modp2048",
    ],
    "rsa": [
        "aes256-sha256-modp2048", "aes128-sha1-modp1024", "aes256-sha384-ecp384", "3des-md5-modp1536",
        "aes256-sha512-modp4096",
    ],
    "ecdsa256": ["aes128-sha256-ecp256", "aes256-sha1-modp1024", "aes256-sha512-ecp521"],
    "ecdsa384": ["aes256-sha384-ecp384"],
    "ecdsa521": ["aes256-sha512-ecp521"],
}
AGGRESSIVE = {
    "psk": ["aes256-sha256-modp2048", "3des-sha1-modp1024", "aes256-sha512-ecp521"],
    "rsa": ["aes128-sha1-modp1536", "aes256-sha256-ecp256"],
    "ecdsa256": ["aes256-sha256-modp2048"],
}
IDENTITIES = ["fqdn:gm1.lab.example", "user:gm1@lab.example", "key-id:branch-17", "dn:O=Lab, CN=gm1"]


def charon_program() -> str:
    """The program that fits the installed libraries."""
    asked = ["dpkg-query", "-W", "-f", "${Version}", LIBRARIES]
    version = subprocess.run(asked, capture_output=True, text=True, check=False)
    if version.returncode or shutil.which(SWANCTL) is None:
        print(f"SKIPPED: not installed: {LIBRARIES} or strongswan-swanctl")
        sys.exit(SKIP)
    folder = CACHE / f"strongswan-charon-{version.stdout}"
    program = folder / "usr/lib/ipsec/charon"
    if program.exists():
        return str(program)
    with tempfile.TemporaryDirectory() as work:
        wanted = ["apt-get", "-q", "download", f"strongswan-charon={version.stdout}"]
        done = subprocess.run(wanted, cwd=work, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"SKIPPED: strongswan-charon cannot be fetched: {done.stderr}")
            sys.exit(SKIP)
        (package,) = Path(work).glob("*.deb")
        run("dpkg-deb", "--extract", str(package), f"{work}/out")
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(f"{work}/out", folder)
    return str(program)


def inside() -> None:
    """Starts this program again in namespaces of its own; returns there."""
    if os.environ.get("GETVPN_INTEROP") == "inside":
        return
    own = ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*own, "true"], check=False, capture_output=True).returncode:
        print("SKIPPED: no namespaces here, which takes root")
        sys.exit(SKIP)
    environment = os.environ | {"GETVPN_INTEROP": "inside"}
    sys.exit(subprocess.run([*own, "/usr/bin/python3", "-B", *sys.argv], env=environment, check=False).returncode)


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def wait(condition, what: str, explain) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain: {what}\n{explain()}")
        time.sleep(0.05)


def network() -> None:
    """A cable between us and the namespace `peer`."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    run("ip", "netns", "add", "peer")
    run("ip", "link", "add", "gm0", "type", "veth", "peer", "name", "ks0", "netns", "peer")
    run("ip", "address", "add", f"{GM}/24", "dev", "gm0")
    run("ip", "link", "set", "gm0", "up")
    run("ip", "-n", "peer", "link", "set", "lo", "up")
    run("ip", "-n", "peer", "address", "add", f"{KS}/24", "dev", "ks0")
    run("ip", "-n", "peer", "link", "set", "ks0", "up")
    run("ip", "netns", "exec", "peer", "nft", "add table ip gdoi; add chain ip gdoi arriving { type nat hook prerouting "
        "priority dstnat; }; add rule ip gdoi arriving udp dport 848 redirect to :500")


class Charon:
    def __init__(self, program: str, folder: Path) -> None:
        self.folder, self.log_path = folder, folder / "charon.log"
        for name in ("x509", "x509ca", "private"):
            (folder / name).mkdir()
        (folder / "strongswan.conf").write_text(f"""
            charon {{
              load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints hmac kdf gmp aes des md5 sha1 sha2 revocation kernel-netlink socket-default vici
              install_routes = no
              i_dont_care_about_security_and_use_aggressive_mode_psk = yes
              filelog {{ file {{ path = {self.log_path}
                default = 1
                flush_line = yes
                append = no }} }}
              plugins {{ vici {{ socket = unix://{folder}/vici }} }}
            }}
            swanctl {{ load = pem pkcs1 pkcs8 x509 pubkey openssl random }}
        """)
        environment = os.environ | {"STRONGSWAN_CONF": str(folder / "strongswan.conf"), "SWANCTL_DIR": str(folder)}
        self.environment = environment
        # A copy: AppArmor lets the installed one read nothing but /etc.
        self.swanctl = shutil.copy(str(shutil.which(SWANCTL)), folder / SWANCTL)
        with open(folder / "charon.out", "wb") as out:
            command = ["ip", "netns", "exec", "peer", program]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
        wait((folder / "vici").exists, "charon to start", self.log)

    def log(self) -> str:
        written = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return written + (self.folder / "charon.out").read_text(errors="replace")

    def serve(self, kind: str, aggressive: bool) -> None:
        """One connection that takes all proposals with this kind of authentication."""
        how = "auth = psk" if kind == "psk" else "auth = pubkey"
        local = f"{how}\n id = {KS}" if kind == "psk" else f"{how}\n certs = {kind}-ks.pem"
        remote = how if kind == "psk" else f"{how}\n cacerts = ca.pem"
        offered = MAIN[kind] + AGGRESSIVE.get(kind, [])
        proposals = ", ".join(dict.fromkeys(offered))
        (self.folder / "swanctl.conf").write_text(f"""
            connections {{ c {{
              version = 1
              aggressive = {"yes" if aggressive else "no"}
              local_addrs = {KS}
              remote_addrs = %any
              proposals = {proposals}
              send_certreq = yes
              dpd_delay = 0
              local {{ {local} }}
              remote {{ {remote} }}
              children {{ none {{ esp_proposals = aes128-sha256 }} }}
            }} }}
            secrets {{ ike-any {{ secret = {SECRET} }} }}
        """)
        done = subprocess.run([self.swanctl, "--load-all", "--clear", "--uri", f"unix://{self.folder}/vici"],
                              env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode or "loaded connection 'c'" not in done.stdout:
            raise SystemExit(f"swanctl: {done.stdout}{done.stderr}\n{self.log()}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class Member:
    """A member with one configuration."""

    def __init__(self, program: str, folder: Path, lines: dict[str, str]) -> None:
        self.log_path = folder / "member.log"
        secrets = folder / "secrets"
        secrets.touch(0o600)
        secrets.write_text(f'any "{SECRET}"\n')
        config = {"ks": KS, "group": "100", "phase1-doi": "1", "secrets": str(secrets), "log-level": "info", "nat-t": "no",
                  "control-socket": str(folder / "member.sock")} | lines
        (folder / "member.conf").write_text("".join(f"{key} = {value}\n" for key, value in config.items()))
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program, "--config", str(folder / "member.conf")], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def says(self, pattern: str) -> bool:
        if self.process.poll() is not None:
            raise SystemExit(f"the member ended with {self.process.returncode}:\n{self.log()}")
        return re.search(pattern, self.log()) is not None

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


class Trial:
    def __init__(self, program: str, charon: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.charon = Charon(charon, folder)
        self.count = 0

    def keys(self) -> None:
        """Certificates for both sides; the intermediate CA travels in CERT payloads."""
        root = pki.Authority("Lab root", pki.new_key("ec"))
        below = pki.Authority("Lab CA", pki.new_key("ec"), root)
        (self.folder / "x509ca" / "ca.pem").write_bytes(pki.pem(root.certificate))
        crls = pki.pem(root.crl([])) + pki.pem(below.crl([]))
        (self.folder / "crl.pem").write_bytes(crls)
        for kind in ("rsa", "ecdsa256", "ecdsa384", "ecdsa521"):
            key = pki.new_key("rsa") if kind == "rsa" else pki.new_key("ec", int(kind[5:]))
            ours = below.issue(f"ks-{kind}", key, [KS, "ks.lab.example"])
            (self.folder / "x509" / f"{kind}-ks.pem").write_bytes(pki.pem(ours))
            (self.folder / "private" / f"{kind}-ks.pem").write_bytes(pki.key_pem(key))
            mine = pki.new_key("rsa") if kind == "rsa" else pki.new_key("ec", int(kind[5:]))
            chain = [below.issue("gm1", mine, [GM, "gm1.lab.example"]), below.certificate]
            pki.write(self.folder, f"{kind}-gm", chain, mine)
        (self.folder / "x509ca" / "below.pem").write_bytes(pki.pem(below.certificate))

    def lines(self, kind: str) -> dict[str, str]:
        if kind == "psk":
            return {}
        at = str(self.folder)
        return {"auth": "cert", "certificate": f"{at}/{kind}-gm.pem", "private-key": f"{at}/{kind}-gm.key",
                "ca": f"{at}/x509ca/ca.pem", "crl": f"{at}/crl.pem", "ks-identity": f"dn:O=Lab, CN=ks-{kind}"}

    def established(self) -> int:
        return len(re.findall(r"IKE_SA c\[\d+\] established between", self.charon.log()))

    def attempt(self, kind: str, proposal: str, aggressive: bool, more: dict[str, str] | None = None) -> Member:
        before = self.established()
        lines = self.lines(kind) | {"ike-proposal": proposal, "ike-mode": "aggressive" if aggressive else "main"}
        member = Member(self.program, self.folder, lines | (more or {}))
        explain = lambda: f"member:\n{member.log()}\ncharon:\n{self.charon.log()[-6000:]}"  # noqa: E731
        what = f"{kind} {proposal} {'aggressive' if aggressive else 'main'} {more or ''}"
        wait(lambda: member.says("phase 1 is up"), f"the member to have phase 1: {what}", explain)
        wait(lambda: self.established() > before, f"charon to say that phase 1 is up: {what}", explain)
        self.count += 1
        print(f"  phase 1 is up on both sides: {what}", flush=True)
        return member

    def each(self, table: dict[str, list[str]], aggressive: bool) -> None:
        for kind, proposals in table.items():
            self.charon.serve(kind, aggressive)
            for proposal in proposals:
                self.attempt(kind, proposal, aggressive).stop()

    def identities(self) -> None:
        """charon names the identity that it was told."""
        for aggressive in (False, True):
            self.charon.serve("psk", aggressive)
            for identity in IDENTITIES:
                self.attempt("psk", "aes256-sha256-modp2048" if aggressive else "aes128-sha1-modp1024", aggressive,
                             {"identity": identity}).stop()
                told = re.findall(rf"established between {KS}\[{KS}\]\.\.\.{GM}\[(.*)\]", self.charon.log())[-1]
                if told not in (identity.partition(":")[2], identity.partition(":")[2].encode().hex(":")):
                    raise SystemExit(f"charon took {identity} for {told}")

    def translated(self) -> None:
        """nftables translates UDP 848, so both sides find a NAT and move to UDP 4500 (RFC 3947)."""
        for aggressive in (False, True):
            self.charon.serve("psk", aggressive)
            before = self.charon.log().count(f"from {GM}[4500] to {KS}[4500]")
            self.attempt("psk", "aes256-sha256-modp2048" if aggressive else "aes128-sha1-modp1024", aggressive,
                         {"nat-t": "yes"}).stop()
            if self.charon.log().count(f"from {GM}[4500] to {KS}[4500]") == before:
                raise SystemExit(f"nobody moved to UDP 4500:\n{self.charon.log()[-6000:]}")

    def pull(self) -> None:
        """charon takes a GROUPKEY-PULL for a broken Quick Mode: both sides go on living."""
        self.charon.serve("psk", False)
        member = self.attempt("psk", "aes256-sha256-modp1024", False)
        explain = lambda: f"member:\n{member.log()}\ncharon:\n{self.charon.log()[-6000:]}"  # noqa: E731
        wait(lambda: member.says(r"registration failed: .*"), "the registration to fail", explain)
        print("  " + re.findall(r"registration failed: .*", member.log())[-1])
        member.stop()

    def refusals(self) -> None:
        """A key server with a good certificate that is not the one we look for."""
        self.charon.serve("rsa", False)
        lines = self.lines("rsa") | {"ike-proposal": "aes256-sha256-modp2048", "ks-identity": "fqdn:other.example"}
        member = Member(self.program, self.folder, lines)
        why = "registration failed: untrusted: .*certificate has no identity of a known key server"
        wait(lambda: member.says(why), "the stranger to be refused", lambda: member.log() + self.charon.log()[-6000:])
        if member.says("phase 1 is up"):
            raise SystemExit(f"phase 1 came up with a stranger:\n{member.log()}")
        member.stop()


def main(program: str) -> int:
    charon = charon_program()
    inside()
    network()
    with tempfile.TemporaryDirectory() as name:
        trial = Trial(os.path.abspath(program), charon, Path(name))
        trial.keys()
        trial.each(MAIN, aggressive=False)
        trial.each(AGGRESSIVE, aggressive=True)
        trial.identities()
        trial.translated()
        trial.refusals()
        trial.pull()
        if trial.charon.stop():
            raise SystemExit(f"charon did not end well:\n{trial.charon.log()}")
        print(f"{trial.count} times phase 1 came up with strongSwan")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
