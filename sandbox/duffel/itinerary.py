"""Slices and segments of an offer: where an aircraft goes and when, in local times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.duffel.errors import Json
from sandbox.duffel.fares import Airline, Fare
from sandbox.duffel.places import Airport, airport, airport_wire, distance_km
from sandbox.duffel.routes import Behaviour
from sandbox.duffel.wire import iso_duration, new_id, spread, stable_id

CRUISE_KM_PER_HOUR = 830
GROUND_TIME = timedelta(minutes=35)
CONNECTION_TIME = timedelta(minutes=95)
STOP_TIME = timedelta(minutes=60)
AIRCRAFT = (("Airbus A320neo", "32N"), ("Boeing 787-9", "789"), ("Boeing 777-300", "77W"))


@dataclass(frozen=True)
class Leg:
    """One direction as it was asked for."""

    origin: Airport
    destination: Airport
    day: date


@dataclass(frozen=True)
class Hop:
    """One take-off and one landing (or a touch-down on the way)."""

    origin: Airport
    destination: Airport
    departs: datetime
    stop: Airport | None

    @property
    def flying_time(self) -> timedelta:
        hours = distance_km(self.origin, self.destination) / CRUISE_KM_PER_HOUR
        rounded = timedelta(minutes=5 * round(hours * 12))
        return rounded + GROUND_TIME + (STOP_TIME if self.stop else timedelta(0))

    @property
    def arrives(self) -> datetime:
        return self.departs + self.flying_time


def local(moment: datetime, place: Airport) -> str:
    """Duffel writes flight times in the airport's own time, without a zone."""
    return moment.astimezone(ZoneInfo(place.time_zone)).strftime("%Y-%m-%dT%H:%M:%S")


def departure_of(leg: Leg, fare: Fare) -> datetime:
    seed = f"{leg.origin.iata_code}{leg.destination.iata_code}{leg.day}{fare.airline.iata_code}"
    minutes = 6 * 60 + 5 * spread(seed + fare.brand, 15 * 12)
    clock_time = time(minutes // 60, minutes % 60)
    zone = ZoneInfo(leg.origin.time_zone)
    return datetime.combine(leg.day, clock_time, zone).astimezone(UTC)


def hops_of(leg: Leg, fare: Fare, behaviour: Behaviour) -> list[Hop]:
    departs = departure_of(leg, fare)
    stop = airport(behaviour.stop) if behaviour.stop else None
    if behaviour.via is None:
        return [Hop(leg.origin, leg.destination, departs, stop)]
    middle = airport(behaviour.via)
    first = Hop(leg.origin, middle, departs, None)
    return [first, Hop(middle, leg.destination, first.arrives + CONNECTION_TIME, None)]


def stop_wire(hop: Hop, place: Airport) -> Json:
    touches_down = hop.departs + (hop.flying_time - STOP_TIME) / 2
    return {
        "id": new_id("sto"),
        "duration": iso_duration(STOP_TIME),
        "arriving_at": local(touches_down, place),
        "departing_at": local(touches_down + STOP_TIME, place),
        "airport": airport_wire(place),
    }


def cabin_wire(passenger: Json, *, cabin: str, brand: str, bags: int) -> Json:
    name = cabin.replace("_", " ").title()
    baggages = [{"type": "carry_on", "quantity": 1}, {"type": "checked", "quantity": bags}]
    return {
        "passenger_id": passenger["id"],
        "fare_basis_code": f"{cabin[0].upper()}{brand[:3].upper()}ZZ1",
        "cabin_class_marketing_name": name,
        "cabin_class": cabin,
        "cabin": {
            "name": cabin,
            "marketing_name": name,
            "amenities": {"wifi": None, "power": None, "seat": None},
        },
        "baggages": baggages if bags else [],
    }


def segment_wire(hop: Hop, airline: Airline, people: list[Json]) -> Json:
    seed = f"{hop.origin.iata_code}{hop.destination.iata_code}{airline.iata_code}"
    aircraft, code = AIRCRAFT[spread(seed, len(AIRCRAFT))]
    number = f"{1000 + spread(seed, 8999)}"
    return {
        "id": new_id("seg"),
        "passengers": people,
        "origin": airport_wire(hop.origin),
        "origin_terminal": str(1 + spread(hop.origin.iata_code, 5)),
        "destination": airport_wire(hop.destination),
        "destination_terminal": str(1 + spread(hop.destination.iata_code, 5)),
        "operating_carrier": airline.wire(),
        "operating_carrier_flight_number": number,
        "marketing_carrier": airline.wire(),
        "marketing_carrier_flight_number": number,
        "duration": iso_duration(hop.flying_time),
        "distance": str(round(distance_km(hop.origin, hop.destination), 3)),
        "departing_at": local(hop.departs, hop.origin),
        "arriving_at": local(hop.arrives, hop.destination),
        "aircraft": {"name": aircraft, "id": stable_id("arc", code), "iata_code": code},
        "stops": [stop_wire(hop, hop.stop)] if hop.stop else [],
    }


def slice_wire(
    leg: Leg,
    fare: Fare,
    behaviour: Behaviour,
    passengers: Sequence[Json],
    *,
    cabin: str,
    currency: str,
) -> Json:
    """One direction of an offer, in Duffel's words."""
    hops = hops_of(leg, fare, behaviour)
    bags = 1 if behaviour.with_baggage else 0
    people = [cabin_wire(p, cabin=cabin, brand=fare.brand, bags=bags) for p in passengers]
    change = None if fare.change is None else fare.change.wire(currency)
    refund = None if fare.refund is None else fare.refund.wire(currency)
    return {
        "id": new_id("sli"),
        "comparison_key": stable_id("key", f"{leg}{fare.brand}")[4:],
        "ngs_shelf": 1,
        "segments": [segment_wire(hop, fare.airline, people) for hop in hops],
        "origin_type": "airport",
        "origin": airport_wire(leg.origin),
        "destination_type": "airport",
        "destination": airport_wire(leg.destination),
        "fare_brand_name": fare.brand,
        "duration": iso_duration(hops[-1].arrives - hops[0].departs),
        "conditions": {
            "change_before_departure": change,
            "refund_before_departure": refund,
            "advance_seat_selection": False,
            "priority_boarding": False,
            "priority_check_in": False,
        },
    }
