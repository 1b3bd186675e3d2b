"""What the sandbox's airlines sell: fares with their conditions, and prices that follow only from
route, date, cabin and passengers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.duffel.errors import Json
from sandbox.duffel.places import Airport, distance_km
from sandbox.duffel.wire import cents, money, spread, stable_id

ASSETS = "https://assets.duffel.com/img/airlines/for-light-background"
BASE_FARE = Decimal(38)
FARE_PER_KM = Decimal("0.055")
TAX_SHARE = Decimal("0.18")
CABIN_FACTORS = {
    "economy": Decimal(1),
    "premium_economy": Decimal("1.6"),
    "business": Decimal("3.2"),
    "first": Decimal("5.1"),
}
PASSENGER_FACTORS = {
    "adult": Decimal(1),
    "child": Decimal("0.75"),
    "infant_without_seat": Decimal("0.1"),
}


@dataclass(frozen=True)
class Airline:
    iata_code: str
    name: str
    conditions_url: str

    def wire(self) -> Json:
        return {
            "name": self.name,
            "id": stable_id("arl", self.iata_code),
            "iata_code": self.iata_code,
            "logo_symbol_url": f"{ASSETS}/full-color-logo/{self.iata_code}.svg",
            "logo_lockup_url": f"{ASSETS}/full-color-lockup/{self.iata_code}.svg",
            "conditions_of_carriage_url": self.conditions_url,
        }


@dataclass(frozen=True)
class Condition:
    """What a refund or a change costs; `penalty` None means it is not allowed at all."""

    penalty: Decimal | None

    def wire(self, currency: str) -> Json:
        if self.penalty is None:
            return {"allowed": False, "penalty_amount": None, "penalty_currency": None}
        return {
            "allowed": True,
            "penalty_amount": money(self.penalty),
            "penalty_currency": currency,
        }


@dataclass(frozen=True)
class Fare:
    """One product of one airline. A condition of None is unknown to Duffel, not forbidden."""

    airline: Airline
    brand: str
    factor: Decimal
    refund: Condition | None
    change: Condition | None
    holdable: bool
    documents_required: bool = False


DUFFEL_AIRWAYS = Airline("ZZ", "Duffel Airways", "https://duffel.com/conditions-of-carriage")
BRITISH_AIRWAYS = Airline("BA", "British Airways", "https://www.britishairways.com/conditions")
IBERIA = Airline("IB", "Iberia", "https://www.iberia.com/conditions")
AMERICAN_AIRLINES = Airline("AA", "American Airlines", "https://www.aa.com/conditions")

FORBIDDEN = Condition(None)
FREE = Condition(Decimal(0))

# The cheapest first.
FARES = (
    Fare(
        DUFFEL_AIRWAYS,
        "Basic",
        Decimal(1),
        refund=Condition(Decimal(25)),
        change=Condition(Decimal(125)),
        holdable=True,
    ),
    Fare(
        BRITISH_AIRWAYS,
        "Economy Saver",
        Decimal("1.12"),
        refund=FORBIDDEN,
        change=Condition(Decimal(100)),
        holdable=False,
    ),
    Fare(IBERIA, "Óptima", Decimal("1.18"), refund=None, change=None, holdable=False),
    Fare(
        AMERICAN_AIRLINES,
        "Main Cabin",
        Decimal("1.27"),
        refund=FORBIDDEN,
        change=FREE,
        holdable=True,
        documents_required=True,
    ),
    Fare(DUFFEL_AIRWAYS, "Flex", Decimal("1.35"), refund=FREE, change=FREE, holdable=True),
)


def adult_fare(origin: Airport, destination: Airport, day: date, cabin: str) -> Decimal:
    """One adult's price of one direction with Duffel Airways' cheapest fare."""
    season = spread(f"{origin.iata_code}{destination.iata_code}{day}", 4000)
    by_distance = BASE_FARE + FARE_PER_KM * Decimal(int(distance_km(origin, destination)))
    return cents((by_distance + Decimal(season) / 100) * CABIN_FACTORS[cabin])


def fare_total(adult: Decimal, fare: Fare, passenger_types: Sequence[str]) -> Decimal:
    """Everyone's price for one fare."""
    each = [cents(adult * fare.factor * PASSENGER_FACTORS[kind]) for kind in passenger_types]
    return sum(each, Decimal(0))
