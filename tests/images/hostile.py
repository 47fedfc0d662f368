#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layers as an attacker would write them: hostile.py CASE OUT.tar writes one, hostile.py --list names them all.

One function for each case, named as in the security notes (U01 to U14). Members are written by hand where tarfile would
not write them so. A case's docstring begins with what must happen: "refused", "contained" (unpacked, with every effect
inside the layer's root) or "either".
"""
import gzip
import struct
import sys

BLOCK = 512
CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def header(name, size=0, kind=b"0", link=b"", mode=0o644, uid=0, gid=0, major=0, minor=0, magic=b"ustar\00000"):
    """A ustar header; name and link are bytes of up to 100, size is a number or the field's 12 bytes."""
    size_field = size if isinstance(size, bytes) else b"%011o\0" % size
    block = (name.ljust(100, b"\0") + b"%07o\0" % mode + b"%07o\0" % uid + b"%07o\0" % gid + size_field +
             b"%011o\0" % 1700000000 + b" " * 8 + kind + link.ljust(100, b"\0") + magic + b"\0" * 64 +
             b"%07o\0" % major + b"%07o\0" % minor).ljust(BLOCK, b"\0")
    assert len(block) == BLOCK, len(block)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def body(data):
    return data + b"\0" * (-len(data) % BLOCK)


def member(name, data=b"", **fields):
    return header(name, fields.pop("size", len(data)), **fields) + body(data)


def pax_record(key, value):
    record = b" " + key + b"=" + value + b"\n"
    length = len(record)
    while length != len(record) + len(str(length)):
        length = len(record) + len(str(length))
    return str(length).encode() + record


def pax(records, kind=b"x"):
    data = b"".join(pax_record(k, v) for k, v in records)
    return member(b"pax", data, kind=kind)


def folder(name, **fields):
    return member(name, kind=b"5", mode=fields.pop("mode", 0o755), **fields)


def symlink(name, target):
    return member(name, kind=b"2", link=target)


def hardlink(name, target):
    return member(name, kind=b"1", link=target)


END = b"\0" * (2 * BLOCK)
VICTIM = b"/tmp/v"  # made by the tests; holds "secret"


# U01: names

@case
def dotdot():
    """refused"""
    return member(b"../../../../../../tmp/v/new", b"x")


@case
def dotdot_inside():
    """refused"""
    return folder(b"a") + member(b"a/../../b", b"x")


@case
def abs():
    """contained"""
    return member(VICTIM + b"/new", b"x")


# U02: symbolic links

@case
def symlink_same():
    """contained"""
    return symlink(b"l", VICTIM) + member(b"l/new", b"x")


@case
def symlink_rel():
    """contained"""
    return symlink(b"l", b"../../../../.." + VICTIM) + member(b"l/new", b"x")


@case
def symlink_chain():
    """refused"""
    links = b"".join(symlink(b"l%d" % i, b"l%d" % (i + 1)) for i in range(50))
    return links + symlink(b"l50", VICTIM) + member(b"l0/new", b"x")


@case
def symlink_dot():
    """contained"""
    return symlink(b"l", b".") + member(b"l/l/l/new", b"x") + symlink(b"m", b"..") + member(b"m/m/new2", b"x")


@case
def symlink_replaced():
    """contained"""
    return (folder(b"d") + member(b"d/one", b"1") + symlink(b"d", VICTIM) + member(b"d/two", b"2") + folder(b"d") +
            member(b"d/three", b"3"))


@case
def symlink_over_file():
    """contained"""
    return symlink(b"f", VICTIM + b"/secret") + member(b"f", b"overwritten")


# U03: hard links

@case
def hardlink_out():
    """refused"""
    return hardlink(b"h", b"../../../../../.." + VICTIM + b"/secret") + member(b"h", b"x")


@case
def hardlink_abs():
    """refused"""
    return hardlink(b"h", VICTIM + b"/secret")


@case
def hardlink_via_symlink():
    """refused"""
    return symlink(b"l", VICTIM) + hardlink(b"h", b"l/secret") + member(b"h", b"x", mode=0o777)


@case
def hardlink_to_symlink_chmod():
    """contained"""
    return symlink(b"l", VICTIM + b"/secret") + hardlink(b"h", b"l") + member(b"h", b"x", mode=0o4777)


