# SPDX-License-Identifier: GPL-2.0-or-later
"""Generic receive offload (GRO) of the links in the lab."""

import ctypes
import fcntl
import socket

from netns import socket_in

SIOCETHTOOL, GET_TSO, SET_TSO, GET_GRO, SET_GRO = 0x8946, 0x1E, 0x1F, 0x2B, 0x2C


class Value(ctypes.Structure):
    """struct ethtool_value"""
    _fields_ = [("command", ctypes.c_uint32), ("data", ctypes.c_uint32)]


class Request(ctypes.Structure):
    """struct ifreq with a pointer"""
    _fields_ = [("name", ctypes.c_char * 16), ("data", ctypes.c_void_p)]


def switch(lab, node, device, put, get, wanted):
    """Sets a feature, and tells whether it is on now."""
    with socket_in(lab.namespace(node), socket.AF_INET, socket.SOCK_DGRAM) as one:
        for command in (put, get):
            value = Value(command, int(wanted))
            fcntl.ioctl(one, SIOCETHTOOL, Request(device.encode(), ctypes.addressof(value)))
    return bool(value.data)


def set_gro(lab, sites, wanted):
    """On all links of the CEs, both ends. A veth joins what it receives only where its other end does not do TSO: the
    provider's do not."""
    for site in (site for pair in sites.values() for site in pair):
        for node, device in ((f"ce{site}", "wan0"), (f"ce{site}", "lan0"), ("pe", f"ce{site}"), (f"h{site}", "eth0")):
            if switch(lab, node, device, SET_GRO, GET_GRO, wanted) != wanted:
                raise RuntimeError(f"GRO of {device} in {node} cannot be set")
        if switch(lab, "pe", f"ce{site}", SET_TSO, GET_TSO, not wanted) == wanted:
            raise RuntimeError(f"TSO of ce{site} in pe cannot be set")
