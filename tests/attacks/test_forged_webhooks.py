"""Whoever is not the provider is refused by its doors and changes nothing, whatever is sent; and a
provider that lost its mind, or its key, is refused too."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from sandbox.stripe.app import sign
from service.settings_rules import SANDBOX_DUFFEL_WEBHOOK_SECRET, SANDBOX_STRIPE_WEBHOOK_SECRET
from tests.scenarios.world import World

DOORS = {
    "stripe": ("Stripe-Signature", SANDBOX_STRIPE_WEBHOOK_SECRET),
    "duffel": ("X-Duffel-Signature", SANDBOX_DUFFEL_WEBHOOK_SECRET),
}
NOW = "{now}"
HEADERS = [
    b"",
    b"t",
    b"=,=,=",
    b"t=,v1=",
    b"v1=aa",
    b"t=" + NOW.encode(),
    b"t=" + NOW.encode() + b",v1=",
    b"t=" + NOW.encode() + b",v1=\xff\xfe",
    b"t=" + NOW.encode() + b",v1=\xc3\xa9",
    b"t=\xd9\xa1,v1=aa",
    b"t=" + b"9" * 5_000 + b",v1=aa",
    b"t=-1,v1=aa",
    b"t=1e9,v1=aa",
    b"t=" + NOW.encode() + b",t=1,v1=aa",
    b"t=" + NOW.encode() + b"," + b"v1=aa," * 1_000,
]
EVENTS: dict[str, dict[str, Any]] = {
    "stripe": {
        "id": "evt_attack",
        "object": "event",
        "type": "checkout.session.completed",
        "created": 1_795_000_000,
        "livemode": False,
        "data": {"object": {"id": "cs_1", "object": "checkout.session", "metadata": {}}},
    },
    "duffel": {
        "id": "wev_attack",
        "type": "order.updated",
        "live_mode": False,
        "idempotency_key": "ord_1",
        "data": {"object": {"id": "ord_1"}},
    },
}
# Signed by the right secret, and senseless all the same.
SENSELESS = [
    b"",
    b"null",
    b"7",
    b"[]",
    b"{}",
    b"\xff",
    b"[" * 200_000,
    b'{"object":' * 40_000,
    b'{"object":"event","id":"evt_1","type":"x","created":1,"data":{"object":[]}}',
]
WRONG = [
    ("id", 7),
    ("id", ""),
    ("id", "evt_\x00"),
    ("type", None),
    ("type", ["x"]),
    ("livemode", True),
    ("live_mode", True),
    ("livemode", "no"),
    ("created", 10**30),
    ("created", "now"),
    ("created", 1e400),
]


def signature(provider: str, raw: bytes, at: int | None = None) -> str:
    now, secret = at or int(time.time()), DOORS[provider][1]
    if provider == "stripe":
        return sign(raw, secret, now)["Stripe-Signature"]
    digest = hmac.new(secret.encode(), f"{now}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


async def post(world: World, provider: str, raw: bytes, header: str | None) -> tuple[int, str]:
    """Status, and the code where there is one."""
    headers = {} if header is None else {DOORS[provider][0]: header}
    url = f"{world.url}/v1/webhooks/{provider}"
    async with world.session.post(url, data=raw, headers=headers) as answer:
        return answer.status, (await answer.json()).get("code", "")


async def kept(world: World) -> tuple[int, int]:
    """Events in the log, and notifications that are stored."""
    assert world.service.database is not None
    count = await world.service.database.pool.fetchval("SELECT count(*) FROM tripledger.inbox")
    return await world.service.log.last_position(), int(count)


@pytest.mark.parametrize("provider", DOORS)
async def test_no_header_opens_the_door(world: World, provider: str) -> None:
    raw = json.dumps(EVENTS[provider]).encode()
    before = await kept(world)
    now = str(int(time.time()))
    told = [
        await post(world, provider, raw, header.replace(b"{now}", now.encode()).decode("latin-1"))
        for header in HEADERS
    ]

    assert [(400, "webhook_rejected")] * len(HEADERS) == told
    assert before == await kept(world)


@pytest.mark.parametrize("provider", DOORS)
async def test_the_other_providers_signature_opens_nothing(world: World, provider: str) -> None:
    raw = json.dumps(EVENTS[provider]).encode()
    [other] = DOORS.keys() - {provider}

    assert (400, "webhook_rejected") == await post(world, provider, raw, signature(other, raw))


@pytest.mark.parametrize("provider", DOORS)
@pytest.mark.parametrize("seconds", [-400, 400, 3_600, 10**9])
async def test_what_was_signed_at_another_time_is_refused(
    world: World, provider: str, seconds: int
) -> None:
    raw = json.dumps(EVENTS[provider]).encode()
    header = signature(provider, raw, int(time.time()) + seconds)
    before = await kept(world)

    assert (400, "webhook_rejected") == await post(world, provider, raw, header)
    assert before == await kept(world)


@pytest.mark.parametrize("provider", DOORS)
async def test_what_is_signed_and_senseless_is_refused(world: World, provider: str) -> None:
    bodies = list(SENSELESS)
    for name, value in WRONG:
        if name in EVENTS[provider]:
            bodies.append(json.dumps(EVENTS[provider] | {name: value}).encode())
    before = await kept(world)
    told = {raw: await post(world, provider, raw, signature(provider, raw)) for raw in bodies}

    assert {} == {raw[:60]: t for raw, t in told.items() if t != (400, "webhook_rejected")}
    assert before == await kept(world)


@pytest.mark.parametrize("provider", DOORS)
async def test_a_notification_caught_on_the_way_counts_once(world: World, provider: str) -> None:
    raw = json.dumps(EVENTS[provider] | {"id": f"evt_caught_{provider}"}).encode()
    header = signature(provider, raw)
    before = (await kept(world))[1]
    told = [await post(world, provider, raw, header) for _ in range(5)]

    assert [(200, "")] * 5 == told
    assert before + 1 == (await kept(world))[1]


@pytest.mark.parametrize("provider", DOORS)
async def test_a_notification_as_large_as_a_book_is_not_read(world: World, provider: str) -> None:
    raw = b" " * (600 * 1024)

    assert (413, "body_too_large") == await post(world, provider, raw, signature(provider, raw))
