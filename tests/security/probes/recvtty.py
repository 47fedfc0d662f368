#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""recvtty.py SOCKET: take the terminal that a runtime sends to a console socket, and print what is written to it until its end.
recvtty.py --none SOCKET: whoever still waits for one there is told that none will come."""

import contextlib
import socket
import sys

from terminal import output


def tell(path):
    with socket.socket(socket.AF_UNIX) as sender, contextlib.suppress(ConnectionError):  # it has had one
        sender.connect(path)


def receive(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        connection, _ = listener.accept()
        _, terminals, _, _ = socket.recv_fds(connection, 4096, 1)
    for data in output(terminals[0]) if terminals else ():
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


(tell if sys.argv[1] == "--none" else receive)(sys.argv[-1])
