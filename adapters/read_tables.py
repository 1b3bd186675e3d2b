"""The tables that projections keep their rows in: one shape of row, one table, one key each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, get_args

import asyncpg

from adapters.differences import first_difference

TRIP_DETAILS, BOOKINGS = "trip_details", "bookings"
TRIP_LIST, INCIDENTS = "trip_list", "incidents"
MONEY_LEDGER = "money_ledger"

Projection = Literal["trip_details", "bookings", "trip_list", "incidents", "money_ledger"]
PROJECTIONS: tuple[Projection, ...] = get_args(Projection)

# Stands between the words of a list while it travels to the server: arrays of arrays cannot.
BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripRow:
    """A trip folded up to `position`; `state` is the projection's own encoding."""

    trip_id: str
    tenant: str
    position: int
    state: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRow:
    """A booking as it was at `position`."""

    booking_id: str
    code: str
    group_id: str
    trip_id: str
    tenant: str
    position: int
    doc: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TripListRow:
    """A trip as a line of a list. Amounts are minor units of `currency` (None: no money yet);
    `found_by` are the words it is found by, `state` what the projection itself needs."""

    trip_id: str
    tenant: str
    position: int
    status: str
    payment: str
    fulfillment: str
    waits_for: str
    waits_since: datetime
    due: datetime | None
    title: str
    travelers: int
    currency: str | None
    total: int | None
    captured: int
    refunded: int
    unfulfilled: int
    unfulfilled_since: datetime | None
    incidents: int
    created_at: datetime
    updated_at: datetime
    codes: tuple[str, ...]
    found_by: tuple[str, ...]
    state: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """Something a person must settle, or has: `amount` minor units of `currency` are at stake."""

    incident_id: str
    trip_id: str
    tenant: str
    position: int
    code: str
    subject: str
    detail: str
    advice: str
    amount: int | None
    currency: str | None
    state: str
    opened_at: datetime
    owner: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """A line of the books: a movement, under the id of its event, with its entries; or how a trip's
    books stand (`balance`), under the id of the trip, with what the fold goes on from. The sums are
    the trip's after it, in minor units of `currency` (None: nothing is priced yet); `entries` are
    amounts by currency and account, debits above zero and credits below."""

    line_id: str
    trip_id: str
    tenant: str
    position: int
    kind: str
    fact: str
    at: datetime
    day: date
    currency: str | None
    authorized: int
    captured: int
    released: int
    refunded: int
    disputed: int
    fulfilled: int
    owed: int
    entries: dict[str, dict[str, int]]
    state: bytes | None


Row = TripRow | BookingRow | TripListRow | IncidentRow | LedgerRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where one projection's rows are; `types` are those of the row's fields, in their order.
    `sums` finds a difference in what the database adds up of them."""

    name: str
    row: type[Row]
    key: str
    types: tuple[str, ...]
    sums: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.row.__slots__)

    @property
    def differences(self) -> tuple[str, ...]:
        """Statements that find where two versions are not the same."""
        columns = (f for f in self.fields if f != self.key)
        rows = first_difference(f"tripledger.{self.name}", (self.key,), *columns)
        return (rows,) if self.sums is None else (rows, self.sums)

    @property
    def write(self) -> str:
        """Puts rows, given column by column, in the place of those with their keys."""
        sent = ", ".join(
            f"${number}::{'text' if type == 'text[]' else type}[]"
            for number, type in enumerate(self.types, start=2)
        )
        taken = ", ".join(
            f"string_to_array(u.{field}, chr({ord(BETWEEN)}))" if type == "text[]" else f"u.{field}"
            for field, type in zip(self.fields, self.types, strict=True)
        )
        replaced = ", ".join(f"{f} = excluded.{f}" for f in self.fields if f != self.key)
        fields = ", ".join(self.fields)
        return f"""
            INSERT INTO tripledger.{self.name} (version, {fields})
            SELECT $1, {taken} FROM unnest({sent}) AS u ({fields})
            ON CONFLICT (version, {self.key}) DO UPDATE SET {replaced}
        """

    @property
    def read(self) -> str:
        """The rows of some keys in one version."""
        return f"""
            SELECT {", ".join(self.fields)} FROM tripledger.{self.name}
            WHERE version = $1 AND {self.key} = ANY($2::{self.types[0]}[]) ORDER BY {self.key}
        """

    def columns(self, rows: Sequence[Row]) -> list[list[Any]]:
        """The rows' values column by column, in the order of their fields."""
        return [
            [
                BETWEEN.join(getattr(row, field)) if type == "text[]" else getattr(row, field)
                for row in rows
            ]
            for field, type in zip(self.fields, self.types, strict=True)
        ]

    def row_of(self, stored: asyncpg.Record) -> Any:
        facts = {
            field: READ_AS.get(type, same)(stored[field])
            for field, type in zip(self.fields, self.types, strict=True)
        }
        return self.row(**facts)


def same(value: Any) -> Any:
    return value


def text_of(value: Any) -> str | None:
    return None if value is None else str(value)


READ_AS: Mapping[str, Callable[[Any], Any]] = {"uuid": text_of, "text[]": tuple}

TABLES: Mapping[str, Table] = {
    TRIP_DETAILS: Table(
        name="read_trip_details",
        row=TripRow,
        key="trip_id",
        types=("uuid", "text", "bigint", "bytea"),
    ),
    BOOKINGS: Table(
        name="read_bookings",
        row=BookingRow,
        key="booking_id",
        types=("uuid", "text", "uuid", "uuid", "text", "bigint", "jsonb"),
    ),
    TRIP_LIST: Table(
        name="read_trip_list",
        row=TripListRow,
        key="trip_id",
        types=(
            *("uuid", "text", "bigint", "text", "text", "text", "text", "timestamptz"),
            *("timestamptz", "text", "int", "text", "bigint", "bigint", "bigint", "bigint"),
            *("timestamptz", "int", "timestamptz", "timestamptz", "text[]", "text[]", "bytea"),
        ),
    ),
    INCIDENTS: Table(
        name="read_incidents",
        row=IncidentRow,
        key="incident_id",
        types=(
            *("uuid", "uuid", "text", "bigint", "text", "text", "text", "text", "bigint", "text"),
            *("text", "timestamptz", "text", "timestamptz", "text", "text"),
        ),
    ),
    MONEY_LEDGER: Table(
        name="read_money_ledger",
        row=LedgerRow,
        key="line_id",
        types=(
            *("uuid", "uuid", "text", "bigint", "text", "text", "timestamptz", "date", "text"),
            *("bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint"),
            *("jsonb", "bytea"),
        ),
        sums=first_difference(
            "tripledger.read_money_days",
            ("day", "tenant", "currency", "account"),
            *("amount", "entries"),
        ),
    ),
}
