"""An issuer's public keys (JWKS, RFC 7517): fetched over HTTPS, kept, renewed in the background;
when the issuer cannot be reached the last ones are good for a while, then none are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from adapters.answers import read_whole

FRESH_S = 600.0
# After so long without an answer of the issuer nobody is let in: a key may have been withdrawn.
STALE_S_MAX = 6 * 3_600.0
# A token with a key id nobody knows makes us ask again, but strangers cannot make us ask often.
ASK_AGAIN_S = 60.0
TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 262_144
KEYS_MAX = 100
RSA_BITS_MIN = 2_048

log = structlog.get_logger("adapters.signing_keys")


class SigningKeysUnavailable(Exception):
    """The issuer's keys cannot be had and none are left that are new enough."""


class SigningKeys:
    """The keys of one issuer by key id. `jwks_url` unset: found by the issuer's discovery document
    (OpenID Connect Discovery 1.0). `now` answers seconds that only ever grow."""

    def __init__(
        self, issuer: str, jwks_url: str | None, *, now: Callable[[], float] = monotonic
    ) -> None:
        self.issuer = issuer
        self.jwks_url = jwks_url
        self.now = now
        self.keys: Mapping[str, Key] = {}
        self.fetched_at: float | None = None
        self.asked_at: float | None = None
        self.asking: asyncio.Task[None] | None = None

    async def get(self, key_id: str) -> Key | None:
        """The key; None: the issuer has none by this id. Raises SigningKeysUnavailable."""
        if self.age() > STALE_S_MAX or (key_id not in self.keys and self.may_ask()):
            await self.ask()
        elif self.age() > FRESH_S and self.may_ask():
            self.start_asking()
        if self.age() > STALE_S_MAX:
            raise SigningKeysUnavailable(self.issuer)
        return self.keys.get(key_id)

    def age(self) -> float:
        return float("inf") if self.fetched_at is None else self.now() - self.fetched_at

    def may_ask(self) -> bool:
        return self.asked_at is None or self.now() - self.asked_at >= ASK_AGAIN_S

    async def ask(self) -> None:
        """Ask the issuer, together with whoever is asking already, and not too often."""
        if self.asking is not None or self.may_ask():
            await asyncio.shield(self.start_asking())

    def start_asking(self) -> asyncio.Task[None]:
        if self.asking is None:
            self.asked_at = self.now()
            self.asking = asyncio.create_task(self.renew(), name="signing-keys")
        return self.asking

    async def renew(self) -> None:
        try:
            self.keys = await self.fetch()
            self.fetched_at = self.now()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("signing_keys_not_renewed", reason=type(error).__name__)
        finally:
            self.asking = None

    async def fetch(self) -> dict[str, Key]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            url = self.jwks_url or await self.discovered(session)
            found = await read_json(session.get(url, allow_redirects=False))
        listed = found.get("keys")
        if not isinstance(listed, list):
            raise ValueError("the answer is no JWK Set")
        return usable_keys(listed[:KEYS_MAX])

    async def discovered(self, session: aiohttp.ClientSession) -> str:
        document = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        told = await read_json(session.get(document, allow_redirects=False))
        url = told.get("jwks_uri")
        if told.get("issuer") != self.issuer or not isinstance(url, str):
            raise ValueError("the discovery document is another issuer's")
        if urlsplit(url).scheme != "https" and urlsplit(self.issuer).scheme == "https":
            raise ValueError("the discovery document names an address in clear")
        return url


async def read_json(
    asking: AbstractAsyncContextManager[aiohttp.ClientResponse],
) -> dict[str, Any]:
    """The JSON object that is answered; raises ValueError for anything else."""
    async with asking as answer:
        if answer.status != 200:
            raise ValueError(f"the issuer answers {answer.status}")
        raw = await read_whole(answer, ANSWER_BYTES_MAX)
    return msgspec.json.decode(raw, type=dict[str, Any])


def usable_keys(listed: list[Any]) -> dict[str, Key]:
    """Public keys for signatures, by id. What is secret, small, for something else or unreadable
    is left out: a token signed with it is refused."""
    found: dict[str, Key] = {}
    for entry in listed:
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
            continue
        if entry.get("use", "sig") != "sig":
            continue
        try:
            key = import_key(entry)
        except (JoseError, ValueError, TypeError, KeyError):
            log.warning("signing_key_unreadable")
            continue
        if is_strong(key):
            found[entry["kid"]] = key
    return found


def is_strong(key: Key) -> bool:
    if isinstance(key, RSAKey):
        return key.public_key.key_size >= RSA_BITS_MIN
    return isinstance(key, ECKey | OKPKey)
