#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""token.py --folder FOLDER --user NAME:PASSWORD [OPTION…]: the token server of a registry, as docker's registry knows it.

It signs with FOLDER/token.key, whose certificate is FOLDER/token.pem (made where they are missing), listens on a free port of
127.0.0.1, writes that into FOLDER/token.port, and every request into FOLDER/token.log, as a line of JSON with its headers.

  --service, --issuer   as the registry has them (paene-test)
  --tls CERT KEY        speak TLS
  --anonymous           who brings no credentials may pull; else he may nothing
  --expires S           seconds that a token is good for (300)
  --identity            a GET with offline_token=true, or a POST, gets a refresh token, too; a POST with it a further token
  --as-access-token     the answer has "access_token" alone, as OAuth2 has it
"""

import argparse
import base64
import http.server
import json
import os
import ssl
import subprocess
import time
import urllib.parse


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """JSON web tokens, signed by the openssl command: ES256, whose signature is two numbers and no DER."""

    def __init__(self, folder):
        self.key, cert = f"{folder}/token.key", f"{folder}/token.pem"
        if not os.path.exists(self.key):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-subj", "/CN=token", "-days", "3650", "-keyout", self.key, "-out", cert],
                           check=True, stderr=subprocess.DEVNULL)
        with open(cert, encoding="ascii") as f:
            lines = f.read().split("-----")[2]
        self.header = {"typ": "JWT", "alg": "ES256", "x5c": ["".join(lines.split())]}

    @staticmethod
    def numbers(der):
        out, at = b"", 2
        for _ in range(2):
            size = der[at + 1]
            out += der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0")
            at += 2 + size
        return out

    def sign(self, claims):
        text = b64(json.dumps(self.header).encode()) + "." + b64(json.dumps(claims).encode())
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True,
                             stdout=subprocess.PIPE).stdout
        return text + "." + b64(self.numbers(der))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self, form):
        with open(f"{self.server.options.folder}/token.log", "a", encoding="utf-8") as f:
            json.dump({"method": self.command, "path": self.path, "headers": dict(self.headers), "form": form}, f)
            f.write("\n")

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="token"')
        self.end_headers()
        self.wfile.write(data)

    def who(self):
        """The user by his password, "" for nobody, None for a wrong one."""
        given = self.headers.get("Authorization")
        if not given:
            return ""
        kind, _, words = given.partition(" ")
        user = self.server.options.user
        return user.split(":")[0] if kind == "Basic" and base64.b64decode(words).decode() == user else None

    def access(self, user, scopes):
        may = ["pull", "push", "delete", "*"] if user else ["pull"] if self.server.options.anonymous else []
        granted = []
        for scope in " ".join(scopes).split():
            kind, name, actions = scope.split(":")
            actions = [a for a in actions.split(",") if a in may]
            if actions:
                granted.append({"type": kind, "name": name, "actions": actions})
        return granted

    def token(self, user, service, scopes, refresh):
        options = self.server.options
        now = int(time.time())
        text = self.server.signer.sign({
            "iss": options.issuer, "aud": service, "sub": user, "nbf": now - 10, "iat": now, "exp": now + options.expires,
            "jti": b64(os.urandom(9)), "access": self.access(user, scopes)})
        body = {"access_token": text, "expires_in": options.expires}
        if not options.as_access_token:
            body["token"] = text
        if refresh:
            body["refresh_token"] = self.server.refresh
        self.answer(200, body)

    def do_GET(self):
        self.note({})
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        user = self.who()
        if user is None:
            self.answer(401, {"details": "incorrect username or password"})
            return
        refresh = self.server.options.identity and query.get("offline_token") == ["true"] and user
        self.token(user, query.get("service", [""])[0], query.get("scope", []), refresh)

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {k: v[0] for k, v in urllib.parse.parse_qs(text).items()}
        self.note(form)
        name, password = self.server.options.user.split(":", 1)
        by_token = form.get("grant_type") == "refresh_token" and form.get("refresh_token") == self.server.refresh
        by_password = form.get("grant_type") == "password" and (form.get("username"), form.get("password")) == (name, password)
        if not (self.server.options.identity and (by_token or by_password)):
            self.answer(401, {"details": "no such token"})
            return
        self.token(name, form.get("service", ""), [form.get("scope", "")], True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--folder", required=True)
    p.add_argument("--user", required=True)
    p.add_argument("--service", default="paene-test")
    p.add_argument("--issuer", default="paene-test")
    p.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    p.add_argument("--anonymous", action="store_true")
    p.add_argument("--expires", type=int, default=300)
    p.add_argument("--identity", action="store_true")
    p.add_argument("--as-access-token", action="store_true")
    options = p.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.options, server.signer, server.refresh = options, Signer(options.folder), "identity-" + b64(b"of the tests")
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(f"{options.folder}/token.new", "w", encoding="ascii") as f:
        f.write(f"{server.server_port}\n")
    os.rename(f"{options.folder}/token.new", f"{options.folder}/token.port")
    server.serve_forever()


if __name__ == "__main__":
    main()
