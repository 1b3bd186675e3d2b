"""Pages of a list that goes on changing: each begins behind the last row of the one before it, in
an order in which no row ever moves, so that none is skipped and none comes twice."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

PAGE_ROWS_MAX = 500

RowT = TypeVar("RowT")


class CursorUnusable(ValueError):
    """What was given to go on from is not what a page ended with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[RowT]):
    """`after` is where the next page begins; None: this is the last."""

    rows: tuple[RowT, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: a moment, and an id among those of the same moment."""

    at: datetime
    id: UUID

    @classmethod
    def parse(cls, text: str) -> Cursor:
        try:
            at, _, row_id = base64.urlsafe_b64decode(text.encode()).decode().partition(" ")
            cursor = cls(datetime.fromisoformat(at), UUID(row_id))
        except (binascii.Error, ValueError):
            raise CursorUnusable("this is no place in the list; begin at its start") from None
        if cursor.at.tzinfo is None:
            raise CursorUnusable("this is no place in the list; begin at its start")
        return cursor

    def text(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode()


def rows_wanted(limit: int) -> int:
    """One more than a page holds tells whether there is another."""
    return min(max(limit, 1), PAGE_ROWS_MAX) + 1
