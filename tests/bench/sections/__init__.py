# SPDX-License-Identifier: GPL-2.0-or-later
"""The sections of the table: by letter the module that measures it, and its title. Each module has measure(run), which
yields rows; `run` is an inside.Run."""

SECTIONS = {
    "a": ("path", "Throughput with addresses preserved against a classic XFRM tunnel"),
    "b": ("lists", "An access list into the kernel and out of it, against `ip -batch` and charon"),
    "c": ("start", "From the start of the program to the first encrypted packet, against charon's IKEv1"),
    "d": ("rekey", "A rekey that changes keys only, from the datagram to the kernel"),
    "e": ("rest", "Memory and processor time at rest and of rekeys, against charon"),
    "f": ("growth", "What a packet costs as the list grows, against as long a list of a classic tunnel"),
    "g": ("senders", "Both directions at once, of several senders, against a classic tunnel"),
    "h": ("junk", "What junk costs a member"),
}
TITLES = {letter: title for letter, (_, title) in SECTIONS.items()}
WITH_PROCESSORS = "ag"  # what is measured with two processors, too
OF_KERNELS = "b"  # what is measured on each kernel that is named
