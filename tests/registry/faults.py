#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""faults.py --folder FOLDER [OPTION…]: a registry that misbehaves: the repository's name says how (--list); what follows
a "." in it is anything.

Each has an image of one layer, with the tag 1: FOLDER/image.json says its digests and sizes. It listens on free ports of 127.0.0.1
and writes them into FOLDER/port, FOLDER/elsewhere (another server, to which some lead) and FOLDER/plain (the same without TLS).
Every request to the first becomes a line of JSON in FOLDER/log, to the others one in FOLDER/elsewhere.log.

  --tls CERT KEY   speak TLS; but for the port "plain"
  --old-tls        … of version 1.0 alone
  --bytes N        of the layer (300000)
  --user U:P       the names that begin with auth- want a token for this password
"""

import argparse
import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import random
import re
import socket
import ssl
import struct
import tarfile
import threading
import time
import urllib.parse

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Image:
    """One layer with one file in it; what is random in it is the same each time."""

    def __init__(self, size):
        data = random.Random(1).randbytes(size)
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            entry = tarfile.TarInfo("data")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        self.layer = gzip.compress(plain.getvalue(), 1, mtime=0)
        self.config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/data"]}, "rootfs": {
            "type": "layers", "diff_ids": [digest(plain.getvalue())]}}).encode()
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(self.config), "size": len(self.config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(self.layer),
                        "size": len(self.layer)}]}).encode()
        self.blobs = {digest(b): b for b in (self.config, self.layer)}

    def describe(self):
        return {name: {"digest": digest(data)[7:], "size": len(data)}
                for name, data in (("manifest", self.manifest), ("config", self.config), ("layer", self.layer))}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # heads and bodies go one by one, and nobody waits in between

    # What everybody needs.

    def log_message(self, *_):
        pass

    def note(self):
        with open(self.server.log, "a", encoding="utf-8") as f:
            f.write(json.dumps({"method": self.command, "path": self.path, "headers": dict(self.headers)}) + "\n")

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, status, body=b"", **headers):
        """With the length of the body, unless it is given as something else; names of headers as Python can write them."""
        named = {"Content_Length": str(len(body)), **headers}
        self.head(status, {k.replace("_", "-"): v for k, v in named.items() if v is not None})
        if self.command != "HEAD":
            self.wfile.write(body)

    def break_off(self):
        """A reset, not an end."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.forget.add(self.request)
        self.close_connection = True

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def first_time(self, what=""):
        key = (self.repository, what or (self.command, self.path))
        with self.server.lock:
            self.server.seen[key] = self.server.seen.get(key, 0) + 1
            return self.server.seen[key] == 1

    def url(self, server, path):
        return f"http{'s' if server.tls else ''}://127.0.0.1:{server.server_port}{path}"

    # A registry that does nothing wrong.

    def range_start(self):
        m = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(m[1]) if m else None

    def serve_blob(self, data):
        start = self.range_start()
        if start is None:
            self.answer(200, data, Content_Type="application/octet-stream")
        elif start >= len(data):
            self.answer(416)
        else:
            self.answer(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")

    def serve_manifest(self, data):
        self.answer(200, data, Content_Type=MANIFEST, Docker_Content_Digest=digest(data))

    def good(self):
        image = self.server.image
        if self.kind == "manifests" and self.name in ("1", digest(image.manifest)):
            self.serve_manifest(image.manifest)
        elif self.kind == "blobs" and self.name in image.blobs:
            self.serve_blob(image.blobs[self.name])
        elif self.kind == "uploads":
            self.upload()
        elif self.kind == "tags":
            self.answer(200, b'{"name": "x", "tags": ["1"]}', Content_Type="application/json")
        elif self.path == "/v2/":
            self.answer(200, b"{}")
        elif self.path.startswith("/v1/search?q=found"):  # Docker's search; other words are not known to it
            self.answer(200, json.dumps({"num_results": 2, "results": [
                {"name": "library/found", "description": "\u00e9" * 400, "star_count": 7, "is_official": True},
                {"name": "me/found", "description": "", "star_count": 0, "is_official": False}]}).encode())
        elif self.path.startswith("/v2/_catalog?n="):
            self.answer(200, b'{"repositories": ["a/one", "b/onetwo", "two", "../one", "a/../one"]}')
        else:
            self.answer(404, b'{"errors": [{"code": "UNKNOWN", "message": "not here"}]}')

    def upload(self):
        """Uploads are kept by the name of their case."""
        uploads, path = self.server.uploads, urllib.parse.urlsplit(self.path)
        have = uploads.setdefault(self.repository, bytearray())
        if self.command == "POST":
            have.clear()
            self.answer(202, Location=f"/v2/{self.repository}/blobs/uploads/1?state=abc%3D%3D")
        elif self.command == "GET":
            self.answer(204, Content_Length=None, Location=path.path, Range=f"0-{max(len(have) - 1, 0)}")
        elif self.command == "PATCH":
            start = self.headers.get("Content-Range", f"{len(have)}-").split("-")[0]
            data = self.body()
            if int(start) != len(have):
                self.answer(416)
                return
            have += data
            self.answer(202, Location=self.path, Range=f"0-{max(len(have) - 1, 0)}")
        elif self.command == "PUT":
            have += self.body()
            wanted = urllib.parse.parse_qs(path.query).get("digest", [""])[0]
            self.answer(201 if digest(bytes(have)) == wanted else 400, Docker_Content_Digest=digest(bytes(have)))

    def layer_only(self):
        """Is this about the layer? Else it is answered as it should be."""
        if self.kind == "blobs" and self.name == digest(self.server.image.layer) and self.command == "GET":
            return True
        self.good()
        return False

    def manifest_only(self):
        if self.kind == "manifests" and self.command in ("GET", "HEAD"):
            return True
        self.good()
        return False

    # The faults. What a blob has to suffer.

    def cut(self, data):
        """The head of all of it, the half of it, and a reset."""
        start = self.range_start() or 0
        status, extra = (206, {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}) if start else (200, {})
        self.head(status, {"Content-Length": str(len(data) - start), **extra})
        self.wfile.write(data[start:start + (len(data) - start) // 2])
        self.break_off()

    def fault_good(self):
        """nothing: an image as it should be"""
        self.good()

    def fault_reset(self):
        """the connection breaks in the middle of the layer, once"""
        if not self.layer_only():
            return
        if self.first_time():
            self.cut(self.server.image.layer)
        else:
            self.serve_blob(self.server.image.layer)

    def fault_reset_often(self):
        """it always breaks after half of what is left"""
        if self.layer_only():
            self.cut(self.server.image.layer)

    def fault_no_range_often(self):
        """it always breaks at the same place, whatever was asked for"""
        if self.layer_only():
            del self.headers["Range"]
            self.cut(self.server.image.layer)

    def fault_reset_at_once(self):
        """it always breaks before the first byte"""
        if self.layer_only():
            self.break_off()

    def fault_no_range(self):
        """it breaks once; then everything comes, whatever was asked for"""
        if not self.layer_only():
            return
        if self.first_time():
            self.cut(self.server.image.layer)
        else:
            self.answer(200, self.server.image.layer)

    def fault_bad_range(self):
        """it breaks once; then a range comes that was not asked for, but all of it where none is asked for"""
        if not self.layer_only():
            return
        data = self.server.image.layer
        if self.first_time():
            self.cut(data)
        elif self.range_start() is None:
            self.answer(200, data)
        else:
            self.answer(206, data[-10:], Content_Range=f"bytes {len(data) - 10}-{len(data) - 1}/{len(data)}")

    def fault_changed(self):
        """it breaks once; then something else comes from the beginning"""
        if not self.layer_only():
            return
        data = self.server.image.layer
        if self.first_time():
            self.cut(data)
        else:
            self.answer(200, bytes(len(data)))

    def fault_wrong(self):
        """the layer has its length, but other bytes"""
        if self.layer_only():
            data = self.server.image.layer
            self.answer(200, data[:100] + bytes([data[100] ^ 1]) + data[101:])

    def fault_short(self):
        """the layer is shorter than its manifest says"""
        if self.layer_only():
            self.answer(200, self.server.image.layer[:-1])

    def fault_short_chunked(self):
        """the same, without a length"""
        if self.layer_only():
            self.close_connection = True
            self.answer(200, self.server.image.layer[:-1], Content_Length=None, Connection="close")

    def fault_long(self):
        """it is longer"""
        if self.layer_only():
            self.answer(200, self.server.image.layer + b"x")

    def fault_endless(self):
        """it has no end"""
        if not self.layer_only():
            return
        self.head(200, {"Transfer-Encoding": "chunked"})
        data = self.server.image.layer
        try:
            while True:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        except OSError:
            self.close_connection = True

    def fault_slow(self):
        """a byte every quarter of a second"""
        if not self.layer_only():
            return
        self.head(200, {"Content-Length": str(len(self.server.image.layer))})
        try:
            for byte in self.server.image.layer:
                self.wfile.write(bytes([byte]))
                time.sleep(0.25)
        except OSError:
            self.close_connection = True

    def fault_stall(self):
        """it stops in the middle, once"""
        if not self.layer_only():
            return
        if not self.first_time():
            self.serve_blob(self.server.image.layer)
            return
        self.head(200, {"Content-Length": str(len(self.server.image.layer))})
        self.wfile.write(self.server.image.layer[:1000])
        self.rfile.read(1)  # until the other side has had enough
        self.close_connection = True

    def fault_hang(self):
        """nothing is answered at all"""
        if self.layer_only():
            self.rfile.read(1)
            self.close_connection = True

    def fault_gzip(self):
        """it says that its body is compressed for the way"""
        if self.layer_only():
            self.answer(200, self.server.image.layer, Content_Encoding="gzip")

    # Answers that are none.

    def fault_busy(self):
        """429 with a time to wait, once"""
        if self.kind and self.first_time():
            self.answer(429, Retry_After="1")
        else:
            self.good()

    def fault_busy_long(self):
        """429 for ever, and a time to wait that is as long"""
        if self.layer_only():
            self.answer(429, Retry_After="99999999")

    def fault_once_500(self):
        """500, once"""
        if self.kind and self.first_time():
            self.answer(500, b"oops")
        else:
            self.good()

    def fault_always_503(self):
        """503 for ever"""
        if self.layer_only():
            self.answer(503)

    def fault_forbidden(self):
        """403 with words that a terminal would obey"""
        self.answer(403, json.dumps({"errors": [{"code": "DENIED", "message": "no \x1b[31m way\n\u202e!"}]}).encode())

    def fault_headers(self):
        """one header of many megabytes"""
        if not self.manifest_only():
            return
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * (64 << 20) + b"\r\n\r\n")
        except OSError:
            pass
        self.close_connection = True

    def fault_headers_endless(self):
        """headers without end"""
        if not self.manifest_only():
            return
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                self.wfile.write(b"X-More: of it\r\n" * 1000)
        except OSError:
            self.close_connection = True

    def fault_continue(self):
        """"100 Continue" without end"""
        if not self.manifest_only():
            return
        try:
            while True:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
        except OSError:
            self.close_connection = True

    def fault_garbage(self):
        """no HTTP"""
        if self.manifest_only():
            self.wfile.write(b"\0\1\2 what is this\r\n\r\n")
            self.close_connection = True

    def fault_bad_chunk(self):
        """a chunk of a length that is none"""
        if self.manifest_only():
            self.head(200, {"Transfer-Encoding": "chunked", "Content-Type": MANIFEST})
            self.wfile.write(b"ffffffffffffffffff\r\nabc\r\n")
            self.close_connection = True

    # Manifests.

    def fault_manifest_wrong(self):
        """by digest, something else than that comes"""
        if self.manifest_only():
            data = self.server.image.manifest + b" "
            self.answer(200, data, Content_Type=MANIFEST)

    def fault_manifest_lies(self):
        """the head's digest is another one"""
        if self.manifest_only():
            self.answer(200, self.server.image.manifest, Content_Type=MANIFEST, Docker_Content_Digest="sha256:" + "0" * 64)

    def fault_manifest_silent(self):
        """the head has no digest"""
        if self.manifest_only():
            self.answer(200, self.server.image.manifest, Content_Type=MANIFEST)

    def fault_no_head(self):
        """HEAD is not answered"""
        if self.command == "HEAD":
            self.answer(405)
        else:
            self.good()

    def fault_manifest_type(self):
        """its media type is a page's"""
        if self.manifest_only():
            self.answer(200, self.server.image.manifest, Content_Type="text/html; charset=utf-8")

    def fault_urls(self):
        """the layer is not here, but, as its manifest says, on another server"""
        if self.kind == "manifests":
            manifest = json.loads(self.server.image.manifest)
            manifest["layers"][0]["urls"] = [self.url(self.server.elsewhere, "/401?urls")]
            self.serve_manifest(json.dumps(manifest).encode())
        elif self.name == digest(self.server.image.layer):
            self.answer(404)
        else:
            self.good()

    def fault_manifest_huge(self):
        """it has 200 megabytes"""
        if not self.manifest_only():
            return
        self.head(200, {"Content-Length": str(200 << 20), "Content-Type": MANIFEST})
        try:
            for _ in range(200):
                self.wfile.write(b"[" * (1 << 20))
        except OSError:
            self.close_connection = True

    # Redirects.

    def redirect(self, to, status=307):
        self.answer(status, b"elsewhere", Location=to)

    def fault_elsewhere(self):
        """blobs are on another server, as with storages"""
        if self.layer_only():
            self.redirect(self.url(self.server.elsewhere, self.path.replace("elsewhere", "good", 1) + "?signature=SECRET"))

    def fault_elsewhere_401(self):
        """that server wants credentials"""
        if self.layer_only():
            self.redirect(self.url(self.server.elsewhere, "/401"))

    def fault_downgrade(self):
        """it leads from https to http"""
        if self.layer_only():
            self.redirect(self.url(self.server.plain, self.path.replace("downgrade", "good", 1)))

    def fault_loop(self):
        """redirects for ever"""
        if self.layer_only():
            self.redirect(self.path)

    def fault_growing(self):
        """redirects for ever, to ever longer addresses"""
        if self.layer_only():
            self.answer(302, Location=self.path + "?" + "x" * 5000)

    def fault_file(self):
        """a redirect to a file"""
        if self.layer_only():
            self.redirect("file:///etc/passwd")

    def fault_link_local(self):
        """a redirect to where clouds keep their secrets"""
        if self.layer_only():
            self.redirect("http://169.254.169.254/latest/meta-data/")

    def fault_nowhere(self):
        """a redirect without an address"""
        if self.layer_only():
            self.answer(307)

    # Credentials.

    def realm(self, realm, scheme="Bearer", **more):
        """Ask for them, unless they are there."""
        if self.headers.get("Authorization", "").startswith(scheme):
            self.good()
        else:
            words = ",".join(f'{k}="{v}"' for k, v in {"realm": realm, "service": "here", **more}.items())
            self.answer(401, WWW_Authenticate=f"{scheme} {words}")

    def fault_auth_token(self):
        """a token, from a server of its own"""
        self.realm(self.url(self.server.elsewhere, "/token"))

    def fault_auth_expired(self):
        """each token is good for one request"""
        given = self.headers.get("Authorization", "")
        if given and self.first_time(given):
            self.good()
        else:
            self.realm(self.url(self.server.elsewhere, "/token"), "Bearer" if not given else "Again")

    def fault_auth_plain(self):
        """the token server is spoken with in plain http"""
        self.realm(self.url(self.server.plain, "/token"))

    def fault_auth_file(self):
        """the token server is a file"""
        self.realm("file:///etc/passwd")

    def fault_auth_host(self):
        """the token server is in plain http at another host"""
        self.realm("http://localhost.localdomain/token")

    def fault_auth_huge(self):
        """the token has a gigabyte"""
        self.realm(self.url(self.server.elsewhere, "/token-huge"))

    def fault_auth_newline(self):
        """the token would become a further header"""
        self.realm(self.url(self.server.elsewhere, "/token-newline"))

    def fault_auth_redirect(self):
        """the token server redirects"""
        self.realm(self.url(self.server.elsewhere, "/token-redirect"))

    def fault_auth_never(self):
        """no token is good enough"""
        self.answer(401, WWW_Authenticate=f'Bearer realm="{self.url(self.server.elsewhere, "/token")}"')

    def fault_auth_basic(self):
        """a name and a password"""
        if self.headers.get("Authorization") == "Basic " + base64.b64encode(self.server.user.encode()).decode():
            self.good()
        else:
            self.answer(401, WWW_Authenticate='Negotiate, Basic realm="here"')

    def fault_auth_elsewhere(self):
        """a name and a password; the layer is elsewhere"""
        if self.headers.get("Authorization") and self.kind == "blobs" and self.command == "GET":
            self.redirect(self.url(self.server.elsewhere, self.path.replace("auth-elsewhere", "good", 1)))
        else:
            self.fault_auth_basic()

    def fault_auth_unknown(self):
        """credentials of an unknown kind"""
        self.answer(401, WWW_Authenticate="Negotiate YWJjZA==")

    # Uploads.

    def fault_up_break(self):
        """it breaks in the middle of the upload, once, and knows how far it has come"""
        if self.kind != "uploads" or self.command not in ("PUT", "PATCH") or not self.first_time("data"):
            self.good()
            return
        half = int(self.headers["Content-Length"]) // 2
        self.server.uploads.setdefault(self.repository, bytearray()).extend(self.rfile.read(half))
        self.break_off()

    def fault_up_forget(self):
        """it breaks once, and does not know of the upload any more"""
        if self.kind == "uploads" and self.command in ("PUT", "PATCH") and self.first_time("data"):
            self.rfile.read(1000)
            self.break_off()
        elif self.kind == "uploads" and self.command == "GET":
            self.answer(404)
        else:
            self.good()

    def fault_up_never(self):
        """it always breaks in the middle"""
        if self.kind == "uploads" and self.command in ("PUT", "PATCH"):
            self.rfile.read(1000)
            self.break_off()
        else:
            self.good()

    def fault_up_chunks(self):
        """it wants chunks"""
        if self.kind == "uploads" and self.command == "POST":
            self.server.uploads[self.repository] = bytearray()
            self.answer(202, Location=f"/v2/{self.repository}/blobs/uploads/1", OCI_Chunk_Min_Length="1000")
        elif self.kind == "uploads" and self.command == "PUT" and int(self.headers["Content-Length"]):
            self.body()
            self.answer(400)
        else:
            self.good()

    def fault_up_large(self):
        """it takes no piece so large, but chunks"""
        if self.kind == "uploads" and self.command == "PUT" and int(self.headers["Content-Length"]):
            self.body()
            self.answer(413)
        else:
            self.good()

    def fault_up_elsewhere(self):
        """the place for it is on another server"""
        if self.kind == "uploads" and self.command == "POST":
            self.answer(202, Location=self.url(self.server.elsewhere, "/v2/good/blobs/uploads/1"))
        else:
            self.fault_auth_basic()

    def fault_up_downgrade(self):
        """the place for it is in plain http"""
        if self.kind == "uploads" and self.command == "POST":
            self.answer(202, Location=self.url(self.server.plain, "/v2/good/blobs/uploads/1"))
        else:
            self.good()

    def fault_up_mount(self):
        """it can mount"""
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        if self.kind == "uploads" and self.command == "POST" and query.get("from") == ["has-it"]:
            self.answer(201, Location="/v2/x/blobs/x", Docker_Content_Digest=query["mount"][0])
        else:
            self.good()

    def fault_up_lies(self):
        """it has stored something else"""
        if self.command == "PUT":
            self.body()
            self.answer(201, Docker_Content_Digest="sha256:" + "0" * 64)
        else:
            self.good()

    # Lists.

    def fault_pages(self):
        """three pages of tags"""
        page = int(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("page", ["1"])[0])
        link = {"Link": f'</v2/pages/tags/list?page={page + 1}&n=2>; rel="next"'} if page < 3 else {}
        self.answer(200, json.dumps({"tags": [f"{page}a", f"{page}b", "../no", "-no"]}).encode(), **link)

    def fault_pages_loop(self):
        """pages for ever"""
        self.answer(200, b'{"tags": ["x"]}', Link=f'<{self.path}>; rel="next"')

    def fault_pages_elsewhere(self):
        """the next page is at somebody else's"""
        self.answer(200, b'{"tags": ["x"]}', Link=f'<{self.url(self.server.elsewhere, "/v2/x/tags/list")}>; rel="next"')

    def fault_tags_null(self):
        """null instead of a list"""
        self.answer(200, b'{"name": "x", "tags": null}')

    # Which of them.

    def look(self):
        """What the request is about. A repository may have a suffix, so that a fault can be met for the first time again."""
        m = re.match(r"/v2/(([a-z0-9-]+)(?:\.[a-z0-9]+)?)/(manifests|blobs|tags)/([^?]*)", self.path)
        self.repository, self.case, self.kind, self.name = m.groups() if m else ("good", "good", "", "")
        if self.kind == "blobs" and self.name.startswith("uploads/"):
            self.kind = "uploads"

    def serve(self):
        self.note()
        self.look()
        getattr(self, "fault_" + self.case.replace("-", "_"), self.good)()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = serve


class Elsewhere(Handler):
    """The other server: a storage, and a token server."""

    def token(self):
        """What the user's name is worth."""
        given = self.headers.get("Authorization")
        if given not in (None, "Basic " + base64.b64encode(self.server.user.encode()).decode()):
            self.answer(401)
            return
        with self.server.lock:
            self.server.seen["token"] = self.server.seen.get("token", 0) + 1
            number = self.server.seen["token"]
        self.answer(200, json.dumps({"token": f"token-{number}", "expires_in": 300}).encode())

    def huge(self):
        self.head(200, {"Content-Length": str(1 << 30)})
        try:
            self.wfile.write(b'{"token": "')
            for _ in range(1024):
                self.wfile.write(b"a" * (1 << 20))
        except OSError:
            self.close_connection = True

    def serve(self):
        self.note()
        path = urllib.parse.urlsplit(self.path).path
        special = {
            "/token": self.token,
            "/token-huge": self.huge,
            "/token-newline": lambda: self.answer(200, b'{"token": "a\\r\\nX-Injected: yes"}'),
            "/token-redirect": lambda: self.redirect(self.url(self.server, "/token")),
            "/401": lambda: self.answer(401, WWW_Authenticate='Basic realm="tell me"'),
        }
        if path in special:
            if self.command == "POST":
                self.body()
            special[path]()
        else:
            self.look()
            self.good()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = serve


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64

    def __init__(self, handler, options, image, log, tls):
        super().__init__(("127.0.0.1", 0), handler)
        self.image, self.user, self.tls, self.log = image, options.user, tls, f"{options.folder}/{log}"
        self.lock, self.seen, self.uploads, self.forget = threading.Lock(), {}, {}, set()
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*options.tls)
            if options.old_tls:
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def shutdown_request(self, request):
        if request in self.forget:  # to be reset, not ended in good order
            self.forget.discard(request)
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, *_):
        pass  # the other side may go at any time


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--folder")
    p.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    p.add_argument("--old-tls", action="store_true")
    p.add_argument("--bytes", type=int, default=300000)
    p.add_argument("--user", default="me:secret")
    p.add_argument("--list", action="store_true", help="the names of the faults, and what each is")
    options = p.parse_args()
    if options.list:
        for name, f in vars(Handler).items():
            if name.startswith("fault_"):
                print(f"{name[6:].replace('_', '-'):24} {f.__doc__}")
        return
    image = Image(options.bytes)
    main_server = Server(Handler, options, image, "log", bool(options.tls))
    main_server.elsewhere = Server(Elsewhere, options, image, "elsewhere.log", bool(options.tls))
    main_server.plain = Server(Elsewhere, options, image, "elsewhere.log", False)
    with open(f"{options.folder}/image.json", "w", encoding="utf-8") as f:
        json.dump(image.describe(), f)
    for name, server in (("elsewhere", main_server.elsewhere), ("plain", main_server.plain), ("port", main_server)):
        with open(f"{options.folder}/{name}.new", "w", encoding="ascii") as f:
            f.write(f"{server.server_port}\n")
        os.rename(f"{options.folder}/{name}.new", f"{options.folder}/{name}")
        if server is not main_server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
    main_server.serve_forever()


if __name__ == "__main__":
    main()
