"""A small OpenID Connect provider on this machine: real keys, real tokens, and one person who always agrees."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT = "imclust"


def text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number64(number: int) -> str:
    return text64(number.to_bytes((number.bit_length() + 7) // 8, "big"))


class Provider(ThreadingHTTPServer):
    """Signs tokens for `email`."""

    daemon_threads = True

    def __init__(self, email: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.email = email
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.nonces: dict[str, str] = {}

    def token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "sub": "1", "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": nonce}
        claims |= {"email": self.email, "name": "Ada Analyst"}
        head = {"alg": "RS256", "typ": "JWT", "kid": "k"}
        signed = ".".join(text64(json.dumps(part).encode()) for part in (head, claims))
        return f"{signed}.{text64(self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def keys(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": "k",
            "n": number64(numbers.n),
            "e": number64(numbers.e),
        }
        return {"keys": [key]}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url, path = self.server.url, urlsplit(self.path)
        if path.path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "jwks_uri": f"{url}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        elif path.path == "/keys":
            self._json(self.server.keys())
        else:
            asked = {name: values[0] for name, values in parse_qs(path.query).items()}
            self.server.nonces["code"] = asked.get("nonce", "")
            self.send_response(302)
            back = urlencode({"code": "code", "state": asked.get("state", "")})
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        token = self.server.token(self.server.nonces["code"])
        self._json({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _json(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def provider(email: str) -> Iterator[Provider]:
    """A running provider for as long as the block lasts."""
    with Provider(email) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
