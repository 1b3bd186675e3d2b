"""Who comes with one key after another that opens nothing has to wait; nobody else does."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from adapters.doors.rate_limits import Rate
from adapters.memory.rate_limits import MemoryBuckets
from service.http.guards.limits import Meter
from service.http.guards.strangers import Strangers
from tests.api.conftest import Client
from tests.console.conftest import sign_in, stranger, world
from tests.console.operating import Console, form_of

__all__ = ["sign_in", "stranger", "world"]

TRIP = "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24"
# So slow that nothing comes back while a test runs.
FEW = Rate(1 / 3_600, 3)


class Counted:
    """Keys, and how often one was looked up."""

    def __init__(self, keys: Any) -> None:
        self.keys = keys
        self.looked_up = 0

    async def find(self, text: str, now: Any) -> Any:
        self.looked_up += 1
        return await self.keys.find(text, now)


def guess(number: int) -> dict[str, str]:
    return {"Authorization": f"Bearer tl_test_{number:016x}_{number:064x}"}


async def test_guessing_is_stopped_before_anything_is_looked_up(client: Client) -> None:
    keys = client.door.api_keys = Counted(client.keys)
    client.door.strangers = Strangers(Meter(MemoryBuckets()), FEW)

    told = [
        await client.ask("GET", f"/v1/things/{TRIP}", headers=guess(number)) for number in range(9)
    ]

    statuses = [each.status for each in told]
    assert statuses == [401] * keys.looked_up + [429] * (9 - keys.looked_up)
    assert 3 <= keys.looked_up <= 5
    last = told[-1]
    assert (last.json["code"], last.json["retryable"]) == ("rate_limited", True)
    assert int(last.headers["Retry-After"]) > 1_000


async def test_what_opened_a_door_lately_still_does_beside_a_guesser(client: Client) -> None:
    client.door.strangers = Strangers(Meter(MemoryBuckets()), FEW)
    path = f"/v1/things/{TRIP}"
    before = await client.ask("GET", path)
    for number in range(9):
        await client.ask("GET", path, headers=guess(number))

    after = await client.ask("GET", path)
    elsewhere = await client.ask("GET", path, headers=guess(1))

    assert (200, 200, 429) == (before.status, after.status, elsewhere.status)


async def test_a_request_without_a_key_guesses_nothing(client: Client) -> None:
    client.door.strangers = Strangers(Meter(MemoryBuckets()), FEW)

    told = [
        await client.ask("GET", f"/v1/things/{TRIP}", headers={"Authorization": ""})
        for _ in range(9)
    ]

    assert {401} == {each.status for each in told}


async def test_guessing_at_the_consoles_door_is_stopped_too(
    stranger: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stranger.world.service.strangers, "rate", FEW)
    form = form_of(await stranger.open("/console/sign-in"), "/console/sign-in")

    told = [await stranger.press(form, key=f"tl_test_{n:016x}_{n:064x}") for n in range(9)]
    right = await stranger.press(form, key=stranger.world.key)

    assert (403, 429, 429) == (told[0].status, told[-1].status, right.status)
    assert int(right.headers["Retry-After"]) > 1_000
    assert "Please wait" in right.text


PROXIES = ("10.0.0.0/8", "127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "said", "counted"),
    [
        # Who is no proxy may say what it likes.
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        # What stands further left was said by the client itself.
        ("127.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["1.2.3.4", "198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
    ],
)
def test_only_what_a_proxy_says_of_an_address_is_believed(
    peer: str, said: list[str], counted: str
) -> None:
    strangers = Strangers(Meter(MemoryBuckets()), FEW, PROXIES)
    request = make_mocked_request("GET", "/", headers=[("X-Forwarded-For", each) for each in said])  # type: ignore[arg-type]
    assert counted == strangers.address_of(request.clone(remote=peer))
