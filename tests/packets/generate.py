#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Turns the packet table (rows.py) into C. Usage: generate.py OUTPUT.c"""

import sys

from rows import ROWS

HEAD = """// SPDX-License-Identifier: BSD-3-Clause
//
// Made from tests/packets/rows.py by generate.py.
#include "tests/packets/row.h"

"""


def c_bytes(data):
    """The bytes as a C compound literal; an empty frame still needs an address."""
    return "(const uint8_t[]){%s}" % (",".join("%d" % b for b in data) or "0")


def main():
    names = [row.name for row in ROWS]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        sys.exit("generate.py: rows with the same name: " + ", ".join(twice))
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write(HEAD + "const struct packet_row packet_rows[] = {\n")
        for row in ROWS:
            out.write('\t{"%s", %s, %d, {SIDE_%s, %d, %d, 0}, REASON_%s, %s, %d, %dull},\n' % (
                row.name, c_bytes(row.frame), len(row.frame), row.side, row.pair, row.pair == 1,
                row.reason, " | ".join("HOST_" + host for host in row.hosts), row.policy, row.at_s * 10**9))
        out.write("};\nconst size_t packet_row_count = sizeof(packet_rows) / sizeof(packet_rows[0]);\n")


if __name__ == "__main__":
    main()
