"""Orders: what a booked offer becomes, what may still be done with it, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sandbox.duffel.errors import Json
from sandbox.duffel.offers import Offer, amounts
from sandbox.duffel.wire import instant, money, new_booking_reference, new_id, spread, stable_id

CANCELLATION_QUOTE_LIFE = timedelta(hours=1)
DEARER_AFTER_GUARANTEE = Decimal(10)


@dataclass
class Order:
    """One order: its wire object, and what the wire does not tell."""

    wire: Json
    offer: Offer
    total: Decimal
    paid: bool
    pay_by: datetime | None = None
    price_until: datetime | None = None
    visible_from: datetime | None = None
    repriced: bool = False
    latest_quote: str | None = None

    @property
    def id(self) -> str:
        return str(self.wire["id"])

    @property
    def awaiting_payment(self) -> bool:
        return bool(self.wire["payment_status"]["awaiting_payment"])

    @property
    def cancelled(self) -> bool:
        return self.wire["cancelled_at"] is not None

    def facts(self) -> Json:
        """What the journal says of every order."""
        return {
            "order_id": self.id,
            "offer_id": self.offer.id,
            "booking_reference": self.wire["booking_reference"],
            "amount": money(self.total),
            "currency": self.wire["total_currency"],
            "metadata": self.wire["metadata"],
        }

    def change_total(self, difference: Decimal) -> None:
        self.total += difference
        self.wire.update(amounts(self.total, self.wire["total_currency"]))

    def reprice_if_due(self, now: datetime) -> bool:
        """After the guarantee the price of an unpaid order moves, once."""
        due = self.price_until is not None and now >= self.price_until
        if due and self.awaiting_payment and not self.repriced:
            self.repriced = True
            self.change_total(DEARER_AFTER_GUARANTEE)
        return self.repriced

    def pay(self, now: datetime) -> None:
        self.paid = True
        self.wire["payment_status"].update(
            awaiting_payment=False,
            paid_at=instant(now),
            payment_required_by=None,
            price_guarantee_expires_at=None,
        )
        self.wire["documents"] = documents_of(self)
        self.touch(now)

    def release(self, now: datetime) -> None:
        """The airline gives the seats to others. It says so only by no longer awaiting payment."""
        self.wire["payment_status"]["awaiting_payment"] = False
        self.wire["available_actions"] = ["update"]
        self.touch(now)

    def cancel(self, now: datetime, cancellation: Json | None) -> None:
        self.wire["cancelled_at"] = instant(now)
        self.wire["cancellation"] = cancellation
        self.wire["payment_status"]["awaiting_payment"] = False
        self.wire["available_actions"] = ["update"]
        self.touch(now)

    def touch(self, now: datetime) -> None:
        self.wire["synced_at"] = instant(now)


def documents_of(order: Order) -> list[Json]:
    """One electronic ticket for each passenger."""
    return [
        {
            "type": "electronic_ticket",
            "unique_identifier": f"999{spread(order.id + passenger['id'], 10**10):010d}",
            "passenger_ids": [passenger["id"]],
        }
        for passenger in order.wire["passengers"]
    ]


def booked_services(offer: Offer, wanted: Sequence[tuple[str, int]]) -> list[Json]:
    known = offer.services()
    services = []
    for service_id, quantity in wanted:
        service = known[service_id]
        services.append(
            {
                "id": new_id("ser"),
                "type": service["type"],
                "quantity": quantity,
                "passenger_ids": service["passenger_ids"],
                "segment_ids": service["segment_ids"],
                "total_amount": service["total_amount"],
                "total_currency": service["total_currency"],
                "metadata": service["metadata"],
            }
        )
    return services


def seated(slices: list[Json], services: list[Json]) -> list[Json]:
    """The slices with each passenger's chosen seat on each segment."""
    seats = {
        (service["segment_ids"][0], service["passenger_ids"][0]): {
            "designator": service["metadata"]["designator"],
            "name": "",
            "disclosures": [],
        }
        for service in services
        if service["type"] == "seat"
    }
    return [
        {
            **part,
            "segments": [
                {
                    **segment,
                    "passengers": [
                        {**person, "seat": seats.get((segment["id"], person["passenger_id"]))}
                        for person in segment["passengers"]
                    ],
                }
                for segment in part["segments"]
            ],
        }
        for part in slices
    ]


