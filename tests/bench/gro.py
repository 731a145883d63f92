# SPDX-License-Identifier: GPL-2.0-or-later
"""Generic receive offload (GRO) of the links in the lab."""

import ctypes
import fcntl
import socket

from netns import socket_in

SIOCETHTOOL, GET_GRO, SET_GRO = 0x8946, 0x2B, 0x2C


class Value(ctypes.Structure):
    """struct ethtool_value"""
    _fields_ = [("command", ctypes.c_uint32), ("data", ctypes.c_uint32)]


class Request(ctypes.Structure):
    """struct ifreq with a pointer"""
    _fields_ = [("name", ctypes.c_char * 16), ("data", ctypes.c_void_p)]


def gro(lab, node, device, wanted=None):
    """Whether GRO is on there, after setting it when that is wanted."""
    with socket_in(lab.namespace(node), socket.AF_INET, socket.SOCK_DGRAM) as one:
        for command in ([] if wanted is None else [SET_GRO]) + [GET_GRO]:
            value = Value(command, int(wanted or 0))
            fcntl.ioctl(one, SIOCETHTOOL, Request(device.encode(), ctypes.addressof(value)))
    return bool(value.data)


def set_gro(lab, sites, wanted):
    """On all links of the CEs, both ends: of a veth it takes effect on the side that receives."""
    for site in (site for pair in sites.values() for site in pair):
        for node, device in ((f"ce{site}", "wan0"), (f"ce{site}", "lan0"), ("pe", f"ce{site}"), (f"h{site}", "eth0")):
            if gro(lab, node, device, wanted) != wanted:
                raise RuntimeError(f"GRO of {device} in {node} cannot be set")
