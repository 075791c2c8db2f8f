"""A small OpenID Connect provider for login tests: a separate process on 127.0.0.1.

Authorization code flow with what OpenID Connect Core and Discovery require: a discovery
document, a login page, single-use codes bound to client and redirect address, id tokens signed
with RS256, and the public key as a JWKS. `python tests/oidc_provider.py PORT` runs until killed.
"""

import base64
import hashlib
import html
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "itlim-tests", "not-a-secret"
ACCOUNTS = {
    "ann": {"email": "ann@example.org", "email_verified": True, "name": "Ann"},
    "zoe": {"email": "zoe@example.org", "email_verified": True, "name": "Zoe"},
    "ada": {"email": "ada@example.org", "email_verified": True, "name": "Ada"},
    "eve": {"email": "eve@example.org", "email_verified": True, "name": "zoe@example.org"},
    # Claims to be Zoe, but the email address is not verified.
    "mallory": {"email": "zoe@example.org", "email_verified": False, "name": "zoe@example.org"},
}
LIFETIME_S = 600


class Provider(ThreadingHTTPServer):
    """The server with the authorization codes issued so far."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), RequestHandler)
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, str]] = {}

    def discovery(self) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    def id_token(self, account: str, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": f"id-of-{account}",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + LIFETIME_S,
            "nonce": nonce,
            **ACCOUNTS[account],
        }
        return jwt.encode({"alg": "RS256", "kid": "first"}, claims, self.key)


class RequestHandler(BaseHTTPRequestHandler):
    """Handles one request."""

    server: Provider

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, self._parameters(urlsplit(self.path).query)
        if path == "/.well-known/openid-configuration":
            self._json(200, self.server.discovery())
        elif path == "/jwks":
            self._json(200, {"keys": [self.server.key.as_dict(private=False)]})
        elif path == "/authorize":
            self._log_in_page(asked)
        else:
            self._json(404, {"error": "not_found"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        path, sent = urlsplit(self.path).path, self._parameters(body)
        if path == "/authorize":
            self._issue_code(sent)
        elif path == "/token":
            self._token(sent)
        else:
            self._json(404, {"error": "not_found"})

    def log_message(self, *_: object) -> None:
        """Suppress the log."""

    def _log_in_page(self, asked: dict[str, str]) -> None:
        if (asked.get("client_id"), asked.get("response_type")) != (CLIENT_ID, "code"):
            self._json(400, {"error": "invalid_request"})
            return
        kept = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in asked.items()
        )
        buttons = "".join(
            f'<button name="account" value="{one}">{one}</button>' for one in ACCOUNTS
        )
        page = (
            f'<title>Provider</title><form method="post" action="/authorize">{kept}{buttons}</form>'
        )
        self._answer(200, "text/html; charset=utf-8", page.encode())

    def _issue_code(self, sent: dict[str, str]) -> None:
        code = secrets.token_urlsafe(24)
        self.server.codes[code] = sent
        back = urlencode({"code": code, "state": sent.get("state", "")})
        self.send_response(303)
        self.send_header("Location", f"{sent['redirect_uri']}?{back}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _token(self, sent: dict[str, str]) -> None:
        issued = self.server.codes.pop(sent.get("code", ""), None)
        if self._client(sent) != (CLIENT_ID, CLIENT_SECRET):
            self._json(401, {"error": "invalid_client"})
        elif issued is None or issued["redirect_uri"] != sent.get("redirect_uri"):
            self._json(400, {"error": "invalid_grant"})
        elif not _matches(issued.get("code_challenge"), sent.get("code_verifier", "")):
            self._json(400, {"error": "invalid_grant", "error_description": "PKCE"})
        else:
            self._json(
                200,
                {
                    "access_token": secrets.token_urlsafe(24),
                    "token_type": "Bearer",
                    "expires_in": LIFETIME_S,
                    "id_token": self.server.id_token(issued["account"], issued.get("nonce", "")),
                },
            )

    def _client(self, sent: dict[str, str]) -> tuple[str, str]:
        said = self.headers.get("Authorization", "")
        if said.startswith("Basic "):
            name, _, secret = base64.b64decode(said[6:]).decode().partition(":")
            return unquote(name), unquote(secret)
        return sent.get("client_id", ""), sent.get("client_secret", "")

    def _parameters(self, query: str) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(query).items()}

    def _json(self, status: int, content: object) -> None:
        self._answer(status, "application/json", json.dumps(content).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _matches(challenge: str | None, verifier: str) -> bool:
    """Whether a verifier matches the challenge (PKCE, S256)."""
    if challenge is None:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge


if __name__ == "__main__":
    Provider(int(sys.argv[1])).serve_forever()
