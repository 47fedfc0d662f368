#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""typed.py COMMAND…: run it on a terminal of its own, as a shell does, and then read what has been typed meanwhile, as that shell
would. Prints the command's output, then "typed: TEXT" if there was any within TYPED_WAIT seconds (0.3)."""

import os
import pty
import select
import sys
import termios

from terminal import output


def session():
    """In the new session: the shell."""
    attributes = termios.tcgetattr(0)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, attributes)
    child = os.fork()
    if child == 0:
        os.execv(sys.argv[1], sys.argv[1:])
    os.waitpid(child, 0)
    if select.select([0], [], [], float(os.environ.get("TYPED_WAIT", "0.3")))[0]:
        print("typed:", os.read(0, 1000).decode(errors="replace").strip(), flush=True)
    os._exit(0)


pid, terminal = pty.fork()
if pid == 0:
    session()
for data in output(terminal):
    sys.stdout.write(data.decode(errors="replace").replace("\r\n", "\n"))
os.waitpid(pid, 0)
