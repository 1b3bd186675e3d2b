"""The routes that Duffel's test mode keeps for trying out what can go wrong, as data."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Behaviour:
    """How one route differs from an ordinary one."""

    search_code: str | None = None
    without_offers: bool = False
    read_code: str | None = None
    dearer_on_read: Decimal = Decimal(0)
    order_code: str | None = None
    only_holdable: bool = False
    via: str | None = None
    stop: str | None = None
    with_baggage: bool = True
    with_services: bool = True
    refund_to: str = "balance"


ORDINARY = Behaviour()

MAGIC_ROUTES: dict[tuple[str, str], Behaviour] = {
    ("LHR", "JFK"): ORDINARY,
    ("PVD", "RAI"): Behaviour(without_offers=True),
    ("STN", "LHR"): Behaviour(search_code="gateway_timeout_error"),
    ("LGW", "LHR"): Behaviour(read_code="offer_no_longer_available"),
    ("LHR", "STN"): Behaviour(dearer_on_read=Decimal(10)),
    ("LHR", "LGW"): Behaviour(order_code="airline_unknown"),
    ("LGW", "STN"): Behaviour(order_code="insufficient_balance"),
    ("JFK", "EWR"): Behaviour(only_holdable=True),
    ("LHR", "DXB"): Behaviour(via="IST"),
    ("DXB", "AMS"): Behaviour(stop="IST"),
    ("BTS", "MRU"): Behaviour(with_baggage=False),
    ("BTS", "ABV"): Behaviour(with_services=False),
    ("LTN", "SYD"): Behaviour(refund_to="airline_credits"),
}


def behaviour_of(pairs: list[tuple[str, str]]) -> Behaviour:
    """Only one-way trips are special, as at Duffel."""
    return MAGIC_ROUTES.get(pairs[0], ORDINARY) if len(pairs) == 1 else ORDINARY
