"""An issuer of tokens on a loopback port: its discovery document, its keys, and tokens of every
kind, good and bad."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

AUDIENCE = "https://api.tripledger.example"
CLIENT_ID, CLIENT_SECRET = "tripledger-console", "not-a-secret-of-anybody"
ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA", "HS256", "none"]
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa-1", "use": "sig"})
EC = ECKey.generate_key("P-256", parameters={"kid": "ec-1", "use": "sig"})
ED = OKPKey.generate_key("Ed25519", parameters={"kid": "ed-1"})
STRANGER = RSAKey.generate_key(2048, parameters={"kid": "rsa-1"})


@dataclass
class Issuer:
    """`answer` unset: the keys are told; else what is told instead: (status, body)."""

    url: str = ""
    keys: list[Key] = field(default_factory=lambda: [RSA, EC, ED])
    entries: list[Any] = field(default_factory=list)
    answer: tuple[int, bytes] | None = None
    named: str | None = None
    asked: int = 0
    # Codes that were given out, with what the browser was sent with; each is good once.
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    signs_in: dict[str, Any] = field(default_factory=dict)

    async def discovery(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.named or self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
            }
        )

    async def authorize(self, request: web.Request) -> web.Response:
        """Whoever comes is signed in at once and sent back."""
        asked = dict(request.query)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return web.Response(status=303, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    async def exchange(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self.codes.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or (asked["code_challenge"], asked["code_challenge_method"]) != (challenge, "S256")
            or form["redirect_uri"] != asked["redirect_uri"]
            or form["client_id"] != asked["client_id"]
            or form.get("client_secret") != CLIENT_SECRET
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        claims = {"aud": asked["client_id"], "nonce": asked["nonce"], "scope": ...}
        return web.json_response({"id_token": self.token(**claims | self.signs_in)})

    async def told(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.answer is not None:
            return web.Response(status=self.answer[0], body=self.answer[1])
        public = [key.as_dict(private=False) for key in self.keys]
        return web.json_response({"keys": [*public, *self.entries]})

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "u-17",
            "tenant": "acme",
            "scope": "trips:read trips:write",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        } | changed
        return {name: value for name, value in claims.items() if value is not ...}

    def token(
        self, key: Key | OctKey = RSA, alg: str = "RS256", header: Any = None, **changed: Any
    ) -> str:
        """A claim that is `...` is left out."""
        whole = {"alg": alg, "kid": key.kid} | (header or {})
        whole = {name: value for name, value in whole.items() if value is not ...}
        return jwt.encode(whole, self.claims(**changed), key, algorithms=ALGORITHMS)


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", issuer.discovery)
    app.router.add_get("/keys", issuer.told)
    app.router.add_get("/authorize", issuer.authorize)
    app.router.add_post("/token", issuer.exchange)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield issuer
    await runner.cleanup()
