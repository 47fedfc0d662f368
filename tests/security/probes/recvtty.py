#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""recvtty.py SOCKET: take the terminal that a runtime sends to a console socket, and print what is written to it until its end."""

import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen()
    listener.settimeout(20)
    connection, _ = listener.accept()
    _, (terminal, *_), _, _ = socket.recv_fds(connection, 4096, 1)
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:  # EIO: the other side is closed
        data = b""
    if not data:
        break
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