@case
def hardlink_to_folder():
    """refused"""
    return folder(b"d") + hardlink(b"h", b"d")


@case
def hardlink_to_itself():
    """contained"""
    return member(b"f", b"kept") + hardlink(b"f", b"f")


@case
def hardlink_to_whiteout():
    """refused"""
    return member(b".wh.f") + hardlink(b"h", b"f")


# U04: whiteouts

@case
def whiteout_empty():
    """refused"""
    return member(b".wh.")


@case
def whiteout_dot():
    """refused"""
    return member(b".wh..")


@case
def whiteout_dotdot():
    """refused"""
    return folder(b"d") + member(b"d/.wh...")


@case
def whiteout_folder():
    """refused"""
    return folder(b".wh.a") + member(b".wh.a/b", b"x")


@case
def whiteout_symlink():
    """refused"""
    return symlink(b".wh.a", VICTIM)


@case
def whiteout_through_symlink():
    """contained"""
    return symlink(b"l", VICTIM) + member(b"l/.wh.secret")


@case
def whiteout_upwards_many():
    """refused"""
    return folder(b"d") + member(b"d/.wh../x")


@case
def whiteout_below_dots():
    """refused"""
    return folder(b"d") + member(b"d/../.wh.secret")


@case
def whiteout_opaque_folder():
    """refused"""
    return folder(b".wh..wh..opq") + member(b".wh..wh..opq/x", b"x")


@case
def whiteout_marks_link():
    """refused"""
    return symlink(b".wh..wh.plnk", VICTIM) + member(b".wh..wh.plnk/new", b"x") + hardlink(b"h", b".wh..wh.plnk/secret")


@case
def whiteout_hard_link():
    """contained"""
    return member(b"f", b"x") + hardlink(b".wh.g", b"f") + hardlink(b".wh.h", b"nowhere")


# U05: unbounded work

@case
def opaque_many():
    """contained"""
    return b"".join(folder(b"d%d" % i) + member(b"d%d/.wh..wh..opq" % i) for i in range(20000))


@case
def deep():
    """contained"""
    return folder(b"a/" * 49 + b"a") + member(b"a", b"x")


# U06: the root

@case
def root_file():
    """refused"""
    return member(b".", b"x")


@case
def root_symlink_dot():
    """refused"""
    return symlink(b".", VICTIM)


@case
def root_symlink_slashdot():
    """refused"""
    return symlink(b"/.", VICTIM)


@case
def root_hardlink():
    """refused"""
    return member(b"f", b"x") + hardlink(b"./", b"f")


# U07: changes that follow a link

@case
def dir_over_symlink_chmod():
    """contained"""
    return symlink(b"l", VICTIM) + folder(b"l", mode=0o777, uid=1000, gid=1000)


@case
def dir_over_symlink_xattr():
    """contained"""
    return symlink(b"l", VICTIM) + pax([(b"SCHILY.xattr.user.x", b"y")]) + folder(b"l")


# U08: devices

@case
def mknod_kmem():
    """contained"""
    return member(b"kmem", kind=b"3", major=1, minor=2, mode=0o666)


@case
def mknod_large():
    """refused"""
    return member(b"dev", kind=b"4", major=0o7777777, minor=0, mode=0o666)


@case
def rawwhiteout_00():
    """refused"""
    return member(b"gone", kind=b"3", major=0, minor=0)


# U09: attributes

@case
def xattr_overlay():
    """contained"""
    return pax([(b"SCHILY.xattr.trusted.overlay.opaque", b"y"), (b"SCHILY.xattr.user.overlay.redirect", b"/../../../.."),
                (b"SCHILY.xattr.user.overlay.opaque", b"y"), (b"SCHILY.xattr.security.selinux", b"x"),
                (b"SCHILY.xattr.user.kept", b"1")]) + folder(b"d")


# U10: sizes

@case
def pax_size_desync():
    """contained"""
    return (pax([(b"size", b"1024")]) + header(b"outer", 0) + body(b"A" * 1024) + member(b"after", b"x"))


@case
def hardlink_with_content():
    """refused"""
    inner = member(b"inner")
    return member(b"f", b"f") + pax([(b"size", b"512")]) + member(b"h", kind=b"1", link=b"f", size=512) + inner


