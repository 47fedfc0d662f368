#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layers of every kind there is, as layouts: kinds.py CASE FOLDER writes one, named localhost/kind:1; kinds.py --list names all;
kinds.py --layer FILE FOLDER writes one of that layer.

What they must unpack to, other programs say (tests/integration/unpack.bats). A case returns its layers, lowest first. Where a
program is known to make something else of one, its docstring says "not PROGRAM: why" in a line; "--list" prints it.
"""
import gzip
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import tarfile

from hostile import END, body, folder, hardlink, header, member, pax, symlink

NAME = "localhost/kind:1"
OCI = "application/vnd.oci.image."
TIME = 1700000000 # of hostile.header
CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def layer(*members):
    return b"".join(members) + END


def root(**fields):
    return folder(b"./", **fields)


def hard(name, target, **fields):
    """A hard link that says of its file what the file's own entry says: some programs obey the last one."""
    return member(name, kind=b"1", link=target, **fields)


def by_tarfile(*members, form=tarfile.PAX_FORMAT):
    """(name, what tarfile.TarInfo is to have, its content)"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as tar:
        top = tarfile.TarInfo(".")
        top.type, top.mode, top.mtime = tarfile.DIRTYPE, 0o755, TIME
        tar.addfile(top)
        for name, fields, data in members:
            info = tarfile.TarInfo(name)
            info.mtime, info.size = TIME, len(data)
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


# One layer

@case
def simple():
    return [layer(root(), folder(b"usr/"), folder(b"usr/bin/", mode=0o751, uid=10, gid=20), member(b"usr/bin/x", b"x" * 5000, mode=0o755),
                  member(b"usr/bin/empty", b"", mode=0), symlink(b"usr/relative", b"bin/x"), symlink(b"usr/absolute", b"/usr/bin/x"),
                  symlink(b"usr/dangling", b"../../../../nowhere"), member(b"file", b"y", uid=1000, gid=1001))]


@case
def modes():
    return [layer(root(), *(member(b"f%04o" % m, b"", mode=m, uid=u, gid=7) for u in (0, 1) for m in (0o4755 + u, 0o2755 + u, 0o6711 + u)),
                  folder(b"tmp", mode=0o1777), folder(b"setgid", mode=0o2775, uid=3, gid=4), folder(b"none", mode=0),
                  member(b"none/in", b"i", mode=0o400), folder(b"suid", mode=0o4700), member(b"setgid/child", b"c"))]


@case
def devices():
    return [layer(root(), folder(b"dev"), member(b"dev/null", kind=b"3", major=1, minor=3, mode=0o666, uid=5),
                  member(b"dev/big", kind=b"4", major=259, minor=70000, mode=0o660, gid=6),
                  member(b"dev/fifo", kind=b"6", mode=0o1640, uid=9), hard(b"dev/null2", b"dev/null", mode=0o666, uid=5),
                  hard(b"fifo2", b"dev/fifo", mode=0o1640, uid=9))]


@case
def hard_links():
    return [layer(root(), folder(b"a"), member(b"a/one", b"1", mode=0o640, uid=3), hard(b"two", b"a/one", mode=0o640, uid=3),
                  hard(b"a/three", b"./two", mode=0o640, uid=3), hard(b"/four", b"/a/one", mode=0o640, uid=3), symlink(b"link", b"a/one"),
                  hard(b"link2", b"link", mode=0o777))]


@case
def hard_link_that_differs():
    """not podman: it gives the file what the link's entry says"""
    return [layer(root(), member(b"f", b"f", mode=0o640, uid=3), hard(b"g", b"f", mode=0o755, uid=4))]


@case
def hard_link_through_link():
    return [layer(root(), folder(b"real"), symlink(b"way", b"real"), member(b"real/f", b"f"), hardlink(b"g", b"way/f"),
                  member(b"way/h", b"h"))]


@case
def prefixes():
    return [layer(root(), folder(b"./a/"), member(b"./a//b", b"1"), member(b"/c", b"2"), folder(b"d///"), member(b"./d/./e", b"3"),
                  folder(b".//f"))]


@case
def duplicates():
    """not podman: it refuses them
    not tar: it empties folders that come twice"""
    return [layer(root(), member(b"f", b"first", mode=0o600), folder(b"d", mode=0o700, uid=1), member(b"d/kept", b"k"), member(b"f", b"second", uid=2),
                  folder(b"d", mode=0o755, uid=2), symlink(b"s", b"f"), symlink(b"s", b"d"), member(b"h", b"h"), hardlink(b"h", b"f"))]


