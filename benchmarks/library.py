"""The eventsourcing library as its users have it: its environment, and an aggregate of its own
kind that holds as many facts of as many bytes as one of our trips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.journeys import journey
from benchmarks.server import Place


def environment(
    place: Place, *, functions: bool = False, connections: int = 5
) -> Mapping[str, str]:
    """How the library is told where its tables are."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": place.name,
        "POSTGRES_HOST": place.host,
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": place.user,
        "POSTGRES_PASSWORD": "none",
        "POSTGRES_POOL_SIZE": str(connections),
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y" if functions else "n",
    }


class Journey(Aggregate):
    """A trip that remembers the newest fact of each kind."""

    @event("Started")
    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = {"started": facts}

    @event("Went")
    def go(self, kind: str, facts: dict[str, Any]) -> None:
        self.facts[kind] = facts


class Journeys(Application[UUID]):
    """The library's application over such trips."""


def lived(trip_id: str) -> Journey:
    """A trip of the library's with the thirty facts of one of ours, not saved yet."""
    told = [event for stage in journey(trip_id) for event in stage.events]
    plain = [(type(event).__name__, msgspec.to_builtins(event)) for event in told]
    trip = Journey(facts=plain[0][1])
    for kind, facts in plain[1:]:
        trip.go(kind=kind, facts=as_lists(facts))
    return trip


def as_lists(value: Any) -> Any:
    """JSON knows no tuples, and the library stores them as a type of their own."""
    return msgspec.json.decode(msgspec.json.encode(value))