@case
def hardlink_with_content_after_pax():
    """refused"""
    return pax([(b"mtime", b"1.5")]) + member(b"f", b"f") + member(b"h", kind=b"1", link=b"f", size=512) + member(b"inner")


@case
def neg_size():
    """refused"""
    return header(b"f", b"\xff" * 12) + END


@case
def huge_claimed():
    """refused"""
    return header(b"f", b"\x80" + b"\0" * 3 + struct.pack(">Q", 1 << 62)) + body(b"x")


@case
def pax_malformed():
    """refused"""
    return member(b"pax", b"99999 path=x\n", kind=b"x") + member(b"f", b"x")


@case
def pax_negative_size():
    """refused"""
    return pax([(b"size", b"-1")]) + member(b"f", b"x")


@case
def bad_checksum():
    """refused"""
    block = header(b"second", 0)
    return member(b"first", b"x") + block[:148] + b"0000000\0" + block[156:]


@case
def uid_out_of_range():
    """refused"""
    return pax([(b"uid", b"4294967295")]) + member(b"f", b"x")


# U11: memory

@case
def longname_8g():
    """refused"""
    return header(b"././@LongLink", b"\x80" + b"\0" * 3 + struct.pack(">Q", 8 << 30), kind=b"L")


@case
def pax_2m():
    """refused"""
    return pax([(b"comment", b"x" * (2 << 20))]) + member(b"f", b"x")


@case
def sparse_million():
    """refused"""
    regions = b"1000000\n" + b"".join(b"%d\n0\n" % (i * 1024) for i in range(1000000))
    data = body(regions)
    return (pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"),
                 (b"GNU.sparse.realsize", b"1024000000")]) + member(b"s", data))


@case
def sparse_outside():
    """refused"""
    return (pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"),
                 (b"GNU.sparse.realsize", b"10")]) + member(b"s", body(b"1\n5\n100\n") + b"x" * 100))


@case
def headers_without_end():
    """refused"""
    return b"".join(pax([(b"comment", b"x")]) for _ in range(1000)) + member(b"f", b"x")


# U12: names and attributes that are too long or odd

def named(name):
    """as a pax record says it"""
    return pax([(b"path", name)]) + member(b"short", b"x")


@case
def name_255():
    """contained"""
    return named(b"n" * 255)


@case
def name_256():
    """refused"""
    return named(b"n" * 256)


@case
def name_4096():
    """refused"""
    return named(b"/".join([b"n" * 200] * 21))


@case
def name_65536():
    """refused"""
    return named(b"n/" * 32768)


@case
def name_nul():
    """either"""
    return named(b"a\0b")


@case
def name_control():
    """contained"""
    return named(b"\x1b]0;title\x07\xe2\x80\xae") + member(b"\x1b[2J\x9b", b"x")


@case
def name_control_refused():
    """refused"""
    return named(b"\x1b]0;title\x07/../x")


@case
def xattr_empty():
    """refused"""
    return pax([(b"SCHILY.xattr.user.", b"x")]) + member(b"f", b"x")


@case
def xattr_no_dot():
    """refused"""
    return pax([(b"SCHILY.xattr.nodot", b"x")]) + member(b"f", b"x")


@case
def xattr_long():
    """refused"""
    return pax([(b"SCHILY.xattr.user." + b"n" * 300, b"x")]) + member(b"f", b"x")


@case
def xattr_big():
    """refused"""
    return pax([(b"SCHILY.xattr.user.big", b"x" * 70000)]) + member(b"f", b"x")


@case
def xattr_many():
    """either"""
    return pax([(b"SCHILY.xattr.user.n%05d" % i, b"x") for i in range(9000)]) + member(b"f", b"x")


# U13, U14: compression

def zstd_frame(window, data):
    """of raw blocks; the window is 2 to the power of 10 + @window"""
    blocks = [data[i:i + (1 << 10)] for i in range(0, len(data), 1 << 10)]
    headers = [struct.pack("<L", len(b) << 3 | (i == len(blocks) - 1))[:3] for i, b in enumerate(blocks)]
    return b"\x28\xb5\x2f\xfd\0" + bytes([window << 3]) + b"".join(h + b for h, b in zip(headers, blocks))


@case
def zstd_window():
    """contained"""
    return zstd_frame(13, member(b"f", b"x") + END)


