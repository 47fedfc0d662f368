#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""names.py --folder FOLDER NAME…: a name server on 127.0.0.1 that knows these names, each as 127.0.0.1, and no others.

FOLDER/ready is there once it listens; every question becomes a line of FOLDER/log.
"""

import argparse
import socket
import struct

A, AAAA = 1, 28


def question(packet):
    """The name that is asked for, the type, and where the question ends."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack(">H", packet[at + 1:at + 3])[0], at + 5


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--folder", required=True)
    p.add_argument("names", nargs="+")
    options = p.parse_args()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    with open(f"{options.folder}/ready", "w", encoding="ascii"):
        pass
    while True:
        packet, client = server.recvfrom(4096)
        name, kind, end = question(packet)
        with open(f"{options.folder}/log", "a", encoding="ascii") as f:
            f.write(f"{name} {kind}\n")
        known = name in options.names
        answer = known and kind == A
        head = packet[:2] + struct.pack(">HHHHH", 0x8180 | (0 if known else 3), 1, answer, 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", A, 1, 60, 4) + socket.inet_aton("127.0.0.1") if answer else b""
        server.sendto(head + packet[12:end] + record, client)


if __name__ == "__main__":
    main()
