#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""xchg.py A B: exchange two names for as long as it is let, then say on standard error how often that was."""

import ctypes
import os
import signal
import sys

AT_FDCWD, RENAME_EXCHANGE = -100, 2


def main():
    renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    a, b = (os.fsencode(path) for path in sys.argv[1:])
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    count = 0
    while not ended:
        if renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0:
            sys.exit(f"xchg: {os.strerror(ctypes.get_errno())}")
        count += 1
    print(f"exchanged {count} times", file=sys.stderr)


main()
