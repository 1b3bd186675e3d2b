"""What is measured, against whom, and what is aimed at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks import appending, door, following, loading, outside
from benchmarks.measuring import Contender, Contest
from benchmarks.server import Place

OURS = "tripledger"
STOCK = "eventsourcing"
FUNCTIONS = "eventsourcing, db functions"
EMMETT = "emmett (node)"
MESSAGE_DB = "message-db (pgbench)"
RAW = "one-row inserts (pgbench)"
BARE = "bare aiohttp handler"
WRITERS = (1, 8, 32)
HTTP_CALLERS = 16


def appending_contest(server: Place) -> Contest:
    return Contest(
        title="Append two events to a new stream",
        unit="appends/s",
        ours=OURS,
        contenders=(
            Contender(name=OURS, ready=partial(appending.ours, server)),
            Contender(name=STOCK, ready=partial(appending.stock, server, functions=False)),
            Contender(name=FUNCTIONS, ready=partial(appending.stock, server, functions=True)),
            Contender(name=EMMETT, ready=partial(outside.emmett, server)),
            Contender(name=MESSAGE_DB, ready=partial(outside.message_db, server)),
            Contender(name=RAW, ready=partial(outside.raw, server)),
        ),
        callers=WRITERS,
        aims={
            (STOCK, 1): 1.0,
            (STOCK, 32): 10.0,
            (FUNCTIONS, 32): 10.0,
            (MESSAGE_DB, 32): 5.0,
            (RAW, 32): 1.0,
        },
    )


def loading_contest(server: Place) -> Contest:
    return Contest(
        title="Load and fold a trip of 30 events",
        unit="trips/s",
        ours=OURS,
        contenders=(
            Contender(name=OURS, ready=partial(loading.ours, server)),
            Contender(name=STOCK, ready=partial(loading.stock, server)),
        ),
        aims={(STOCK, 1): 5.0},
    )


def reading_contest(server: Place) -> Contest:
    return Contest(
        title="Read the whole log, decoded",
        unit="events/s",
        ours=OURS,
        contenders=(
            Contender(name=OURS, ready=partial(following.ours_reading, server)),
            Contender(name=STOCK, ready=partial(following.stock_reading, server)),
        ),
    )


def rebuilding_contest(server: Place) -> Contest:
    return Contest(
        title="Make the read models again",
        unit="events/s",
        ours=OURS,
        contenders=(
            Contender(name=OURS, ready=partial(following.ours_rebuilding, server)),
            Contender(name=STOCK, ready=partial(following.stock_rebuilding, server)),
        ),
        aims={(STOCK, 1): 20.0},
    )


def door_contest(server: Place, *, reading: bool) -> Contest:
    what = "read" if reading else "edit"
    return Contest(
        title="Get a trip over HTTP" if reading else "Edit a trip over HTTP",
        unit="requests/s",
        ours=OURS,
        contenders=(
            Contender(
                name=OURS,
                ready=partial(door.ours, server, name=f"bench_{what}_ours", reading=reading),
            ),
            Contender(
                name=BARE,
                ready=partial(door.bare, server, name=f"bench_{what}_bare", reading=reading),
            ),
        ),
        callers=(HTTP_CALLERS,),
        aims={(BARE, HTTP_CALLERS): 0.6 if reading else 0.5},
    )


def verifying_contest(server: Place) -> Contest:
    return Contest(
        title="Verify the whole log",
        unit="events/s",
        ours=OURS,
        contenders=(Contender(name=OURS, ready=partial(following.ours_verifying, server)),),
    )


def feed_contest(server: Place) -> Contest:
    return Contest(
        title="Read the feed over HTTP, as a stream of events",
        unit="events/s",
        ours=OURS,
        contenders=(Contender(name=OURS, ready=partial(door.feeding, server)),),
    )


def contests(server: Place) -> Sequence[Contest]:
    return (
        appending_contest(server),
        loading_contest(server),
        reading_contest(server),
        rebuilding_contest(server),
        door_contest(server, reading=False),
        door_contest(server, reading=True),
        feed_contest(server),
        verifying_contest(server),
    )
