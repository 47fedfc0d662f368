#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""layering.py [--tap] [FOLDER]: do the sources keep to the design? One complaint a line; status 1 if there is any.

  layers   a file includes headers of lower layers and of its own folder alone
  cycles   no header includes itself by way of others
  pairs    a source has a header of its name and includes it; where it has none, a header of its folder declares it
           (the contract that several sources carry out); a main program needs neither
  quiet    only cli/ prints or exits (a FILE * that was handed over may be written to)
  calls    nobody goes around our helpers (rules K1 to K18 of HACKING.md): a call of the table REFUSED is allowed only where
           tests/layering/calls says why; what stands there and is not so any more is an error, too
  length   a file over 700 lines is a warning: it has more than one subject

What it knows of the design is in the tables below; test_layering.py plants one violation of each kind.
"""

import os
import re
import sys

# What a folder may include beside itself. Folders of layer 2 know nothing of each other.
BASE = {"base"}
SPEC = BASE | {"spec"}
RUNTIME = SPEC | {"namespaces", "cgroups", "seccomp", "network", "images"}
MAY_INCLUDE = {
    "base": set(),
    "spec": BASE,
    "namespaces": SPEC,
    "cgroups": SPEC,
    "seccomp": SPEC,
    "network": SPEC,
    "images": SPEC,
    "images/worker": SPEC | {"seccomp", "images"},  # a program of its own: nobody includes it…
    "images/fetch": SPEC | {"images", "images/worker"},  # …but this other one, which locks itself in likewise
    "runtime": RUNTIME,
    "cli": RUNTIME | {"runtime"},
    "cli/quadlet": BASE | {"cli"},  # a program of its own, too
}

# Calls that go around our helpers, and what to do instead.
REFUSED = {
    "mount umount umount2": "mounts are made and moved by fd: namespaces/tree.h (K3)",
    "chmod chown lchown mkdir mknod mkfifo rename unlink rmdir remove symlink link truncate utime utimes setxattr lsetxattr"
    " removexattr lremovexattr getxattr lgetxattr realpath canonicalize_file_name nftw glob":
        "from a held folder: base/path.h, base/file.h, the calls in \"at\" (K1, K2)",
    "system popen execvp execvpe execlp execl posix_spawnp wordexp": "proc_spawn() with a whole path (K15)",
    "getpwnam getpwuid getpwent getgrnam getgrgid getgrent getgrouplist initgroups getlogin gethostbyname getservbyname dlopen"
    " iconv_open": "libraries of who knows where come with it: runtime/user.h and the like (K15)",
    "setuid setgid seteuid setegid setreuid setregid": "all three ids at once: setresuid, setresgid (K9)",
    "strcpy strcat stpcpy sprintf vsprintf gets strncpy strncat": "bounded, and never without an end: snprintf",
    "atoi atol atoll strtol strtoul strtoll strtoull strtod scanf sscanf fscanf": "the strict parsers of base/str.h (K8)",
    "kill killpg tkill tgkill": "a number may be somebody else's by now: pidfd_send_signal",
    "signal": "sigaction, a signalfd, or proc_reset_signals()",
    "tmpfile tmpnam mktemp mkstemp mkdtemp tempnam": "file_publish()",
    "rand srand random srandom drand48": "getrandom, proc_random_hex()",
    "creat pipe accept dup epoll_create inotify_init F_DUPFD": "close-on-exec from birth: the newer call (K6)",
}
# Those that only look, or open: refused where the path is not one that we have written ourselves.
REFUSED_PATHS = "open fopen stat lstat statfs access eaccess opendir scandir chdir chroot readlink"
PATHS_INSTEAD = "from a held folder: base/path.h, the calls in \"at\" (K1)"
# Those whose fd needs a flag.
CLOEXEC = "open openat sys_openat2 pipe2 accept4 socket socketpair memfd_create epoll_create1 eventfd inotify_init1 signalfd" \
    " timerfd_create fsopen fsmount open_tree"

EXCEPTIONS = "tests/layering/calls"

MAY_PRINT = ("cli/", "images/worker/main.c")
LINES_MAX = 700

MAINS = re.compile(r"^mains\s*:=((?:\\\n|.)*)", re.M)  # of the Makefile: the sources with a main()
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
LOUD = re.compile(r"(?<![\w.>])(printf|vprintf|puts|putchar|perror|exit)\(|\b(stdout|stderr)\b|<(err\.h|error\.h)>")


def read_sources(top):
    """path → text, of every source and header of the folders in the table."""
    sources = {}
    for folder in MAY_INCLUDE:
        for name in sorted(os.listdir(f"{top}/{folder}")) if os.path.isdir(f"{top}/{folder}") else []:
            if name.endswith((".c", ".h")):
                with open(f"{top}/{folder}/{name}", encoding="utf-8") as f:
                    sources[f"{folder}/{name}"] = f.read()
    return sources


def read_mains(top):
    with open(f"{top}/Makefile", encoding="utf-8") as f:
        return MAINS.search(f.read())[1].replace("\\", " ").split()


def without_comments(text):
    """The code, with line numbers kept: comments and strings leave only their line ends."""
    return COMMENT_OR_STRING.sub(lambda m: "\n" * m[0].count("\n"), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_layers(sources, *_):
    for path, text in sources.items():
        own = os.path.dirname(path)
        for m in INCLUDE.finditer(text):
            where, included = f"{path}:{line_of(text, m.start(1))}", m[1]
            folder = os.path.dirname(included)
            if folder not in MAY_INCLUDE:
                yield f'{where}: "{included}": name it by its folder, from the top of the tree'
            elif folder != own and folder not in MAY_INCLUDE[own]:
                yield f"{where}: {own}/ must not include {folder}/: {included}"
            elif included not in sources:
                yield f"{where}: there is no {included}"


def check_cycles(sources, *_):
    includes = {path: [i for i in INCLUDE.findall(text) if i in sources] for path, text in sources.items()}
    done = set()

    def walk(path, trail):
        if path in trail:
            yield "cycle: " + " → ".join(trail[trail.index(path):] + [path])
            return
        if path in done:
            return
        for included in includes[path]:
            yield from walk(included, trail + [path])
        done.add(path)

    for path in includes:
        yield from walk(path, [])


def check_pairs(sources, mains, _):
    for path, text in sources.items():
        if not path.endswith(".c") or path in mains:
            continue
        own = path[:-2] + ".h"
        if own in sources and own not in INCLUDE.findall(text):
            yield f"{path}: does not include its own {own}"
        if own not in sources and not any(os.path.dirname(i) == os.path.dirname(path) for i in INCLUDE.findall(text)):
            yield f"{path}: no {own}, and no header of its folder that declares it"


def check_quiet(sources, *_):
    for path, text in sources.items():
        if path.startswith(MAY_PRINT):
            continue
        code = without_comments(text)
        for m in LOUD.finditer(code):
            yield f"{path}:{line_of(code, m.start())}: {m[m.lastindex]}: only cli/ prints and exits"


def calls_of(names, code):
    """Each call in it: position, name, what stands between its brackets."""
    for m in re.finditer(rf"(?<![\w.>])({names.replace(' ', '|')})\(", code):
        if re.search(r"\b(?!return\b)\w+ [*]*$", code[:m.start()]):
            continue  # a declaration of our own
        end, depth = m.end(), 1
        while depth and end < len(code):
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
        yield m.start(), m[1], code[m.end():end - 1]


def written_by_us(arguments):
    """The first one was a string, or is a constant."""
    return re.match(r"\s*([A-Z][A-Z0-9_]+\s*)?(,|$)", arguments)


def refused_calls(code, flags):
    """What of it is refused: position, name, what to do instead. @flags: names of flags that have close-on-exec in them"""
    for names, instead in REFUSED.items():
        yield from ((at, name, instead) for at, name, _ in calls_of(names, code))
    for at, name, arguments in calls_of(REFUSED_PATHS, code):
        if not written_by_us(arguments):
            yield at, name, PATHS_INSTEAD
    for at, name, arguments in calls_of(CLOEXEC, code):
        if "CLOEXEC" not in arguments and not flags & set(re.findall(r"\w+", arguments)):
            yield at, f"{name}/e", "close-on-exec from birth (K6)"


def flags_of(text):
    """Constants and variables that have close-on-exec in them."""
    return set(re.findall(r"(?:#define|\w) (\w+)(?: = | *\()[^;\n]*(?:[|\\]\n[^;\n]*)*CLOEXEC", text))


def read_exceptions(top):
    """(file, call) → its line in tests/layering/calls"""
    exceptions = {}
    with open(f"{top}/{EXCEPTIONS}", encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.strip() and not line.startswith("#"):
                path, *names = line.split()
                exceptions.update({(path, name): number for name in names})
    return exceptions


def check_calls(sources, _, top):
    exceptions = read_exceptions(top)
    common = set().union(*(flags_of(t) for path, t in sources.items() if path.endswith(".h")))
    for path, text in sources.items():
        code = without_comments(text)
        refused = list(refused_calls(code, common | flags_of(code)))
        for at, name, instead in refused:
            if (path, name) not in exceptions:
                yield f"{path}:{line_of(code, at)}: {name}: {instead}; where it must be: {EXCEPTIONS}"
        for name in {name for _, name, _ in refused}:
            exceptions.pop((path, name), None)
    for (path, name), number in exceptions.items():
        yield f"{EXCEPTIONS}:{number}: {path} has no {name} any more"


CHECKS = {"layers": check_layers, "cycles": check_cycles, "pairs": check_pairs, "quiet": check_quiet, "calls": check_calls}


def long_files(sources):
    for path, text in sources.items():
        lines = text.count("\n")
        if lines > LINES_MAX:
            yield f"warning: {path} has {lines} lines, more than {LINES_MAX}"


def main():
    words = [w for w in sys.argv[1:] if w != "--tap"]
    tap = "--tap" in sys.argv
    top = words[0] if words else "."
    sources, mains = read_sources(top), read_mains(top)
    failed = False
    if tap:
        print(f"1..{len(CHECKS)}")
    for number, (name, check) in enumerate(CHECKS.items(), 1):
        complaints = list(check(sources, mains, top))
        failed |= bool(complaints)
        if tap:
            print(f"{'not ok' if complaints else 'ok'} {number} {name}")
        for c in complaints:
            print(f"# {c}" if tap else c)
    for w in long_files(sources):
        print(f"# {w}" if tap else w)
    sys.exit(failed)


if __name__ == "__main__":
    main()
