"""The money of a trip by the rules alone: what should be kept of each payment, told from the facts
in their order, beside what the provider says has moved; and what reconciling finds at rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.reconciling.run import Report
from tests.simulation.orders import OF_NOBODY

# Put before people, who may have dealt with it.
EXPLAINED = {"incident", "settled"}
BY_PEOPLE = ":r:"
BY_CUSTOMER = "requested_by_customer"

Event = dict[str, Any]


@dataclass
class Rules:
    """What is ours of each payment, minor units. What we ourselves give back is not read from the
    log: it follows from what is booked, from quoted terms, and from what people and banks did.
    `needed` are the payments that orders are paid by: of all others everything goes back."""

    needed: dict[str, str]
    prices: dict[str, int] = field(default_factory=dict)
    checkouts: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    booked: dict[str, datetime] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)
    kept: Counter[str] = field(default_factory=Counter)
    disputed: Counter[str] = field(default_factory=Counter)
    gone: list[str] = field(default_factory=list)
    refunds: dict[str, tuple[str, int]] = field(default_factory=dict)
    withheld: Counter[str] = field(default_factory=Counter)

    def take_in(self, topic: str, data: dict[str, Any]) -> None:
        match topic:
            case "booking.initialized.v1":
                self.prices[data["booking_id"]] = data["price"]["amount"]
                self.checkouts[data["booking_id"]] = data["checkout_id"]
            case "booking.cancellation-requested.v1":
                change = self.asked.add if data["reason"] == BY_CUSTOMER else self.asked.discard
                change(data["booking_id"])
            case "booking.confirmed.v1":
                self.booked[data["booking_id"]] = moment(data["confirmed_at"])
            case "booking.cancelled.v1" if data["booking_id"] in self.asked:
                self.cancelled(data)
            case "trip.fulfilled.v1" | "trip.fulfillment-failed.v1":
                self.settled(data)
            case "trip.payment-succeeded.v1":
                self.taken(data["payment_id"], data["captured"]["amount"])
            case "trip.payment-captured.v1":
                self.taken(data["payment_id"], data["amount"]["amount"])
            case _:
                self.take_in_what_went_back(topic, data)

    def take_in_what_went_back(self, topic: str, data: dict[str, Any]) -> None:
        match topic:
            case "trip.refund-discovered.v1" | "trip.refund-scheduled.v1":
                payment_id, amount = data["payment_id"], data["amount"]["amount"]
                self.refunds[data["refund_id"]] = (payment_id, amount)
                if topic == "trip.refund-discovered.v1" or BY_PEOPLE in data["refund_id"]:
                    self.kept[payment_id] -= amount
            case "trip.refund-failed.v1":
                payment_id, amount = self.refunds[data["refund_id"]]
                self.kept[payment_id] += amount
            case "trip.payment-disputed.v1":
                self.disputed[data["payment_id"]] += data["amount"]["amount"]
            case "trip.dispute-closed.v1" if data["outcome"] == "won":
                self.disputed[data["payment_id"]] -= data["amount"]["amount"]

    def taken(self, payment_id: str, amount: int) -> None:
        self.kept[payment_id] += amount
        if payment_id not in self.needed.values():
            self.give(payment_id, amount, payment_id)

    def cancelled(self, data: dict[str, Any]) -> None:
        """What was quoted for it, up to what was paid for it."""
        booking_id = data["booking_id"]
        self.gone.append(booking_id)
        if data["refund"] is not None:
            owed = min(data["refund"]["amount"], self.paid[booking_id])
            self.give(self.needed[self.checkouts[booking_id]], owed, booking_id)

    def settled(self, data: dict[str, Any]) -> None:
        """What buys nothing goes back; what is bought is paid for as far as the money goes."""
        payment_id = self.needed[data["checkout_id"]]
        confirmed = sorted(data.get("confirmed", ()), key=self.booked.__getitem__, reverse=True)
        booked = sum(self.prices[each] for each in confirmed)
        owed = max(0, self.kept[payment_id] - booked)
        self.give(payment_id, owed, payment_id, keeping=booked)
        self.pay(confirmed, booked - self.kept[payment_id])

    def pay(self, confirmed: Sequence[str], missing: int) -> None:
        """`confirmed` are the newest first: those are not paid for whose whole price is missing,
        and the next bears what is missing then."""
        self.paid.update((each, self.prices[each]) for each in confirmed)
        for each in confirmed:
            if self.prices[each] <= missing:
                self.paid[each] = 0
                missing -= self.prices[each]
        in_part = next((each for each in confirmed if self.paid[each]), None)
        if in_part is not None and missing > 0:
            self.paid[in_part] -= missing

    def give(self, payment_id: str, owed: int, subject: str, *, keeping: int = 0) -> None:
        """As much as is still ours; what of the rest a bank has is withheld, and told of."""
        left = self.kept[payment_id] - self.disputed[payment_id] - keeping
        given = max(0, min(owed, left))
        self.kept[payment_id] -= given
        if withheld := min(owed - given, self.disputed[payment_id]):
            self.withheld[subject] += withheld


def by_the_rules(events: Sequence[Event]) -> Rules:
    paying = [e["data"] for e in events if e["topic"] == "trip.fulfillment-scheduled.v1"]
    rules = Rules({each["checkout_id"]: each["payment_id"] for each in paying})
    for event in events:
        rules.take_in(event["topic"], event["data"])
    return rules


def what_is_kept_follows_from_the_facts(
    events: Sequence[Event], sums: Mapping[str, Counter[str]]
) -> None:
    """`sums` are what the provider moved, by payment and by kind of movement."""
    rules = by_the_rules(events)
    theirs = {
        payment_id: moved["payment.captured"] - moved["refund.created"] + moved["refund.failed"]
        for payment_id, moved in sums.items()
        if moved["payment.captured"]
    }
    ours = {payment_id: rules.kept[payment_id] for payment_id in theirs}
    assert ours == theirs, f"by the rules {ours} are kept, at the provider {theirs}"
    told = Counter[str]()
    for incident in incidents(events, "refund_withheld"):
        told[incident["subject"]] += incident["at_stake"]["amount"]
    assert rules.withheld == told, f"a bank keeps us from giving {rules.withheld}, told is {told}"


def cancellations_give_what_was_quoted(events: Sequence[Event], told: Sequence[str]) -> None:
    """Exactly the bookings of the terms that were taken are cancelled, and their suppliers gave
    what they had quoted (what of it is the customer's follows from the rules above), or people
    were asked what they give; terms are taken while they bind, and are those that the customer was
    `told` of."""
    newest: Event = {}
    unknown = Counter(told["subject"] for told in incidents(events, "refund_unknown"))
    started: list[str] = []
    taken: dict[str, Any] = {}
    for event in events:
        data = event["data"]
        match event["topic"]:
            case "trip.cancellation-quoted.v1":
                newest = data
            case "trip.cancellation-started.v1":
                started.append(data["cancellation_quote_id"])
                assert newest["cancellation_quote_id"] == started[-1], f"replaced: {data}"
                assert moment(data["started_at"]) < moment(newest["expires_at"]), "expired"
                quotes = {line["booking_id"]: line["supplier_quote"] for line in newest["lines"]}
                taken.update({booking: quote["refund"] for booking, quote in quotes.items()})
            case "booking.cancellation-requested.v1" if data["reason"] == BY_CUSTOMER:
                assert data["booking_id"] in taken, f"cancelled without being quoted: {data}"
            case "booking.cancelled.v1" if data["booking_id"] in taken:
                refund, line = data["refund"], taken[data["booking_id"]]
                if refund is None and unknown[data["booking_id"]] == 1:
                    continue
                assert (line or {}).get("amount") == (refund or {}).get("amount"), (line, data)
    assert set(told) <= set(started), f"told of a cancellation on {told}, it was on {started}"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def incidents(events: Sequence[Event], code: str) -> Iterator[dict[str, Any]]:
    for event in events:
        if event["topic"] == "trip.incident-opened.v1" and event["data"]["code"] == code:
            yield event["data"]


def left_by_reconciling(
    reports: Sequence[Report], events: Mapping[str, Sequence[Event]]
) -> Iterator[tuple[str, str | None]]:
    """What a comparison at rest should not have found, and of which trip: what it had to put right
    once more, and what nobody was told of. Orders of nobody are seen to elsewhere."""
    for number, report in enumerate(reports):
        for drift in report.drifts:
            if drift.code == OF_NOBODY:
                continue
            if drift.done in EXPLAINED:
                told = incidents(events[drift.trip_id or ""], drift.code)
                count = sum(drift.key == f"{drift.code}:{each['subject']}" for each in told)
                if count != 1:
                    yield f"{drift.key} is told of {count} times", drift.trip_id
            elif number or drift.done not in {"replayed", "repaired"}:
                yield f"comparison {number + 1} has {drift.done} {drift}", drift.trip_id
