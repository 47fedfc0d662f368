#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""peak.py COMMAND…: run it; on the last line of standard error stand the most memory that any process of it had, and the time."""

import resource
import subprocess
import sys
import time

start = time.monotonic()
status = subprocess.run(sys.argv[1:], timeout=120).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"peak {usage.ru_maxrss} KiB, {(time.monotonic() - start) * 1000:.0f} ms", file=sys.stderr)
sys.exit(status if status >= 0 else 128 - status)
