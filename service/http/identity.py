"""Who is asking: an API key or an issuer's token by `Authorization: Bearer`, and what it allows."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from aiohttp import web

from adapters.api_keys import SCOPES, ApiKey
from adapters.doors.signing_keys import SigningKeysUnavailable
from adapters.doors.tokens import TokenHolder, TokenRefused, looks_like_token
from service.http.problems import Problem

# Who holds the scope on the right may do what the one on the left allows.
IMPLIED_BY = {"payments:propose": "payments:write"}

READER = frozenset(["trips:read", "ops:read"])
# What the holder of a token may do by its role, beside the scopes the token names.
ROLES = {
    "viewer": READER,
    "operator": READER | {"ops:write"},
    # Who administers one tenant is nobody in another.
    "admin": frozenset(SCOPES) - {"ops:all"},
}
# Whoever holds a token with this role builds, prices and proposes, and never moves money,
# whatever else the token names.
AGENT = "agent"
AGENT_SCOPES = frozenset(["trips:read", "trips:write", "payments:propose"])

KEY_CHARACTERS_MAX = 200
CHALLENGE = 'Bearer realm="tripledger"'


class KeyRing(Protocol):
    """Where presented keys are looked up."""

    def find(self, text: str, now: datetime) -> Awaitable[ApiKey | None]:
        """The key of this text; None when it is unknown, revoked or expired."""
        ...


class TokenVerifier(Protocol):
    """Where an issuer's tokens are verified."""

    def verify(self, text: str, now: datetime) -> Awaitable[TokenHolder]:
        """Raises TokenRefused, SigningKeysUnavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`actor` is how the caller is named in the log: `key:…` or, by a token, `user:…`."""

    tenant: str
    actor: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or IMPLIED_BY.get(scope) in self.scopes


ANONYMOUS = Caller(tenant="", actor="anonymous", scopes=frozenset())


async def identify(
    text: str, keys: KeyRing, now: datetime, tokens: TokenVerifier | None = None
) -> Caller:
    """The caller of this credential, or a 401."""
    if tokens is not None and looks_like_token(text):
        # An issuer's time is everybody's, also where the service's own may be moved.
        return await token_holder(tokens, text, datetime.now(UTC))
    sane = len(text) <= KEY_CHARACTERS_MAX and text.isascii()
    key = await keys.find(text, now) if sane else None
    if key is None:
        raise unauthenticated("The API key is unknown, expired or revoked.", error="invalid_token")
    return Caller(tenant=key.tenant, actor=f"key:{key.key_id}", scopes=key.scopes)


async def token_holder(tokens: TokenVerifier, text: str, now: datetime) -> Caller:
    try:
        holder = await tokens.verify(text, now)
    except TokenRefused as refusal:
        raise unauthenticated(str(refusal), error="invalid_token") from None
    except SigningKeysUnavailable:
        raise unauthenticated("The token cannot be verified now.", error="invalid_token") from None
    return Caller(tenant=holder.tenant, actor=f"user:{holder.subject}", scopes=granted(holder))


def granted(holder: TokenHolder) -> frozenset[str]:
    """The scopes of ours that a token's words stand for; words that are not ours mean nothing."""
    named = holder.scopes & SCOPES.keys()
    of_roles = [ROLES[role] for role in holder.roles & ROLES.keys()]
    allowed = named.union(*of_roles, AGENT_SCOPES if AGENT in holder.roles else ())
    return allowed & AGENT_SCOPES if AGENT in holder.roles else allowed


def presented(request: web.Request, *, x_api_key: bool) -> str:
    """The credential, or a 401. `x_api_key`: the header `X-API-Key` is good too."""
    headers = request.headers
    if len(headers.getall("Authorization", [])) > 1:
        raise unauthenticated("Send exactly one Authorization header.", error="invalid_request")
    scheme, _, text = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and text.strip():
        return text.strip()
    if x_api_key and headers.get("X-API-Key"):
        return headers["X-API-Key"].strip()
    raise unauthenticated("There is no API key or token: send it as `Authorization: Bearer …`.")


def unauthenticated(detail: str, *, error: str | None = None) -> Problem:
    challenge = CHALLENGE if error is None else f'{CHALLENGE}, error="{error}"'
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": challenge})


def authorize(caller: Caller, scopes: tuple[str, ...]) -> None:
    """Refuse a caller who lacks any of the scopes."""
    missing = [scope for scope in scopes if not caller.may(scope)]
    if missing:
        raise Problem(
            "insufficient_scope",
            f"The scope {', '.join(missing)} is missing.",
            facts={"required_scopes": list(scopes)},
            headers={
                "WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", '
                f'scope="{" ".join(scopes)}"'
            },
        )
