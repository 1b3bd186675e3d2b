"""What both stores of projections' rows promise."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapters.read_models import BookingRow, Checkpoint, TripRow
from adapters.read_tables import PROJECTIONS
from tests.contracts.conftest import Stores
from tests.contracts.events import append, event, first, new_id, numbers


def trip_row(trip_id: str, position: int, state: bytes = b"{}") -> TripRow:
    return TripRow(trip_id=trip_id, tenant="acme", position=position, state=state)


def booking_row(code: str, group_id: str, trip_id: str) -> BookingRow:
    return BookingRow(
        booking_id=new_id(),
        code=code,
        group_id=group_id,
        trip_id=trip_id,
        tenant="acme",
        position=1,
        doc={"status": "confirmed", "documents": [{"n": 1}]},
    )


async def test_rows_and_checkpoint_move_together(stores: Stores) -> None:
    models, trip = stores.read_models, new_id()
    assert await models.checkpoint("trip_details") == 0

    assert await models.apply("trip_details", [trip_row(trip, 3)], 0, 3)

    assert await models.checkpoint("trip_details") == 3
    assert await models.trips([trip, new_id(), "no id of ours"]) == [trip_row(trip, 3)]
    assert await models.apply("trip_details", [trip_row(trip, 5, b"x")], 3, 5)
    assert await models.trips([trip]) == [trip_row(trip, 5, b"x")]


async def test_whoever_is_behind_the_checkpoint_writes_nothing(stores: Stores) -> None:
    models, trip = stores.read_models, new_id()
    assert await models.apply("trip_details", [trip_row(trip, 3)], 0, 3)

    assert not await models.apply("trip_details", [trip_row(trip, 2, b"stale")], 0, 2)
    assert not await models.apply("trip_details", [trip_row(trip, 9, b"ahead")], 5, 9)

    assert await models.checkpoint("trip_details") == 3
    assert await models.trips([trip]) == [trip_row(trip, 3)]


async def test_of_eight_runners_at_one_checkpoint_one_writes(stores: Stores) -> None:
    models, trip = stores.read_models, new_id()

    answers = await asyncio.gather(
        *(models.apply("trip_details", [trip_row(trip, n + 1)], 0, n + 1) for n in range(8))
    )

    [winner] = [n for n, applied in enumerate(answers) if applied]
    assert await models.checkpoint("trip_details") == winner + 1
    assert await models.trips([trip]) == [trip_row(trip, winner + 1)]


async def test_a_batch_without_rows_moves_the_checkpoint(stores: Stores) -> None:
    assert await stores.read_models.apply("bookings", [], 0, 7)

    assert await stores.read_models.checkpoint("bookings") == 7
    assert await stores.read_models.checkpoint("trip_details") == 0


async def test_bookings_are_found_by_id_code_group_and_trip(stores: Stores) -> None:
    models = stores.read_models
    group, other_group, trip, other_trip = new_id(), new_id(), new_id(), new_id()
    a = booking_row("AAAAAAAA", group, trip)
    b = booking_row("BBBBBBBB", group, trip)
    c = booking_row("CCCCCCCC", other_group, other_trip)
    assert await models.apply("bookings", [c, b, a], 0, 3)

    assert await models.booking(a.booking_id) == a
    assert await models.booking_by_code("CCCCCCCC") == c
    assert list(await models.bookings_of_group(group)) == [a, b]
    assert list(await models.bookings_of_trip(other_trip)) == [c]
    assert list(await models.bookings([c.booking_id, a.booking_id, new_id()])) == [a, c]
    assert await models.booking(new_id()) is None
    assert await models.booking("no id of ours") is None
    assert await models.booking_by_code("DDDDDDDD") is None
    assert list(await models.bookings_of_group("no id of ours")) == []
    assert list(await models.bookings_of_trip(new_id())) == []


async def test_a_booking_is_replaced_by_its_newer_row(stores: Stores) -> None:
    models = stores.read_models
    row = booking_row("AAAAAAAA", new_id(), new_id())
    newer = replace(row, position=2, doc={"status": "cancelled"})
    assert await models.apply("bookings", [row], 0, 1)
    assert await models.apply("bookings", [newer], 1, 2)

    assert await models.booking(row.booking_id) == newer


async def test_a_trip_is_read_with_the_events_its_row_has_not_seen(stores: Stores) -> None:
    models, trip, other, booking = stores.read_models, new_id(), new_id(), new_id()
    one = await stores.log.append(first(trip, count=2))
    await stores.log.append(first(other))

    assert await models.trip_with_tail(new_id()) == (None, [])
    assert await models.trip_with_tail("no id of ours") == (None, [])
    row, tail = await models.trip_with_tail(trip)
    assert (row, numbers(tail)) == (None, [1, 2])

    behind = trip_row(trip, one.first_position, b"seen one")
    assert await models.apply("trip_details", [behind], 0, one.first_position)
    row, tail = await models.trip_with_tail(trip)
    assert (row, numbers(tail)) == (behind, [2])
    assert tail == list(await stores.log.read_trip(trip, one.first_position))

    two = await stores.log.append(append(trip, one.last_position, [event(booking, 1, 10)]))
    level = trip_row(trip, two.last_position, b"seen all")
    assert await models.apply("trip_details", [level], one.first_position, two.last_position)
    row, tail = await models.trip_with_tail(trip)
    assert (row, numbers(tail)) == (level, [])


async def test_a_rebuild_goes_on_beside_what_is_read_and_then_replaces_it(
    stores: Stores,
) -> None:
    models, trip, gone = stores.read_models, new_id(), new_id()
    old, new = trip_row(trip, 2, b"old"), trip_row(trip, 2, b"new")
    assert await models.apply("trip_details", [old, trip_row(gone, 1)], 0, 2)

    version = await models.begin_rebuild("trip_details")
    assert await models.apply("trip_details", [new], 0, 2, version)
    assert await models.trips([trip]) == [old]
    assert await models.trips([trip], version) == [new]
    assert await models.checkpoints() == [
        Checkpoint(name="bookings", version=1, position=0, live=True),
        Checkpoint(name="incidents", version=1, position=0, live=True),
        Checkpoint(name="money_ledger", version=1, position=0, live=True),
        Checkpoint(name="trip_details", version=1, position=2, live=True),
        Checkpoint(name="trip_details", version=version, position=2, live=False),
        Checkpoint(name="trip_list", version=1, position=0, live=True),
    ]

    await models.go_live("trip_details", version)

    assert await models.trips([trip, gone]) == [new]
    assert await models.checkpoint("trip_details") == 2
    assert not await models.apply("trip_details", [old], 2, 3, 1)
    assert await models.apply("trip_details", [old], 2, 3)
    assert len(await models.checkpoints()) == len(PROJECTIONS)


async def test_a_version_nobody_built_cannot_go_live(stores: Stores) -> None:
    models, trip = stores.read_models, new_id()
    assert await models.apply("trip_details", [trip_row(trip, 1)], 0, 1)

    with pytest.raises(LookupError):
        await models.go_live("trip_details", 9)
    with pytest.raises(LookupError):
        await models.checkpoint("trip_details", 9)

    assert await models.trips([trip]) == [trip_row(trip, 1)]
