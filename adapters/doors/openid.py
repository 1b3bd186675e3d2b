"""Signing people in at an OpenID Connect issuer: the authorization code flow with PKCE (RFC 7636),
as OpenID Connect Core 1.0 has it for a server."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from adapters.doors.signing_keys import FRESH_S, TIMEOUT_S, read_json
from adapters.doors.tokens import TokenHolder, TokenRefused, Tokens

SECRET_BYTES = 32


class IssuerUnavailable(Exception):
    """The issuer cannot be reached, or answers what none answers; nobody was signed in."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What only the browser that began knows: `state` ties the answer to it, `nonce` the token,
    `verifier` the code."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begun(cls) -> Attempt:
        return cls(*(secrets.token_urlsafe(SECRET_BYTES) for _ in range(3)))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


class OpenIdClient:
    """Known to the issuer as `client_id`; without a secret it is a public client. `tokens` verifies
    ID tokens, which are meant for the client and nobody else. `now` answers seconds that only ever
    grow."""

    def __init__(
        self,
        tokens: Tokens,
        client_id: str,
        secret: str | None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.tokens = tokens
        self.client_id = client_id
        self.secret = secret
        self.now = now
        self.document: dict[str, Any] = {}
        self.read_at: float | None = None

    async def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser goes to be signed in. Raises IssuerUnavailable."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        address = await self.endpoint("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def redeemed(
        self, attempt: Attempt, code: str, redirect_uri: str, now: datetime
    ) -> TokenHolder:
        """Whom the issuer has signed in. Raises TokenRefused and SigningKeysUnavailable as for any
        token, and IssuerUnavailable."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self.client_id,
            "code_verifier": attempt.verifier,
        }
        if self.secret is not None:
            form["client_secret"] = self.secret
        address = await self.endpoint("token_endpoint")
        try:
            async with client() as session:
                told = await read_json(session.post(address, data=form, allow_redirects=False))
        except ValueError:
            raise TokenRefused("The issuer has not accepted what it had sent you with.") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise IssuerUnavailable(type(error).__name__) from error
        token = told.get("id_token")
        if not isinstance(token, str):
            raise TokenRefused("The issuer's answer holds no ID token.")
        return await self.tokens.verify(token, now, nonce=attempt.nonce)

    async def endpoint(self, name: str) -> str:
        if self.read_at is None or self.now() - self.read_at > FRESH_S:
            self.document = await self.discovered()
            self.read_at = self.now()
        address = self.document.get(name)
        if not isinstance(address, str):
            raise IssuerUnavailable(name)
        if urlsplit(address).scheme != "https" and self.tokens.issuer.startswith("https:"):
            raise IssuerUnavailable(name)
        return address

    async def discovered(self) -> dict[str, Any]:
        issuer = self.tokens.issuer
        try:
            async with client() as session:
                url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                told = await read_json(session.get(url, allow_redirects=False))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise IssuerUnavailable(type(error).__name__) from error
        if told.get("issuer") != issuer:
            raise IssuerUnavailable("the discovery document is another issuer's")
        return told


def client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