@case
def replaced_within():
    """not podman: it refuses them"""
    return [layer(root(), member(b"a", b"file"), folder(b"a"), member(b"a/in", b"in"), folder(b"b"), member(b"b", b"file"),
                  folder(b"e"), symlink(b"e", b"a"), symlink(b"c", b"a"), folder(b"c"), member(b"c/in", b"in c"), symlink(b"g", b"a/in"),
                  member(b"g", b"no link"))]


@case
def root_entry():
    return [layer(root(mode=0o711, uid=12, gid=13), member(b"f", b""))]


@case
def nothing():
    return [layer(root(), member(b"f", b"f")), END]


@case
def old_tar():
    """of before POSIX: no magic, folders are files with a slash"""
    return [layer(root(), header(b"d/", 0, b"\0", mode=0o755, magic=b"\0" * 8), header(b"d/f", 2, b"\0", magic=b"\0" * 8) + body(b"hi"))]


@case
def contiguous():
    """not umoci: it does not know the type
    not podman: the same"""
    return [layer(root(), member(b"f", b"data", kind=b"7"))]


@case
def ustar_prefix():
    long = "p" * 90 + "/" + "q" * 60
    return [by_tarfile(("p" * 90, {"type": tarfile.DIRTYPE}, b""), (long, {}, b"f"), form=tarfile.USTAR_FORMAT)]


@case
def gnu_long_names():
    long = "n" * 200
    return [by_tarfile((long, {"type": tarfile.DIRTYPE}, b""), (f"{long}/{'m' * 240}", {}, b"long"),
                       ("link", {"type": tarfile.SYMTYPE, "linkname": f"{long}/{'m' * 240}"}, b""),
                       ("hard", {"type": tarfile.LNKTYPE, "linkname": f"{long}/{'m' * 240}"}, b""), form=tarfile.GNU_FORMAT)]


@case
def pax_long_names():
    long = "n" * 200
    return [by_tarfile((long, {"type": tarfile.DIRTYPE}, b""), (f"{long}/{'m' * 240}", {}, b"long"),
                       ("link", {"type": tarfile.SYMTYPE, "linkname": f"{long}/{'m' * 240}"}, b""),
                       ("hard", {"type": tarfile.LNKTYPE, "linkname": f"{long}/{'m' * 240}"}, b""))]


@case
def deep():
    names = [b"/".join([b"d" * 60] * n) for n in range(1, 17)]
    return [layer(root(), *(pax([(b"path", n)]) + folder(b"d") for n in names), pax([(b"path", names[-1] + b"/file")]) + member(b"f", b"deep"))]


@case
def odd_names():
    return [layer(root(), member(b"new\nline", b"1"), member(b"\xff\xfe", b"2"), member(b"\xe2\x80\xae", b"3"), member(b" space ", b"4"),
                  member(b"back\\slash", b"5"), member(b"*?[", b"6"), member(b"-rf", b"7"), member(b"...", b"8"), member(b"a:b", b"9"))]


@case
def like_names():
    """that differ in case or in Unicode's normal form alone"""
    return [layer(root(), member(b"Readme", b"1"), member(b"README", b"2"), member("\u00e9".encode(), b"composed"),
                  member("e\u0301".encode(), b"decomposed"), pax([(b"path", "\u212b".encode())]) + member(b"x", b"angstrom"),
                  pax([(b"path", "\u00c5".encode())]) + member(b"x", b"ring"))]


@case
def pax_owners():
    return [layer(root(), pax([(b"uid", b"4000000000"), (b"gid", b"4294967294")]) + member(b"huge", b"h"),
                  pax([(b"uid", b"7"), (b"uname", b"root"), (b"gname", "gr\u00fc\u00dfe".encode())]) + member(b"named", b"n", uid=1))]


@case
def binary_owners():
    """numbers in base 256"""
    block = header(b"f", 3)
    number = lambda n: b"\x80" + b"\0" * 3 + struct.pack(">L", n)
    block = block[:108] + number(3000000000) + number(2097152) + block[124:]
    block = block[:148] + b" " * 8 + block[156:]
    block = block[:148] + b"%06o\0 " % sum(block) + block[156:]
    return [layer(root(), block + body(b"abc"))]


@case
def times():
    """not podman: it takes what is before 1970 for 1970"""
    stamps = [b"0", b"-1", b"-86400.25", b"1.5", b"1700000000.123456789", b"1700000000.1234567899999", b"2147483648", b"4294967296.75"]
    return [layer(root(), *(pax([(b"mtime", t), (b"atime", b"1"), (b"ctime", b"1")]) + member(b"t%d" % i) for i, t in enumerate(stamps)),
                  pax([(b"mtime", b"-5.5")]) + folder(b"d"), pax([(b"mtime", b"77.125")]) + symlink(b"s", b"t0"), member(b"d/f", b""))]


