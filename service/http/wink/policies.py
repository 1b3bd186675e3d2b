"""What a supplier says of board and cancellation, in the words of Wink's contract. The words are
coarse (and some misspelt; that is how they go over the wire): a deadline is rounded to an earlier
one and a charge to a higher one, so that nobody is promised more than the supplier gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from adapters.wink_ids import room_rate_identifier
from domain.money import Money
from domain.suppliers import Offer
from service.http.answers import moment
from service.http.wink.answers import (
    CancellationPolicyReply,
    RatePlanReply,
    RefundStepReply,
    amount,
)

DEADLINES = (
    (1, "ONE_DAY_BEFORE_ARRIVAL"),
    (2, "TWO_DAYS_BEFORE_ARRIVAL"),
    (3, "THREE_DAYS_BEFORE_ARRIVAL"),
    (5, "FIVE_DAYS_BEFORE_ARRIVAL"),
    (7, "SEVEN_DAYS_BEFORE_ARRIVAL"),
    (14, "FOURTEEN_DAYS_BEFORE_ARRIVAL"),
    (21, "TWENTYONE_DAYS_BEFORE_ARRIVAL"),
    (30, "THIRTY_DAYS_BEFORE_ARRIVAL"),
    (42, "FOURTY_TWO_DAYS_BEFORE_ARRIVAL"),
    (60, "SIXTY_DAYS_BEFORE_ARRIVAL"),
)
CHARGES = (
    (30, "THIRTY_PERCENT"),
    (50, "FIFTY_PERCENT"),
    (60, "SIXTY_PERCENT"),
    (70, "SEVENTY_PERCENT"),
    (90, "NINENTY_PERCENT"),
    (100, "ONE_HUNDRED_PERCENT"),
)
EVERYTHING = "ONE_HUNDRED_PERCENT_OF_TOTAL_CHARGE"

Step = tuple[datetime, Money]


def rate_plan(offer: Offer) -> RatePlanReply:
    board = (offer.details.get("conditions") or {}).get("board_type")
    all_inclusive = board == "all_inclusive"
    return RatePlanReply(
        name=str(offer.details.get("rate") or offer.title),
        breakfast=board in {"breakfast", "half_board", "full_board", "all_inclusive"},
        brunch=False,
        lunch=board in {"full_board", "all_inclusive"},
        dinner=board in {"half_board", "full_board", "all_inclusive"},
        all_inclusive=all_inclusive,
        all_inclusive_plus_alcohol=False,
    )


def cancellation_policy(
    offer: Offer, conditions: dict[str, Any], price: Money, hotel: str
) -> CancellationPolicyReply:
    steps = timeline(conditions)
    full = [before for before, refund in steps if refund.amount >= price.amount]
    later = [refund for _, refund in steps if refund.amount < price.amount]
    refundable = any(refund.amount for _, refund in steps)
    charge = charge_word(later[0] if later else Money(0, price.currency), price)
    return CancellationPolicyReply(
        identifier=room_rate_identifier(offer.supplier, hotel, "cancellation", offer.offer_id),
        hotel_identifier=hotel,
        refundable=refundable,
        advance_cancellation_free_of_charge=deadline_word(max(full), offer) if full else None,
        refundable_cancellation_charge=charge if refundable else None,
        no_show_charge=EVERYTHING,
        timeline=[
            RefundStepReply(before=moment(before), refund=amount(refund))
            for before, refund in steps
        ],
    )


def timeline(conditions: dict[str, Any]) -> Sequence[Step]:
    return [
        (
            datetime.fromisoformat(step["before"]),
            Money(step["refund"]["amount"], step["refund"]["currency"]),
        )
        for step in conditions.get("cancellation_timeline") or ()
    ]


def deadline_word(before: datetime, offer: Offer) -> str | None:
    """The latest deadline that is not after `before`; None when even sixty days would be."""
    arrival = datetime.fromisoformat(offer.details["check_in_date"]).replace(tzinfo=UTC)
    days = (arrival.date() - before.astimezone(UTC).date()).days
    return next((word for limit, word in DEADLINES if limit >= days), None)


def charge_word(refund: Money, price: Money) -> str:
    kept = Decimal(price.amount - refund.amount) * 100 / Decimal(max(price.amount, 1))
    return next(word for limit, word in CHARGES if limit >= kept)
