"""`Idempotency-Key`: the same key and request is answered alike, and carried out once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, assert_never

from service.http.identity import Caller
from service.http.problems import Problem

KEY_FORM = re.compile(r"[\x21-\x7e]{1,255}")
REPLAYED = "Idempotent-Replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An answer as it goes over the wire, so that a repeat gets the same bytes."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    retryable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One use of a key: whose it is, on which route, and the hash of the whole request."""

    tenant: str
    caller: str
    route: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Fresh:
    """The key is ours: carry the request out, then complete or abandon it."""


@dataclass(frozen=True, slots=True)
class Replay:
    rendered: Rendered


@dataclass(frozen=True, slots=True)
class InFlight:
    """The first request with this key has not been answered yet."""


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """The key belongs to a different request."""


Begun = Fresh | Replay | InFlight | OtherRequest


class Idempotency(Protocol):
    """Where answers are kept; a claim left open by a crash can be taken over after a while."""

    def begin(self, claim: Claim, now: datetime) -> Awaitable[Begun]: ...

    def complete(self, claim: Claim, rendered: Rendered, now: datetime) -> Awaitable[None]: ...

    def abandon(self, claim: Claim) -> Awaitable[None]:
        """Nothing worth keeping came of it: the key may be used again."""
        ...


def key_of(header: str | None) -> str | None:
    if header is None:
        return None
    if not KEY_FORM.fullmatch(header):
        raise Problem(
            "idempotency_key_invalid",
            "The Idempotency-Key must be 1 to 255 visible ASCII characters.",
        )
    return header


def claim_of(caller: Caller, *, route: str, path: str, key: str, body: bytes) -> Claim:
    """`body` in one canonical spelling, so that spaces and the order of keys do not matter."""
    request = hashlib.sha256(path.encode() + b"\n" + body).digest()
    return Claim(
        tenant=caller.tenant, caller=caller.key_id, route=route, key=key, request_hash=request
    )


async def answered_once(
    store: Idempotency,
    claim: Claim,
    run: Callable[[], Awaitable[Rendered]],
    *,
    now: Callable[[], datetime],
    secret: bool,
) -> Rendered:
    """Run it, or answer what the first run answered.

    What was refused for the time being, and what failed on our side, is not kept. A `secret`
    answer is not kept either: its route is idempotent by itself and is simply run again.
    """
    begun = await store.begin(claim, now())
    match begun:
        case Fresh():
            return await run_and_keep(store, claim, run, now=now, secret=secret)
        case Replay(rendered):
            return as_replay(await run() if secret and rendered.status < 300 else rendered)
        case InFlight():
            raise Problem(
                "idempotency_in_flight",
                "The first request with this Idempotency-Key is still running.",
            )
        case OtherRequest():
            raise Problem(
                "idempotency_conflict",
                "This Idempotency-Key came with another path or body before.",
            )
        case _:
            assert_never(begun)


async def run_and_keep(
    store: Idempotency,
    claim: Claim,
    run: Callable[[], Awaitable[Rendered]],
    *,
    now: Callable[[], datetime],
    secret: bool,
) -> Rendered:
    try:
        rendered = await run()
    except Exception:
        await store.abandon(claim)
        raise
    if rendered.status >= 500 or rendered.retryable:
        await store.abandon(claim)
        return rendered
    hidden = secret and rendered.status < 300
    kept = Rendered(status=rendered.status, body=b"") if hidden else rendered
    await store.complete(claim, kept, now())
    return rendered


def as_replay(rendered: Rendered) -> Rendered:
    return Rendered(
        status=rendered.status,
        body=rendered.body,
        headers={**rendered.headers, REPLAYED: "true"},
        retryable=rendered.retryable,
    )
