"""How Duffel writes ids, money, instants and durations, and how pages of a list are cut."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import string
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sandbox.duffel.errors import DuffelError, Json

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_CHARACTERS = 22
PAGE_ROWS_DEFAULT = 50
PAGE_ROWS_MAX = 200
CENT = Decimal("0.01")


def new_id(prefix: str) -> str:
    """An id as Duffel writes them: a prefix that says the kind, then 22 characters."""
    tail = "".join(secrets.choice(BASE62) for _ in range(ID_CHARACTERS - 4))
    return f"{prefix}_0000{tail}"


def stable_id(prefix: str, seed: str) -> str:
    """An id that is the same every time for the same thing (an airline, a hotel)."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
    tail = ""
    for _ in range(ID_CHARACTERS - 4):
        number, digit = divmod(number, 62)
        tail += BASE62[digit]
    return f"{prefix}_0000{tail}"


def spread(seed: str, bound: int) -> int:
    """A number from 0 up to `bound` that looks random and is always the same for one seed."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") % bound


def new_booking_reference() -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(letters) for _ in range(6))


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def money(value: Decimal) -> str:
    return str(cents(value))


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_duration(length: timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return f"PT{hours}H{minutes}M" if hours else f"PT{minutes}M"


def age_on(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def cursor_for(identifier: str) -> str:
    return base64.urlsafe_b64encode(f"after:{identifier}".encode()).decode()


def read_cursor(cursor: str) -> str:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, UnicodeError, ValueError):
        text = ""
    if not text.startswith("after:"):
        raise DuffelError(
            "validation_format",
            message="Field 'after' is not a cursor",
            source={"field": "after", "pointer": "/after"},
        )
    return text.removeprefix("after:")


def page_of(rows: Sequence[Json], *, limit: str | None, after: str | None) -> Json:
    """One page of `rows` in Duffel's list envelope; `after` is null on the last page."""
    size = PAGE_ROWS_DEFAULT if limit is None else int(limit) if limit.isdecimal() else 0
    if not 1 <= size <= PAGE_ROWS_MAX:
        raise DuffelError(
            "validation_inclusion",
            message=f"Field 'limit' must be between 1 and {PAGE_ROWS_MAX}",
            source={"field": "limit", "pointer": "/limit"},
        )
    start = 0
    if after is not None:
        seen = read_cursor(after)
        start = next((i + 1 for i, row in enumerate(rows) if row["id"] == seen), len(rows))
    page = list(rows[start : start + size])
    more = start + size < len(rows)
    return {
        "data": page,
        "meta": {
            "limit": size,
            "before": cursor_for(page[0]["id"]) if start and page else None,
            "after": cursor_for(page[-1]["id"]) if more else None,
        },
    }