@case
def late_times():
    """not umoci: its times end in 2262
    not podman: the same"""
    return [layer(root(), pax([(b"mtime", b"9999999999")]) + member(b"f"), pax([(b"mtime", b"9999999999.5")]) + folder(b"d"))]


@case
def folder_times():
    """files come after their folder, and before it; another folder's in between"""
    dated = lambda t, m: pax([(b"mtime", t)]) + m
    return [layer(root(), dated(b"100", folder(b"a")), member(b"a/1", b""), dated(b"200", folder(b"b")), member(b"b/1", b""), member(b"a/2", b""),
                  member(b"b/2", b""), dated(b"300", folder(b"c")), dated(b"400", folder(b"c/d")),
                  member(b"c/d/f", b""), hardlink(b"a/3", b"a/1"), symlink(b"c/s", b"x")),
            layer(dated(b"500", folder(b"a")), member(b"a/4", b""), dated(b"150", folder(b"c")), dated(b"600", folder(b"c/d")), member(b"c/d/g", b""))]


@case
def global_header():
    """not umoci: it does not know the type
    not podman: it takes two of them for one file"""
    return [layer(pax([(b"comment", b"0123456789abcdef")], kind=b"g"), root(), member(b"f", b"f"), pax([(b"comment", b"x")], kind=b"g"), member(b"g", b"g"))]


@case
def attributes():
    caps = bytes.fromhex("0100000200200000000000000000000000000000")
    return [layer(root(), pax([(b"SCHILY.xattr.user.plain", b"value"), (b"SCHILY.xattr.user.binary", b"a\xff\xfeb")]) +
                  member(b"f", b"f"),
                  pax([(b"SCHILY.xattr.security.capability", caps)]) + member(b"ping", b"p", mode=0o755, uid=4),
                  pax([(b"SCHILY.xattr.user.on.folder", b"1")]) + folder(b"d"), member(b"d/x", b""),
                  pax([(b"SCHILY.xattr.user.kept", b"1")]) + member(b"h", b"1"), hardlink(b"h2", b"h"))]


@case
def attribute_of_nothing():
    """not umoci: it takes no value for no attribute
    not podman: the same"""
    return [layer(root(), pax([(b"SCHILY.xattr.user.empty", b"")]) + member(b"f", b"f"))]


@case
def attributes_of_libarchive():
    """not umoci: it does not know the key
    not podman: the same
    not tar: the same"""
    key = lambda name, value: (b"LIBARCHIVE.xattr.user." + name, value)
    return [layer(root(), pax([key(b"plain", b"dmFsdWU"), key(b"per%25cent", b"eA")]) + member(b"f", b"f"))]


@case
def attributes_dropped():
    names = (b"trusted.overlay.opaque", b"user.overlay.opaque", b"user.overlay.redirect", b"trusted.any", b"security.selinux", b"security.ima")
    return [layer(root(), pax([(b"SCHILY.xattr." + n, b"y") for n in names]) + folder(b"d"), member(b"d/f", b"f"))]


@case
def access_lists():
    """not podman: files inherit a list that they do not have in the archive
    not tar: it keeps them under other keys"""
    entries = ((1, 6, 0xffffffff), (2, 4, 1000), (4, 4, 0xffffffff), (16, 6, 0xffffffff), (32, 0, 0xffffffff))
    acl = struct.pack("<L", 2) + b"".join(struct.pack("<HHL", *e) for e in entries)
    return [layer(root(), pax([(b"SCHILY.xattr.system.posix_acl_access", acl)]) + member(b"f", b"f", mode=0o660),
                  pax([(b"SCHILY.xattr.system.posix_acl_default", acl)]) + folder(b"d", mode=0o755), member(b"d/file", b"x", mode=0o640),
                  folder(b"d/sub", mode=0o750), symlink(b"d/s", b"file"))]


def sized(kind):
    """A link, folder or device whose header names a size, and what may be its data: a header, too."""
    inner = member(b"inner", b"")
    first = member(b"odd", kind=kind, link=b"f" if kind in b"12" else b"", major=1, minor=3, mode=0o755, size=len(inner))
    return layer(root(), member(b"f", b"f"), first + inner, member(b"g", b"g"))


@case
def size_of_hard_link():
    """not podman: it gives the file what the link's entry says"""
    return [sized(b"1")]


@case
def size_of_symlink():
    return [sized(b"2")]


@case
def size_of_device():
    return [sized(b"3")]


@case
def size_of_folder():
    return [sized(b"5")]


