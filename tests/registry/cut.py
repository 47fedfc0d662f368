#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cut.py --folder FOLDER --to PORT [--after BYTES] [--times N] [--up]: a bad line to a registry.

It listens on a free port of 127.0.0.1, which it writes into FOLDER/port, and passes on what comes to PORT. The first N (1)
connections that bring as much are reset after BYTES of what comes from the registry, or with --up of what goes there. A line
for each cut is written to FOLDER/log.
"""

import argparse
import os
import socket
import struct
import threading


class Line:
    def __init__(self, options):
        self.options, self.left, self.lock = options, options.times, threading.Lock()

    def cut(self):
        with self.lock:
            if self.left == 0:
                return False
            self.left -= 1
            with open(f"{self.options.folder}/log", "a", encoding="ascii") as f:
                f.write("cut\n")
            return True

    def reset(self, *ends):
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                end.shutdown(socket.SHUT_RD)  # wakes who reads from it
            except OSError:
                pass
            end.close()

    def passes(self, source, sink, counts):
        room = self.options.after
        try:
            while data := source.recv(min(65536, room) if counts and room else 65536):
                sink.sendall(data)
                if counts and room:
                    room -= len(data)
                    if room == 0 and self.cut():
                        self.reset(source, sink)
                        return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(self, client):
        registry = socket.create_connection(("127.0.0.1", self.options.to))
        threading.Thread(target=self.passes, args=(client, registry, self.options.up), daemon=True).start()
        self.passes(registry, client, not self.options.up)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--folder", required=True)
    p.add_argument("--to", type=int, required=True)
    p.add_argument("--after", type=int, default=100000)
    p.add_argument("--times", type=int, default=1)
    p.add_argument("--up", action="store_true")
    options = p.parse_args()
    line = Line(options)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        with open(f"{options.folder}/port.new", "w", encoding="ascii") as f:
            f.write(f"{server.getsockname()[1]}\n")
        os.rename(f"{options.folder}/port.new", f"{options.folder}/port")
        while True:
            client, _ = server.accept()
            threading.Thread(target=line.serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()
