"""An issuer of tokens on a loopback port: its discovery document, its keys, and tokens of every
kind, good and bad."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

AUDIENCE = "https://api.tripledger.example"
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

    async def discovery(self, _: web.Request) -> web.Response:
        return web.json_response({"issuer": self.named or self.url, "jwks_uri": f"{self.url}/keys"})

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
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield issuer
    await runner.cleanup()
