"""What a provider answers is read only so far, and taken only if it is what our own types declare
and can be kept."""

from __future__ import annotations

import re
from typing import TypeVar

import aiohttp
import msgspec

from domain.money import Money

Read = TypeVar("Read")
# What reading an answer raises that is not shaped as answers are.
NONSENSE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
CURRENCY = re.compile(r"[A-Z]{3}")
# More than anything costs, in the minor units of any currency; far below what a column holds.
AMOUNT_MAX = 10**12


class EndlessAnswer(aiohttp.ClientError):
    """More came than any answer holds; what was asked for may have happened."""


async def read_whole(answer: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    """The body; raises EndlessAnswer when it goes on beyond `bytes_max`. Leaving the answer's
    block then closes its connection."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > bytes_max:
            raise EndlessAnswer("the answer has no end")
    return bytes(body)


def as_declared(read: Read) -> Read:
    """`read` itself, or one of NONSENSE: its fields are not what its type declares, or hold what
    cannot be stored."""
    for each in read if isinstance(read, list) else [read]:
        raw = msgspec.json.encode(each)
        if b"\\u0000" in raw:
            raise ValueError("text that is none")
        msgspec.json.decode(raw, type=type(each))
    return read


def price(amount: Money) -> Money:
    """`amount` itself; raises ValueError for what nothing can cost."""
    if not 0 <= amount.amount <= AMOUNT_MAX or CURRENCY.fullmatch(amount.currency) is None:
        raise ValueError("no price")
    return amount
