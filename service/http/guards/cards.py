"""Card data is never taken: travellers give it to the payment provider alone. What looks like it is
refused before anybody reads, keeps or logs it."""

from __future__ import annotations

import re

import msgspec

from service.http.problems import Problem

# 13 to 19 digits, also in groups. What follows a `+` is a telephone number; what stands within a
# longer word or run is an id.
RUN = re.compile(rb"(?<![0-9A-Za-z_.+-])[0-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z_-])")
# As cards of all networks begin.
FIRST = re.compile(r"[3-6]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)")
FIELD = re.compile(
    rb'"(?:card|pan|cc|(?:credit|debit|payment)?[_-]?card[_-]?(?:number|no|pan|code|cvc|cvv)'
    rb"|cvc2?|cvv2?|csc|security[_-]?code|exp(?:iry|iration)?[_-]?(?:month|year)"
    rb'|track[_-]?[12](?:[_-]?data)?)"\s*:',
    re.IGNORECASE,
)


def refuse_card_data(raw: bytes) -> None:
    """Raises a problem that says nothing of what was found. `raw` is JSON, or something that will
    be refused for not being it."""
    text = spelled_out(raw)
    if FIELD.search(text) or any(is_card_number(found[0]) for found in RUN.finditer(text)):
        raise Problem(
            "card_data_refused", "The request holds what looks like the data of a payment card."
        )


def spelled_out(raw: bytes) -> bytes:
    """Without escapes, behind which a digit could hide."""
    if b"\\" not in raw:
        return raw
    try:
        return msgspec.json.encode(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw


def is_card_number(run: bytes) -> bool:
    digits = run.decode().replace(" ", "").replace("-", "")
    return FIRST.match(digits) is not None and luhn_valid(digits)


def luhn_valid(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0
