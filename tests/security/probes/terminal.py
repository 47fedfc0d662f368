# SPDX-License-Identifier: Apache-2.0
"""What is written to a terminal, read from its other side until nobody has it open."""

import os


def output(terminal):
    """Yields bytes. The kernel looks for bytes first and then whether the other side is closed: what was written between the two is
    there only on a second look."""
    again = False
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # EIO: the other side is closed
            if again:
                return
            again = True
            continue
        if not data:
            return
        again = False
        yield data