@case
def zstd_window_2g():
    """refused"""
    return zstd_frame(21, member(b"f", b"x") + END)


@case
def zstd_window_3t():
    """refused"""
    return zstd_frame(31, member(b"f", b"x") + END)


@case
def zstd_trunc():
    """refused"""
    return zstd_frame(13, member(b"f", b"x" * 5000) + END)[:-900]


@case
def zstd_trailing():
    """refused"""
    return zstd_frame(13, member(b"f", b"x") + END) + b"garbage"


@case
def zstd_bomb(window=13, megabytes=64, name=b"f"):
    """contained"""
    size = megabytes << 20
    head, tail = header(name, size), END
    runs = b"".join(struct.pack("<L", (128 << 10) << 3 | 1 << 1)[:3] + b"\0" for _ in range(size // (128 << 10)))
    raw = lambda data, last: struct.pack("<L", len(data) << 3 | last)[:3] + data
    return b"\x28\xb5\x2f\xfd\0" + bytes([window << 3]) + raw(head, 0) + runs + raw(tail, 1)


def gzip_header(flags, more=b""):
    return b"\x1f\x8b\x08" + bytes([flags]) + b"\0" * 4 + b"\0\x03" + more


def gzip_rest(spoil=lambda trailer: trailer):
    data = gzip.compress(member(b"f", b"x" * 3000) + END)
    return data[10:-8] + spoil(data[-8:])


@case
def gzip_fields():
    """contained"""
    return gzip_header(0x1c, b"\x04\0abcd" + b"name\0" + b"comment\0") + gzip_rest()


@case
def gzip_header_checksum():
    """refused"""
    return gzip_header(0x02, b"\x12\x34") + gzip_rest()


@case
def gzip_reserved_flags():
    """either"""
    return gzip_header(0xe0) + gzip_rest()


@case
def gzip_extra_64k():
    """contained"""
    return gzip_header(0x04, b"\xff\xff" + b"e" * 65535) + gzip_rest()


@case
def gzip_name_without_end():
    """refused"""
    return gzip_header(0x08, b"n" * (3 << 20))


@case
def gzip_checksum():
    """refused"""
    return gzip_header(0) + gzip_rest(lambda trailer: b"\0\0\0\0" + trailer[4:])


@case
def gzip_length():
    """refused"""
    return gzip_header(0) + gzip_rest(lambda trailer: trailer[:4] + b"\xff\xff\xff\x7f")


@case
def gzip_of_gzip():
    """refused"""
    return gzip.compress(gzip.compress(member(b"f", b"x") + END))


@case
def gzip_empty_members():
    """contained"""
    return gzip.compress(b"") * 20000 + gzip.compress(member(b"f", b"x") + END)


@case
def xz():
    """refused"""
    return b"\xfd7zXZ\0\0\x04" + b"\0" * 600


@case
def bzip2():
    """refused"""
    return b"BZh91AY&SY" + b"\0" * 600

@case
def bomb():
    """contained"""
    return gzip.compress(member(b"f", b"\0" * (64 << 20)) + END, 9)


@case
def gzip_trailing():
    """refused"""
    return gzip.compress(member(b"f", b"x") + END) + b"garbage"


@case
def gzip_members():
    """contained"""
    data = member(b"f", b"x") + member(b"g", b"y") + END
    return gzip.compress(data[:700]) + gzip.compress(data[700:])


@case
def gzip_trunc():
    """refused"""
    return gzip.compress(member(b"f", bytes(range(256)) * 400) + END)[:-20]


@case
def trunc():
    """refused"""
    return header(b"usr/bin/x", 100000) + b"x" * 5000


def build(name):
    data = CASES[name]()
    packed = data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh"))
    return data if packed or name == "trunc" else data + END


def expectation(name):
    return CASES[name].__doc__


def main():
    if sys.argv[1:] == ["--list"]:
        for name in CASES:
            print(name, expectation(name))
        return
    if len(sys.argv) != 3 or sys.argv[1] not in CASES:
        sys.exit("usage: hostile.py CASE OUT.tar, or hostile.py --list")
    with open(sys.argv[2], "wb") as out:
        out.write(build(sys.argv[1]))


if __name__ == "__main__":
    main()
