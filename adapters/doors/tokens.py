"""Bearer tokens of an OAuth2 or OpenID Connect issuer (JWT, RFC 7519 and 8725): whose they are, if
the issuer really signed them, for us, and for now."""

from __future__ import annotations

import json
import re
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

# Signatures by a private key only: with `none` or a shared secret anybody could sign.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
# What issuers write into `typ` of a token that is meant for an API (RFC 9068), or leave out.
TYPES = frozenset(["jwt", "at+jwt", "application/at+jwt"])
CHARACTERS_MAX = 7_000
CLOCK_SKEW_S = 30
# Three parts in base64url, as a signed token has: an encrypted one has five.
SHAPE = re.compile(r"(eyJ[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# The name goes into the log for ever, so it must be an opaque one: an address is a person's.
SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:|-]{0,127}")
TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# Any header is fine (issuers add their own); those that matter are checked here.
LENIENT = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
LENIENT.max_header_length = 2_048
# RFC 9864 gives EdDSA a more exact name; issuers go on using the old one, which is as good.
warnings.filterwarnings("ignore", "EdDSA is deprecated")


class TokenRefused(Exception):
    """The token opens nothing; the text tells its bearer why and holds nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    tenant: str = "tenant"
    scope: str = "scope"
    roles: str = "roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """Whom the issuer speaks of; `scopes` and `roles` are its words, not yet ours."""

    subject: str
    tenant: str
    scopes: frozenset[str]
    roles: frozenset[str]


class KeysOfIssuer(Protocol):
    async def get(self, key_id: str) -> Key | None: ...


def looks_like_token(text: str) -> bool:
    return text.startswith("eyJ")


class Tokens:
    """Verifies tokens of one issuer that are meant for one audience."""

    def __init__(
        self, issuer: str, audience: str, keys: KeysOfIssuer, names: ClaimNames | None = None
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.keys = keys
        self.names = names or ClaimNames()

    async def verify(self, text: str, now: datetime, *, nonce: str | None = None) -> TokenHolder:
        """Raises TokenRefused, and SigningKeysUnavailable when it cannot be told. `nonce`: the
        token was made for one attempt to sign in, and must name it."""
        header = header_of(text)
        key = await self.keys.get(key_id_of(header))
        if key is None:
            raise TokenRefused("The token is signed with a key its issuer does not have.")
        claims = self.claims_of(text, key)
        self.check(claims, int(now.timestamp()))
        if nonce is not None and claims.get("nonce") != nonce:
            raise TokenRefused("The token was made for another attempt to sign in.")
        return TokenHolder(
            subject=matching(claims, "sub", SUBJECT),
            tenant=matching(claims, self.names.tenant, TENANT),
            scopes=words_of(claims.get(self.names.scope)),
            roles=words_of(claims.get(self.names.roles)),
        )

    def claims_of(self, text: str, key: Key) -> dict[str, Any]:
        try:
            return jwt.decode(text, key, algorithms=ALGORITHMS, registry=LENIENT).claims
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise TokenRefused("The token's signature is not its issuer's.") from None

    def check(self, claims: Mapping[str, Any], now_s: int) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=now_s,
            leeway=CLOCK_SKEW_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
        )
        try:
            registry.validate(dict(claims))
        except (JoseError, ValueError, TypeError):
            raise TokenRefused(
                "The token has expired, is not valid yet, or is another issuer's or audience's."
            ) from None


def header_of(text: str) -> dict[str, Any]:
    shape = SHAPE.fullmatch(text) if len(text) <= CHARACTERS_MAX else None
    if shape is None:
        raise TokenRefused("The token has not the form of a signed JWT.")
    try:
        header = json.loads(urlsafe_b64decode(shape[1] + "=" * (-len(shape[1]) % 4)))
    except (ValueError, RecursionError):
        raise TokenRefused("The token's header cannot be read.") from None
    if not isinstance(header, dict) or header.get("alg") not in ALGORITHMS:
        raise TokenRefused("The token is signed in a way that is not accepted here.")
    return header


def key_id_of(header: Mapping[str, Any]) -> str:
    kind, key_id = header.get("typ", "jwt"), header.get("kid")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise TokenRefused("The token is not one for an API.")
    if not isinstance(key_id, str):
        raise TokenRefused("The token does not name its key.")
    return key_id


def matching(claims: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise TokenRefused(f"The token's claim `{name}` is missing or has not the form needed.")
    return value


def words_of(value: object) -> frozenset[str]:
    """A claim of several words: separated by spaces, or a list."""
    if isinstance(value, str):
        return frozenset(value.split())
    if isinstance(value, list):
        return frozenset(each for each in value if isinstance(each, str))
    return frozenset()
