"""Who is asking: API keys by `Authorization: Bearer`, and what their scopes allow."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiohttp import web

from adapters.api_keys import ApiKey
from service.http.problems import Problem

SCOPES = {
    "trips:read": "read trips, bookings and events",
    "trips:write": "make and edit trips, search offers",
    "payments:write": "open checkouts, cancel and refund",
    "ops:read": "read everything of the tenant, as an operator",
    "ops:write": "repair, retry and rebuild, as an operator",
}
KEY_CHARACTERS_MAX = 200
CHALLENGE = 'Bearer realm="tripledger"'


class KeyRing(Protocol):
    """Where presented keys are looked up."""

    def find(self, text: str, now: datetime) -> Awaitable[ApiKey | None]:
        """The key of this text; None when it is unknown, revoked or expired."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    tenant: str
    key_id: str
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """How this caller is named in the log."""
        return f"key:{self.key_id}"

    def may(self, scope: str) -> bool:
        return scope in self.scopes


ANONYMOUS = Caller(tenant="", key_id="anonymous", scopes=frozenset())


async def identify(
    request: web.Request, keys: KeyRing, now: datetime, *, x_api_key: bool = False
) -> Caller:
    """The caller, or a 401. `x_api_key`: the header `X-API-Key` is good too on this route."""
    text = presented(request, x_api_key=x_api_key)
    sane = len(text) <= KEY_CHARACTERS_MAX and text.isascii()
    key = await keys.find(text, now) if sane else None
    if key is None:
        raise unauthenticated("The API key is unknown, expired or revoked.", error="invalid_token")
    return Caller(tenant=key.tenant, key_id=key.key_id, scopes=key.scopes)


def presented(request: web.Request, *, x_api_key: bool) -> str:
    headers = request.headers
    if len(headers.getall("Authorization", [])) > 1:
        raise unauthenticated("Send exactly one Authorization header.", error="invalid_request")
    scheme, _, text = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and text.strip():
        return text.strip()
    if x_api_key and headers.get("X-API-Key"):
        return headers["X-API-Key"].strip()
    raise unauthenticated("There is no API key: send it as `Authorization: Bearer <key>`.")


def unauthenticated(detail: str, *, error: str | None = None) -> Problem:
    challenge = CHALLENGE if error is None else f'{CHALLENGE}, error="{error}"'
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": challenge})


def authorize(caller: Caller, scopes: tuple[str, ...]) -> None:
    """Refuse a caller who lacks any of the scopes."""
    missing = [scope for scope in scopes if not caller.may(scope)]
    if missing:
        raise Problem(
            "insufficient_scope",
            f"This API key lacks the scope {', '.join(missing)}.",
            facts={"required_scopes": list(scopes)},
            headers={
                "WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", '
                f'scope="{" ".join(scopes)}"'
            },
        )
