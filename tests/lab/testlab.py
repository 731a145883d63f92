# SPDX-License-Identifier: GPL-2.0-or-later
"""All that a scenario imports: `from testlab import ESP, main, wait_until`. tests/README.md says how to write one."""

import importlib

import apparmor
import cisco_show
import kernel
import multicast
import packets
import status
from bird import Bird
from capture import Capture
from facts import Facts, run_scenario
from faults import Fault, Faults
from memory import in_memory
from netns import socket_in
from network import Lab, Ping
from packets import ESP, ICMP, TCP, UDP, build_icmpv6_echo, build_ipv4, build_ipv6, build_udp, checksum, parse
from processes import KEY_SERVER, PATIENCE, NameServer, Process, mirrored, set_list, set_rekey, set_shared_state, wait_until
from second_lock import SecondLock
from second_wan import GATEWAYS, add_second_wan, switch_to
from strongswan import Charon, tunnel
from topology import LabError, run
from traffic import Traffic

__all__ = ["ESP", "GATEWAYS", "ICMP", "KEY_SERVER", "PATIENCE", "TCP", "UDP", "Bird", "Capture", "Charon", "Facts", "Fault", "Faults", "Lab", "LabError", "NameServer", "Ping", "Process",
           "SecondLock", "Traffic", "add_second_wan", "build_icmpv6_echo", "build_ipv4", "build_ipv6", "build_udp", "checksum", "in_memory", "kernel", "main", "mirrored",
           "cisco_show", "multicast", "packets", "parse", "run", "set_list", "set_rekey", "set_shared_state", "socket_in", "status", "switch_to", "tunnel", "wait_until"]
# What loads a library that takes long to load, and is loaded when asked for: module, or name in a module.
SLOW = {"esp": "esp", "other_esp": "other_esp", "Suite": "other_esp", "PLAIN": "other_esp", "COMBINED": "other_esp",
        "NotAuthentic": "other_esp"}


def __getattr__(name):
    if name not in SLOW:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(SLOW[name])
    return module if SLOW[name] == name else getattr(module, name)


def main(scenario, **topology):
    """What every scenario's `run` ends with."""
    run_scenario(scenario, lambda: Lab(**topology))