@case
def size_of_fifo():
    return [sized(b"6")]


# Sparse files

HOLES = [(512, b"A" * 512), (1 << 20, b"B" * 1024)] # and a hole at the end
REAL = 3 << 20


def sparse_data():
    return b"".join(data for _, data in HOLES)


@case
def sparse_old_gnu():
    """not umoci: it does not know the type
    not podman: the same"""
    block = bytearray(header(b"s", 1536, b"S", magic=b"ustar  \0"))
    for i, (at, data) in enumerate([*HOLES, (REAL, b"")]):
        block[386 + 24 * i:410 + 24 * i] = b"%011o\0%011o\0" % (at, len(data))
    block[483:495] = b"%011o\0" % REAL
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return [layer(root(), bytes(block) + body(sparse_data()), member(b"after", b"a"))]


@case
def sparse_0_0():
    records = [(b"GNU.sparse.size", b"%d" % REAL), (b"GNU.sparse.numblocks", b"3")]
    for at, data in [*HOLES, (REAL, b"")]:
        records += [(b"GNU.sparse.offset", b"%d" % at), (b"GNU.sparse.numbytes", b"%d" % len(data))]
    return [layer(root(), pax(records) + member(b"s", sparse_data()), member(b"after", b"a"))]


@case
def zeroes():
    """written out, as most archives have them"""
    return [layer(root(), member(b"z", bytes(5 << 20) + b"x" + bytes(5 << 20)), member(b"short", bytes(100)))]


@case
def sparse_0_1():
    regions = b",".join(b"%d,%d" % (at, len(data)) for at, data in [*HOLES, (REAL, b"")])
    return [layer(root(), pax([(b"GNU.sparse.size", b"%d" % REAL), (b"GNU.sparse.numblocks", b"3"), (b"GNU.sparse.map", regions),
                               (b"GNU.sparse.name", b"s")]) + member(b"GNUSparseFile.1/s", sparse_data()), member(b"after", b"a"))]


@case
def sparse_1_0():
    regions = b"3\n" + b"".join(b"%d\n%d\n" % (at, len(data)) for at, data in [*HOLES, (REAL, b"")])
    return [layer(root(), pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"),
                               (b"GNU.sparse.realsize", b"%d" % REAL)]) + member(b"GNUSparseFile.1/s", body(regions) + sparse_data()),
                  member(b"after", b"a"))]


# Several layers

LOWEST = layer(root(), folder(b"usr"), folder(b"usr/bin", mode=0o711, uid=3, gid=4), member(b"usr/bin/x", b"x", mode=0o4755, uid=9),
               folder(b"etc"), member(b"etc/conf", b"c", uid=5), folder(b"full", uid=6), member(b"full/a", b"a"), folder(b"full/b"),
               member(b"full/b/c", b"c"), symlink(b"bin", b"usr/bin"), symlink(b"abs", b"/usr/bin"), symlink(b"up", b"../../etc"))


@case
def hard_link_to_lower():
    """not podman: it looks for the target in the same layer only"""
    return [LOWEST, layer(hardlink(b"y", b"usr/bin/x"), hardlink(b"etc/y2", b"etc/conf"), member(b"new", b"n"))]


@case
def parents_left_out():
    """not podman: its folders are root's, 0755, and hide what they were"""
    return [LOWEST, layer(member(b"usr/bin/new", b"n"), member(b"full/b/d", b"d"))]


@case
def parents_below_links():
    """not podman: it makes a folder where the link was"""
    return [LOWEST, layer(member(b"bin/one", b"1"), member(b"abs/two", b"2"), member(b"up/three", b"3"))]


@case
def replaced_above():
    return [LOWEST, layer(member(b"full", b"file"), folder(b"etc/"), folder(b"etc/conf"), member(b"etc/conf/in", b"in"), symlink(b"usr", b"etc"),
                          folder(b"bin"), member(b"bin/in", b"in"), member(b"abs", b"no link"), symlink(b"up", b"full")),
            layer(folder(b"full"), member(b"full/back", b"b"), folder(b"usr"), member(b"usr/again", b"a"))]


@case
def whiteouts():
    return [LOWEST, layer(folder(b"etc"), member(b"etc/.wh.conf"), member(b".wh.full"), member(b".wh.bin"), member(b".wh.never-there"))]


@case
def whiteout_of_all():
    return [LOWEST, layer(*(member(b".wh." + n) for n in (b"usr", b"etc", b"full", b"bin", b"abs", b"up")))]


