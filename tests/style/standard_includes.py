#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whoever names std::X includes the header that declares it, by itself or by a header of the project, and so for
libraries whose names have a prefix.

What a standard header happens to bring along differs from one library to the next. A precompiled header hides it.

usage: standard_includes.py ROOT
"""

import functools
import re
import sys
from pathlib import Path

import sources

ALGORITHMS = """adjacent_find all_of any_of binary_search clamp copy copy_if copy_n count count_if equal equal_range fill fill_n find
    find_first_of find_if for_each generate includes is_permutation is_sorted lexicographical_compare lower_bound max max_element
    merge min min_element minmax mismatch move_backward none_of partition partition_point replace replace_if remove remove_if
    reverse rotate search set_difference set_intersection set_symmetric_difference set_union sort stable_partition stable_sort
    transform unique upper_bound"""
# The headers that declare a name; any of them will do.
HEADERS = {
    "algorithm": ALGORITHMS,
    "array": "array to_array",
    "bit": "bit_cast bit_width countl_zero countr_zero has_single_bit popcount",
    "charconv": "from_chars to_chars",
    "chrono": "chrono",
    "cmath": "log2 sqrt pow ceil floor",
    "concepts": "invocable same_as unsigned_integral integral",
    "cstddef": "byte max_align_t nullptr_t to_integer",
    "cstdint": """int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t uintmax_t intmax_t""",
    "cstdio": "snprintf sscanf fopen fclose FILE",
    "cstring": "memcpy memset memcmp memmove strcmp strerror strlen",
    "deque": "deque",
    "filesystem": "filesystem",
    "fstream": "ifstream ofstream",
    "functional": "function hash invoke less greater plus reference_wrapper ref cref",
    "initializer_list": "initializer_list",
    "iostream": "cerr cin cout clog",
    "limits": "numeric_limits",
    "list": "list",
    "map": "map multimap",
    "memory": "make_shared make_unique shared_ptr unique_ptr weak_ptr addressof",
    "numeric": "accumulate iota gcd",
    "optional": "make_optional nullopt nullopt_t optional",
    "random": "mt19937 mt19937_64 random_device uniform_int_distribution",
    "set": "multiset set",
    "span": "as_bytes as_writable_bytes dynamic_extent span",
    "sstream": "istringstream ostringstream stringstream",
    "string": "getline stoi stol stoul stoull string to_string",
    "string_view": "string_view",
    "thread": "thread this_thread",
    "tuple": "apply forward_as_tuple make_tuple tie tuple",
    "unordered_map": "unordered_map",
    "variant": "get_if holds_alternative monostate variant variant_size_v visit",
    "vector": "vector",
}
BY_NAME = {name: header for header, names in HEADERS.items() for name in names.split()}
# The header of a library that declares a name with this prefix.
LIBRARIES = {"fmt": "fmt/format.h", "tl": "tl/expected.hpp"}
NAME = re.compile(r"\bstd::(\w+)")
OF_LIBRARY = re.compile(rf"\b({'|'.join(LIBRARIES)})::")
INCLUDE = re.compile(r'^#include ([<"])([^>"]+)[>"]', re.M)
NO_CODE = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"')
# Headers that have to bring others along, by the standard's own words.
BRINGS = {"string": ("initializer_list",), "vector": ("initializer_list",), "map": ("initializer_list",), "set": ("initializer_list",)}


class Tree:
    def __init__(self, root):
        self.root = Path(root)

    @functools.cache
    def text(self, path):
        return (self.root / path).read_text()

    @functools.cache
    def reached(self, path):
        """The standard headers that a file includes, by itself or by the project's."""
        found = set()
        for bracket, name in INCLUDE.findall(self.text(path)):
            if bracket == "<":
                found |= {name, *BRINGS.get(name, ())}
            elif (self.root / name).is_file():
                found |= self.reached(name)
        return found

    def lacking(self, path):
        code = NO_CODE.sub("", self.text(path))
        wanted = {BY_NAME[name] for name in NAME.findall(code) if name in BY_NAME}
        wanted |= {LIBRARIES[prefix] for prefix in OF_LIBRARY.findall(code)}
        return sorted(wanted - self.reached(path))


def main(root):
    tree = Tree(root)
    failures = 0
    for file in sources.cpp(root, ("gdoi", "xfrm", "agent")):
        path = file.relative_to(root)
        for header in tree.lacking(path):
            print(f"{path}: needs #include <{header}>")
            failures += 1
    return failures > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
