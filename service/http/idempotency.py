"""`Idempotency-Key`: the same key and request is answered alike, and carried out once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from adapters.idempotency import Fresh, Idempotency, InFlight, OtherBody, Replay, RequestKey
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


# Told when the request was first begun under its key.
Run = Callable[[datetime], Awaitable[Rendered]]


def key_of(header: str | None) -> str | None:
    if header is None:
        return None
    if not KEY_FORM.fullmatch(header):
        raise Problem(
            "idempotency_key_invalid",
            "The Idempotency-Key must be 1 to 255 visible ASCII characters.",
        )
    return header


def request_hash(path: str, body: bytes) -> str:
    """`body` in one canonical spelling, so that spaces and the order of keys do not matter."""
    return hashlib.sha256(path.encode() + b"\n" + body).hexdigest()


async def answered_once(
    store: Idempotency,
    key: RequestKey,
    hashed: str,
    run: Run,
    *,
    now: datetime,
    secret: bool,
) -> Rendered:
    """Run it, or answer what the first run answered.

    What was refused for the time being, and what failed on our side, is not kept. A `secret`
    answer is not kept either: its route is idempotent by itself and is simply run again.
    """
    begun = await store.begin(key, hashed, now)
    match begun:
        case Fresh():
            return await run_and_keep(store, begun, run, secret=secret)
        case Replay():
            if secret and begun.status < 300:
                return as_replay(await run(begun.first_at))
            return as_replay(Rendered(status=begun.status, body=begun.body, headers=begun.headers))
        case InFlight():
            raise Problem(
                "idempotency_in_flight",
                "The first request with this Idempotency-Key is still running.",
            )
        case OtherBody():
            raise Problem(
                "idempotency_conflict",
                "This Idempotency-Key came with another path or body before.",
            )
        case _:
            assert_never(begun)


async def run_and_keep(store: Idempotency, fresh: Fresh, run: Run, *, secret: bool) -> Rendered:
    try:
        rendered = await run(fresh.first_at)
    except Exception:
        await store.abandon(fresh)
        raise
    if rendered.status >= 500 or rendered.retryable:
        await store.abandon(fresh)
        return rendered
    hidden = secret and rendered.status < 300
    body = b"" if hidden else rendered.body
    await store.complete(fresh, rendered.status, rendered.headers, body)
    return rendered


def as_replay(rendered: Rendered) -> Rendered:
    return Rendered(
        status=rendered.status,
        body=rendered.body,
        headers={**rendered.headers, REPLAYED: "true"},
        retryable=rendered.retryable,
    )