@case
def whiteout_and_back():
    return [LOWEST, layer(member(b".wh.full"), folder(b"etc"), member(b"etc/.wh.conf")), layer(folder(b"full", uid=7), member(b"full/new", b"n"), folder(b"etc"),
                                                                                            member(b"etc/conf", b"new"))]


@case
def whiteout_first():
    """not podman: what the folder had comes back"""
    return [LOWEST, layer(member(b".wh.full"), folder(b"full", uid=8), member(b"full/new", b"n"), folder(b"etc"), member(b"etc/.wh.conf"),
                          member(b"etc/conf", b"new"))]


@case
def whiteout_last():
    """of what the same layer has made before
    not podman: it refuses them"""
    return [LOWEST, layer(folder(b"full", uid=8), member(b"full/new", b"n"), member(b".wh.full"), folder(b"full", uid=8), folder(b"etc"),
                          member(b"etc/conf", b"new"), member(b"etc/.wh.conf"))]


@case
def opaque():
    return [LOWEST, layer(folder(b"full", uid=1), member(b"full/.wh..wh..opq"), member(b"full/new", b"n"), folder(b"full/b"), member(b"full/b/n", b"n"))]


@case
def opaque_last():
    return [LOWEST, layer(folder(b"full", uid=1), member(b"full/new", b"n"), member(b"full/.wh..wh..opq"))]


@case
def opaque_root():
    """not podman: all of the lower layer is still there"""
    return [LOWEST, layer(member(b".wh..wh..opq"), root(), folder(b"new"), member(b"new/f", b"f"))]


@case
def three_times():
    return [LOWEST, layer(folder(b"full"), member(b"full/.wh..wh..opq"), member(b"full/second", b"2")),
            layer(folder(b"full"), member(b"full/third", b"3"), member(b"full/.wh.second"), folder(b"etc"), member(b"etc/.wh.conf")),
            layer(folder(b"full"), member(b"full/a", b"back"), folder(b"etc"), hardlink(b"etc/h", b"full/a"))]


@case
def other_metadata():
    """folders and files whose owner, mode or time alone has changed"""
    return [LOWEST, layer(folder(b"usr", mode=0o700, uid=1), folder(b"usr/bin", mode=0o755), member(b"usr/bin/x", b"x", mode=0o600), folder(b"full", gid=3))]


@case
def marks_of_aufs():
    """not umoci: it unpacks them
    not podman: the same"""
    return [LOWEST, layer(folder(b".wh..wh.plnk"), member(b".wh..wh.plnk/1.2", b"x"), member(b".wh..wh.aufs"), member(b"new", b"n"))]


@case
def members_of_gzip():
    data = layer(root(), member(b"f", b"f" * 3000))
    return [gzip.compress(data[:1000], mtime=0) + gzip.compress(data[1000:], mtime=0)]


def blob(layout, data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{layout}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"mediaType": OCI + media_type, "digest": "sha256:" + digest, "size": len(data)}


ZSTD = b"\x28\xb5\x2f\xfd"


def plain(data):
    if data[:4] == ZSTD:
        return subprocess.run(["zstd", "-dcq", "--memory=2048MB"], input=data, capture_output=True, check=True).stdout
    try:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (EOFError, gzip.BadGzipFile):
        return b""  # it is broken on purpose


def write_layout(layers, layout):
    os.makedirs(f"{layout}/blobs/sha256")
    kinds = {b"\x1f\x8b": "+gzip", ZSTD[:2]: "+zstd"}
    blobs = [blob(layout, data, "layer.v1.tar" + kinds.get(data[:2], "")) for data in layers]
    diff_ids = ["sha256:" + hashlib.sha256(plain(data)).hexdigest() for data in layers]
    text = lambda value: json.dumps(value).encode()
    config = blob(layout, text({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}),
                  "config.v1+json")
    manifest = blob(layout, text({"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": blobs}), "manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": NAME}
    for name, value in (("index.json", {"schemaVersion": 2, "manifests": [manifest]}), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(f"{layout}/{name}", "wb") as f:
            f.write(text(value))


def main():
    if sys.argv[1:] == ["--list"]:
        for name, function in CASES.items():
            excepted = [line.split()[1].rstrip(":") for line in (function.__doc__ or "").splitlines() if line.split()[:1] == ["not"]]
            print(name, *excepted)
        return
    if len(sys.argv) == 4 and sys.argv[1] == "--layer":
        with open(sys.argv[2], "rb") as f:
            write_layout([f.read()], sys.argv[3])
        return
    if len(sys.argv) != 3 or sys.argv[1] not in CASES:
        sys.exit(__doc__)
    write_layout(CASES[sys.argv[1]](), sys.argv[2])


if __name__ == "__main__":
    main()