def available_actions(offer: Offer) -> list[str]:
    """What the airline lets be done; unknown refund conditions mean: not by the API."""
    actions = ["update"]
    if offer.fare.change is not None and offer.fare.change.penalty is not None:
        actions.insert(0, "change")
    if offer.fare.refund is not None:
        actions.insert(0, "cancel")
    return actions


def make_order(
    offer: Offer,
    passengers: list[Json],
    services: Sequence[tuple[str, int]],
    *,
    metadata: Json | None,
    hold: bool,
    now: datetime,
) -> Order:
    """The order of an offer: ticketed at once, or held without payment."""
    total = offer.total + offer.price_of(services)
    booked = booked_services(offer, services)
    requirements = offer.wire["payment_requirements"]
    wire: Json = {
        "id": new_id("ord"),
        "offer_id": offer.id,
        "type": "hold" if hold else "instant",
        "live_mode": False,
        "created_at": instant(now),
        "synced_at": instant(now),
        "booking_reference": new_booking_reference(),
        "owner": offer.wire["owner"],
        **amounts(total, offer.wire["total_currency"]),
        "slices": seated(offer.wire["slices"], booked),
        "passengers": passengers,
        "services": booked,
        "conditions": offer.wire["conditions"],
        "documents": [],
        "payment_status": {
            "awaiting_payment": hold,
            "payment_required_by": requirements["payment_required_by"] if hold else None,
            "price_guarantee_expires_at": (
                requirements["price_guarantee_expires_at"] if hold else None
            ),
            "paid_at": None if hold else instant(now),
        },
        "available_actions": available_actions(offer),
        "airline_initiated_changes": [],
        "cancellation": None,
        "cancelled_at": None,
        "metadata": metadata,
    }
    order = Order(wire=wire, offer=offer, total=total, paid=not hold)
    if hold:
        order.pay_by = datetime.fromisoformat(requirements["payment_required_by"])
        order.price_until = datetime.fromisoformat(requirements["price_guarantee_expires_at"])
    else:
        wire["documents"] = documents_of(order)
    return order


def refund_of(order: Order) -> Decimal:
    """What the airline gives back now."""
    condition = order.offer.fare.refund
    if not order.paid or condition is None or condition.penalty is None:
        return Decimal(0)
    return max(order.total - condition.penalty, Decimal(0))


def airline_credit(order: Order, refund: Decimal) -> Json:
    airline = order.offer.fare.airline
    passenger = order.wire["passengers"][0]
    return {
        "id": stable_id("acd", order.id),
        "credit_amount": money(refund),
        "credit_currency": order.wire["total_currency"],
        "credit_code": str(spread(order.id, 10**12)),
        "credit_name": f"{airline.name} credit",
        "issued_on": None,
        "passenger_id": passenger["id"],
    }


def make_cancellation(order: Order, now: datetime) -> Json:
    """A quote for cancelling; it binds for an hour unless a newer one replaces it."""
    refund = refund_of(order)
    refund_to = order.offer.behaviour.refund_to if order.paid else "awaiting_payment"
    credits = [airline_credit(order, refund)] if refund_to == "airline_credits" else []
    return {
        "id": new_id("ore"),
        "order_id": order.id,
        "live_mode": False,
        "created_at": instant(now),
        "expires_at": instant(now + CANCELLATION_QUOTE_LIFE),
        "confirmed_at": None,
        "refund_amount": money(refund),
        "refund_currency": order.wire["total_currency"],
        "refund_to": refund_to,
        "airline_credits": credits,
    }
