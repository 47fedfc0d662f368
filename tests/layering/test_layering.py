#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether layering.py finds each kind of violation, and leaves alone what is allowed. Prints TAP."""

import os
import subprocess
import sys
import tempfile

LAYERING = os.path.join(os.path.dirname(os.path.realpath(__file__)), "layering.py")

# A small tree that is in order.
GOOD = {
    "tests/layering/calls": "# as the user says\ncli/paene.c open\n",
    "Makefile": "all: x\nmains    := cli/paene.c \\\n\timages/worker/main.c\nother := base/alone.c\n",
    "base/err.h": "struct err { int code; };\n",
    "base/err.c": '#include "base/err.h"\n',
    "spec/spec.h": '#include "base/err.h"\n',
    "cgroups/cgroups.h": '#include "spec/spec.h"\n',
    "cgroups/create.c": '#include "cgroups/cgroups.h"\n#include "base/err.h"\nint _exit(int);\n',
    "network/network.h": '#include "base/err.h"\n',
    "images/images.h": '#include "base/err.h"\n',
    "images/worker/main.c": '#include "images/images.h"\nint main(void) { printf("x"); }\n',
    "runtime/create.h": '#include "cgroups/cgroups.h"\n#include "network/network.h"\n',
    "runtime/create.c": '#include "runtime/create.h"\nvoid f(FILE *out) { fprintf(out, "exit(1) printf(x)"); }\n',
    "cli/paene.c": '#include "runtime/create.h"\nint main(void) { open(argv[1], O_CLOEXEC); puts("x"); exit(1); }\n',
    "spec/in_order.h": "#define FLAGS (O_PATH | O_CLOEXEC)\nint open(const char *path);\n",
    "spec/in_order.c": '#include "spec/in_order.h"\nint f(void) { x->open(p); openat(d, p, FLAGS); return open("/dev/null", FLAGS); }\n',
}

# What is planted, and a part of the complaint that must come of it.
CASES = [
    ("a tree in order", {}, None),
    ("a higher layer", {"base/up.h": '#include "spec/spec.h"\n'}, "base/up.h:1: base/ must not include spec/"),
    ("a sibling of layer 2", {"cgroups/x.h": '\n#include "network/network.h"\n'},
     "cgroups/x.h:2: cgroups/ must not include network/"),
    ("runtime asking cli", {"cli/x.h": "\n", "runtime/x.h": '#  include "cli/x.h"\n'}, "runtime/ must not include cli/"),
    ("somebody asking the worker", {"images/worker/x.h": "\n", "images/x.h": '#include "images/worker/x.h"\n'},
     "images/ must not include images/worker/"),
    ("an unknown folder", {"base/x.h": '#include "x.h"\n'}, "name it by its folder"),
    ("a header that is not there", {"base/x.h": '#include "base/y.h"\n'}, "there is no base/y.h"),
    ("a cycle", {"spec/a.h": '#include "spec/b.h"\n', "spec/b.h": '#include "spec/a.h"\n'},
     "cycle: spec/a.h → spec/b.h → spec/a.h"),
    ("a source without a header", {"base/alone.c": "int x;\n"}, "base/alone.c: no base/alone.h"),
    ("a source that ignores its header", {"base/own.h": "int x;\n", "base/own.c": "int x;\n"},
     "does not include its own base/own.h"),
    ("printing below cli", {"base/err.c": '#include "base/err.h"\n/* printf("a") */\nvoid f(void) { printf("x"); }\n'},
     "base/err.c:3: printf"),
    ("exit below cli", {"base/err.c": '#include "base/err.h"\nvoid f(void) { exit(1); }\n'}, "base/err.c:2: exit"),
    ("stderr below cli", {"base/err.c": '#include "base/err.h"\nvoid f(void) { fprintf(stderr, "x"); }\n'},
     "base/err.c:2: stderr"),
    ("a mount by path", {"spec/x.h": "\n", "spec/x.c": '#include "spec/x.h"\nint f(void) { mount("a", b); }\n'},
     "spec/x.c:2: mount: mounts are made and moved by fd"),
    ("a path of who knows whom", {"spec/x.h": "int f(void) { return open(path, O_CLOEXEC); }\n"}, "spec/x.h:1: open: from a held folder"),
    ("a path that is ours in part", {"spec/x.h": 'int f(void) { return open("/proc/" NAME, O_CLOEXEC); }\n'}, None),
    ("an fd that is inherited", {"spec/x.h": "int f(void) { return openat(dir, g(path), O_RDONLY); }\n"},
     "spec/x.h:1: openat/e: close-on-exec"),
    ("an exception of another file", {"tests/layering/calls": "base/err.c open\ncli/paene.c open\n"},
     "tests/layering/calls:1: base/err.c has no open any more"),
    ("an exception of another call", {"cli/paene.c": '#include "runtime/create.h"\nint main(void) { stat(argv[1], &st); }\n'},
     "cli/paene.c:2: stat: from a held folder"),
]


def complaints_about(planted):
    with tempfile.TemporaryDirectory() as top:
        for path, text in {**GOOD, **planted}.items():
            os.makedirs(os.path.dirname(f"{top}/{path}") or top, exist_ok=True)
            with open(f"{top}/{path}", "w", encoding="utf-8") as f:
                f.write(text)
        r = subprocess.run([sys.executable, LAYERING, top], capture_output=True, text=True)
        return r.returncode, r.stdout + r.stderr


def main():
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (name, planted, expected) in enumerate(CASES, 1):
        status, text = complaints_about(planted)
        right = (status == 0 and not text) if expected is None else (status == 1 and expected in text)
        failed += not right
        print(f"{'ok' if right else 'not ok'} {number} {name}")
        if not right:
            print("".join(f"# {line}\n" for line in text.splitlines()), end="")
    sys.exit(failed > 0)


main()
