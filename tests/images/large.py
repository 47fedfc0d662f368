#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Large layers, as layouts named localhost/kind:1 (as those of kinds.py): large.py CASE FOLDER.

  files    60,000 small files            bytes    a file of 150 MB         layers   six layers of 25 MB
  names    30,000 long names, each with hard links, symbolic links and attributes
  windows  three zstd layers, each with a window of 128 MB; small-windows: four of 8 MB
  cut      a layer with everything in it, for those who cut it off
"""
import gzip
import random
import sys

from hostile import END, folder, header, member, pax, symlink, zstd_bomb
from kinds import hard, layer, root, write_layout

MB = 1 << 20


def packed(data):
    return gzip.compress(data, 1, mtime=0)


def noise(megabytes, seed):
    block = random.Random(seed).randbytes(MB)
    return header(b"noise%d" % seed, megabytes * MB) + block * megabytes


def files():
    members = [root()]
    for d in range(60):
        members += [folder(b"d%02d" % d)] + [member(b"d%02d/f%03d" % (d, i), b"%d" % i) for i in range(1000)]
    return [packed(layer(*members))]


def names():
    members = [root()]
    for i in range(5000):
        name = b"%05d" % i + b"n" * 200
        members += [pax([(b"path", name), (b"SCHILY.xattr.user.x", b"v" * 500)]) + member(b"f", b"x")]
        for k in range(5):
            members += [pax([(b"path", name + b"%d" % k), (b"linkpath", name)]) + (hard if k % 2 else symlink)(b"l", b"f")]
    return [packed(layer(*members))]


CASES = {
    "files": files,
    "names": names,
    "bytes": lambda: [packed(layer(root(), noise(150, 1)))],
    "layers": lambda: [packed(layer(root(), noise(25, seed))) for seed in range(6)],
    "windows": lambda: [zstd_bomb(17, 140, b"f%d" % i) for i in range(3)],
    "small-windows": lambda: [zstd_bomb(13, 60, b"f%d" % i) for i in range(4)],
    "cut": lambda: [packed(layer(root(), pax([(b"SCHILY.xattr.user.x", b"v" * 1500), (b"path", b"p" * 150)]) + member(b"f", bytes(range(256)) * 40),
                                 member(b"././@LongLink", b"l" * 700 + b"\0", kind=b"L") + member(b"g", b"g" * 600)))],
}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in CASES:
        sys.exit(__doc__)
    write_layout(CASES[sys.argv[1]](), sys.argv[2])


if __name__ == "__main__":
    main()
