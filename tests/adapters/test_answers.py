"""What a provider answers is taken only if it is what it is declared to be, and no more of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.answers import AMOUNT_MAX, NONSENSE, EndlessAnswer, as_declared, price, read_whole
from domain.money import Money

WHOLE = b"x" * 1_000_000


@dataclass(frozen=True)
class Told:
    name: str
    number: int


SOUND: list[Any] = [Told("a", 1), [Told("a", 1), Told("b", 2)], [], None, {"a": 1}, "a"]
UNSOUND: list[Any] = [
    Told(1, 1),  # type: ignore[arg-type]
    Told("a", "1"),  # type: ignore[arg-type]
    Told("a\0", 1),
    [Told("a", 1), Told("b", None)],  # type: ignore[arg-type]
    {"a": "\0"},
    object(),
]


@pytest.mark.parametrize("read", SOUND)
def test_what_is_as_declared_is_taken_as_it_is(read: Any) -> None:
    assert read is as_declared(read)


@pytest.mark.parametrize("read", UNSOUND)
def test_what_is_not_as_declared_is_nonsense(read: Any) -> None:
    with pytest.raises(NONSENSE):
        as_declared(read)


@pytest.mark.parametrize("amount", [0, 1, AMOUNT_MAX])
def test_whatever_can_be_paid_is_a_price(amount: int) -> None:
    assert Money(amount, "EUR") == price(Money(amount, "EUR"))


@pytest.mark.parametrize(
    "money",
    [Money(-1, "EUR"), Money(AMOUNT_MAX + 1, "EUR"), Money(1, "EURO"), Money(1, "eur")],
)
def test_what_nothing_can_cost_is_no_price(money: Money) -> None:
    with pytest.raises(ValueError, match="no price"):
        price(money)


async def test_an_answer_is_read_whole_up_to_its_limit_and_no_further() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for start in range(0, len(WHOLE), 50_000):
            await response.write(WHOLE[start : start + 50_000])
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        async with session.get(server.make_url("/")) as whole:
            assert WHOLE == await read_whole(whole, len(WHOLE))
        async with session.get(server.make_url("/")) as longer:
            with pytest.raises(EndlessAnswer):
                await read_whole(longer, len(WHOLE) - 1)
