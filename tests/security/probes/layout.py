#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Images as an attacker would put them together: OCI archives whose layers are fine, and whose JSON, digests or files are not.

  layout.py --layer TAR [KEY=JSON…] OUT    a good archive of this layer, named localhost/hostile:1; KEY=JSON is of its config
  layout.py CASE OUT                       a case
  layout.py --list                         "CASE ROW EXPECTATION" of each; refused, fine, or either: then with its effects inside
"""

import copy
import hashlib
import io
import json
import sys
import tarfile

NAME = "localhost/hostile:1"
OCI = "application/vnd.oci.image."
INDEX, MANIFEST, CONFIG, LAYER = f"{OCI}index.v1+json", f"{OCI}manifest.v1+json", f"{OCI}config.v1+json", f"{OCI}layer.v1.tar"
CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def as_bytes(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class Layout:
    """Files of an archive: bytes, or ("link" or "hardlink", target), or ("fifo",)."""

    def __init__(self):
        self.files = {"oci-layout": as_bytes({"imageLayoutVersion": "1.0.0"})}

    def blob(self, value, media_type, **more):
        data = as_bytes(value)
        self.files["blobs/sha256/" + hashlib.sha256(data).hexdigest()] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}

    def index(self, *manifests, **more):
        self.files["index.json"] = as_bytes({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, **more})
        return self

    def write(self, path):
        kinds = {"link": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE, "folder": tarfile.DIRTYPE}
        with tarfile.open(path, "w") as tar:
            for name, data in self.files.items():
                member = tarfile.TarInfo(name)
                if isinstance(data, bytes):
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
                else:
                    member.type = kinds[data[0]]
                    member.linkname = data[1] if len(data) > 1 else ""
                    tar.addfile(member)


def small_layer():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("file"))
    return out.getvalue()


NAMED = {"annotations": {"org.opencontainers.image.ref.name": NAME}}


class Parts:
    """A good image, to be spoiled before it is put together."""

    def __init__(self, layer=None):
        self.layout = Layout()
        data = layer if layer is not None else small_layer()
        self.layer = self.layout.blob(data, LAYER)
        self.config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]},
                       "rootfs": {"type": "layers", "diff_ids": [digest(data)]}}
        self.manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [self.layer]}

    def finish(self):
        if "config" not in self.manifest:
            self.manifest["config"] = self.layout.blob(self.config, CONFIG)
        return self.layout.index(self.layout.blob(self.manifest, MANIFEST, **NAMED))

    def finish_raw(self, text):
        """With these bytes as manifest."""
        return self.layout.index(self.layout.blob(text, MANIFEST, **NAMED))

    def layer_digest(self, text):
        self.manifest["layers"][0]["digest"] = text
        return self.finish()


# A good one, to know that it is not for everybody that the others are refused.

@case
def good():
    """D03 fine"""
    return Parts().finish()


# U02, U03: what one layer prepares for the next

def layer_of(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, link, data in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, link, len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def over_links(*members):
    """An image whose first layer has links to the victim."""
    first = layer_of(("l", tarfile.SYMTYPE, "/tmp/v", b""), ("s", tarfile.SYMTYPE, "/tmp/v/secret", b""))
    p = Parts(first)
    second = layer_of(*members)
    p.manifest["layers"].append(p.layout.blob(second, LAYER))
    p.config["rootfs"]["diff_ids"].append(digest(second))
    return p.finish()


@case
def layers_write():
    """U02 either"""
    return over_links(("l/new", tarfile.REGTYPE, "", b"x"), ("s", tarfile.REGTYPE, "", b"x"))


@case
def layers_whiteout():
    """U02 either"""
    return over_links(("l/.wh.secret", tarfile.REGTYPE, "", b""), ("l/.wh..wh..opq", tarfile.REGTYPE, "", b""))


@case
def layers_chmod():
    """U02 either"""
    return over_links(("l", tarfile.DIRTYPE, "", b""), ("s", tarfile.DIRTYPE, "", b""))


@case
def layers_hardlink():
    """U02 refused"""
    return over_links(("h", tarfile.LNKTYPE, "l/secret", b""))


@case
def layers_hardlink_to_link():
    """U02 either"""
    return over_links(("h", tarfile.LNKTYPE, "s", b""), ("h", tarfile.REGTYPE, "", b"x"))


# D01: blobs that are not what their digest says

@case
def blob_wrong():
    """D01 refused"""
    p = Parts()
    name = "blobs/sha256/" + p.layer["digest"][7:]
    p.layout.files[name] = p.layout.files[name][:-1] + b"x"
    return p.finish()


@case
def blob_short():
    """D01 refused"""
    p = Parts()
    name = "blobs/sha256/" + p.layer["digest"][7:]
    p.layout.files[name] = p.layout.files[name][:-512]
    return p.finish()


@case
def blob_missing():
    """D01 refused"""
    p = Parts()
    del p.layout.files["blobs/sha256/" + p.layer["digest"][7:]]
    return p.finish()


@case
def blob_longer_than_said():
    """D02 refused"""
    p = Parts()
    p.layer["size"] -= 1
    return p.finish()


# D03: digests as paths

@case
def digest_path():
    """D03 refused"""
    return Parts().layer_digest("sha256:../../../../../../tmp/v/secret")


@case
def digest_path_64():
    """D03 refused"""
    return Parts().layer_digest("sha256:" + "../" * 18 + "tmp/v/secr")


@case
def digest_upper():
    """D03 refused"""
    p = Parts()
    return p.layer_digest("sha256:" + p.layer["digest"][7:].upper())


@case
def digest_63():
    """D03 refused"""
    p = Parts()
    return p.layer_digest(p.layer["digest"][:-1])


@case
def digest_65():
    """D03 refused"""
    p = Parts()
    return p.layer_digest(p.layer["digest"] + "0")


@case
def digest_empty():
    """D03 refused"""
    return Parts().layer_digest("sha256:")


@case
def digest_nothing():
    """D03 refused"""
    return Parts().layer_digest("")


@case
def digest_unknown():
    """D03 refused"""
    return Parts().layer_digest("md5:d41d8cd98f00b204e9800998ecf8427e")


@case
def digest_of_config_path():
    """D03 refused"""
    p = Parts()
    p.config["rootfs"]["diff_ids"] = ["sha256:" + "../" * 18 + "tmp/v/secr"]
    return p.finish()


@case
def digest_line_break():
    """D03 refused"""
    p = Parts()
    return p.layer_digest(p.layer["digest"] + "\n")


# D04: what is two things at once

@case
def both_kinds():
    """D04 refused"""
    p = Parts()
    p.manifest["manifests"] = [p.layer]
    return p.finish()


@case
def neither_kind():
    """D04 refused"""
    return Parts().finish_raw({"schemaVersion": 2})


@case
def type_mismatch():
    """D04 refused"""
    p = Parts()
    p.manifest["mediaType"] = INDEX
    return p.finish()


@case
def type_unknown():
    """D04 refused"""
    p = Parts()
    p.manifest["mediaType"] = "text/html"
    return p.finish()


@case
def key_twice():
    """D04 refused"""
    p = Parts()
    p.manifest["config"] = p.layout.blob(p.config, CONFIG)
    return p.finish_raw(json.dumps(p.manifest)[:-1].encode() + b', "layers": []}')


@case
def key_twice_in_config():
    """D04 refused"""
    p = Parts()
    p.manifest["config"] = p.layout.blob(json.dumps(p.config)[:-1].encode() + b', "os": "linux"}', CONFIG)
    return p.finish()


# D05: JSON of the wrong shape

def manifest_of(name, text):
    def function():
        return Parts().finish_raw(text)
    function.__doc__ = "D05 refused"
    CASES[name] = function


for _name, _text in (("null", b"null"), ("array", b"[]"), ("number", b"7"), ("string", b'"x"'), ("empty-object", b"{}"),
                     ("nothing", b""), ("blank", b" "), ("not-json", b"{"), ("not-utf8", b'{"a": "\xff"}'),
                     ("two-values", b"{}{}"), ("zeros", b"\0" * 100)):
    manifest_of("manifest-" + _name, _text)


@case
def index_null():
    """D05 refused"""
    p = Parts()
    layout = p.finish()
    layout.files["index.json"] = b"null"
    return layout


@case
def no_config():
    """D05 refused"""
    p = Parts()
    return p.finish_raw({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [p.layer]})


@case
def layers_null():
    """D05 refused"""
    p = Parts()
    p.manifest["layers"] = [None]
    return p.finish()


def size_of(name, size):
    def function():
        p = Parts()
        p.layer["size"] = size
        return p.finish()
    function.__doc__ = "D05 refused"
    CASES[name] = function


for _name, _size in (("negative", -1), ("2-63", 1 << 63), ("2-64", 1 << 64), ("fraction", 1.5), ("text", "1"), ("null", None)):
    size_of("size-" + _name, _size)


@case
def layers_many():
    """D05 refused"""
    p = Parts()
    p.manifest["layers"] = [{"mediaType": LAYER, "digest": p.layer["digest"], "size": 1}] * 25000  # below 4 MiB
    return p.finish()


@case
def layers_more_than_diff_ids():
    """D05 refused"""
    p = Parts()
    p.manifest["layers"] = [p.layer, p.layer]
    return p.finish()


@case
def index_in_itself():
    """D05 refused"""
    layout = Layout()
    inner = layout.blob({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}, INDEX)
    for _ in range(10):
        inner = layout.blob({"schemaVersion": 2, "mediaType": INDEX, "manifests": [inner]}, INDEX)
    return layout.index({**inner, **NAMED})


# D06: too much of it

@case
def manifest_large():
    """D06 refused"""
    return Parts().finish_raw(b" " * (64 << 20) + b"{}")


@case
def manifest_deep():
    """D06 refused"""
    return Parts().finish_raw(b"[" * 3000000)


@case
def config_large():
    """D06 refused"""
    p = Parts()
    p.manifest["config"] = p.layout.blob(b" " * (64 << 20) + json.dumps(p.config).encode(), CONFIG)
    return p.finish()


# D15: names

def named(name, text, expected="refused"):
    def function():
        p = Parts()
        layout = p.finish()
        index = json.loads(layout.files["index.json"])
        index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] = text
        layout.files["index.json"] = as_bytes(index)
        return layout
    function.__doc__ = f"D15 {expected}"
    CASES[name] = function


for _name, _text in (("up", "localhost/../../../../tmp/v/x:1"), ("tag-up", "localhost/x:../../../../../tmp/v/x"),
                     ("line-break", "localhost/a:1\nb"), ("escape", "localhost/\x1b[2Ja:1"), ("option", "-f/a:1"),
                     ("long", "localhost/" + "a" * 5000 + ":1"), ("percent", "localhost/a%b:1"), ("blank", "localhost/a b:1"),
                     ("upper", "localhost/ABC:1"), ("dot", "localhost/.:1"), ("slashes", "localhost//a:1")):
    named("name-" + _name, _text)


# U14: a layer that is not what the config says comes out of it

@case
def diff_id_wrong():
    """U14 refused"""
    p = Parts()
    p.config["rootfs"]["diff_ids"] = ["sha256:" + "0" * 64]
    return p.finish()


# U21: files of the layout that are no files

def spoiled(name, which, how):
    def function():
        p = Parts()
        layout = p.finish()
        blob = "blobs/sha256/" + p.layer["digest"][7:]
        layout.files = copy.copy(layout.files)
        layout.files[{"blob": blob}.get(which, which)] = how
        return layout
    function.__doc__ = "U21 refused"
    CASES[name] = function


for _which in "blob", "index.json", "oci-layout":
    for _how in ("link", "/tmp/v/secret"), ("link", "../../../../../../../../tmp/v/secret"), ("hardlink", "/tmp/v/secret"), \
            ("fifo",), ("folder",):
        spoiled(f"{_which.split('.')[0]}-is-{_how[0]}" + ("-up" if ".." in _how[-1] else ""), _which, _how)


# U22: file systems of kernels

def layer_type(name, media_type):
    def function():
        p = Parts(b"\xe2\xe1\xf5\xe0" * 1024)
        p.layer["mediaType"] = media_type
        return p.finish()
    function.__doc__ = "U22 refused"
    CASES[name] = function


layer_type("layer-erofs", "application/vnd.erofs")
layer_type("layer-erofs-oci", f"{OCI}layer.v1.erofs")
layer_type("layer-squashfs", "application/vnd.sylabs.sif.layer.v1.squashfs")
layer_type("layer-erofs-as-tar", LAYER)


# S46: images of nothing

@case
def layers_none():
    """S46 refused"""
    p = Parts()
    p.manifest["layers"] = []
    p.config["rootfs"]["diff_ids"] = []
    return p.finish()


@case
def config_null():
    """S46 refused"""
    p = Parts()
    p.manifest["config"] = p.layout.blob(b"null", CONFIG)
    return p.finish()


@case
def config_without_rootfs():
    """S46 refused"""
    p = Parts()
    del p.config["rootfs"]
    return p.finish()


@case
def config_layers_missing():
    """S46 refused"""
    p = Parts()
    p.config["rootfs"]["diff_ids"] = []
    return p.finish()


def good_archive(arguments):
    layer, *settings, out = arguments
    with open(layer, "rb") as f:
        data = f.read()
    p = Parts(data)
    if data[:2] == b"\x1f\x8b":
        import gzip
        p.layer["mediaType"] += "+gzip"
        try:
            data = gzip.decompress(data)
        except (EOFError, gzip.BadGzipFile):
            pass  # a broken one
        p.config["rootfs"]["diff_ids"] = [digest(data)]
    elif data[:4] == b"\x28\xb5\x2f\xfd":
        import subprocess
        p.layer["mediaType"] += "+zstd"
        plain = subprocess.run(["zstd", "-dcq", "--memory=2048MB"], input=data, capture_output=True, check=False)
        p.config["rootfs"]["diff_ids"] = [digest(data if plain.returncode else plain.stdout)]
    for setting in settings:
        key, value = setting.split("=", 1)
        p.config["config"][key] = json.loads(value)
    p.finish().write(out)


def main():
    if sys.argv[1:] == ["--list"]:
        for name, function in CASES.items():
            print(name, function.__doc__)
    elif sys.argv[1:2] == ["--layer"] and len(sys.argv) >= 4:
        good_archive(sys.argv[2:])
    elif len(sys.argv) == 3 and sys.argv[1] in CASES:
        CASES[sys.argv[1]]().write(sys.argv[2])
    else:
        sys.exit(__doc__)


main()
