"""Trips whose money goes back in other ways than by itself, and what people did about it."""

from __future__ import annotations

from domain.booking import commands as bc
from domain.dossier import DossierEvent
from domain.payments import DisputeSnapshot, DisputeStatus, MoneyBack, RefundSnapshot
from domain.process import Command
from domain.trip import commands as tc
from tests.given import given
from tests.rules import stories as s

F = s.FLIGHT_BOOKING
BY_HAND = RefundSnapshot(provider_refund_id="re_9", status="succeeded", amount=s.STAY_PRICE)


def seen(*refunds: RefundSnapshot, dispute: DisputeStatus | None = None) -> tc.RecordMoneyBack:
    """What the provider shows of the payment."""
    disputes = () if dispute is None else (disputed(dispute),)
    back = MoneyBack(payment_id=s.PAYMENT, refunds=refunds, disputes=disputes)
    return tc.RecordMoneyBack(money_back=back, now=s.LATER)


def disputed(status: DisputeStatus) -> DisputeSnapshot:
    return DisputeSnapshot(
        dispute_id="du_1",
        status=status,
        amount=s.TOTAL,
        reason="fraudulent",
        respond_by=s.LAPSES,
    )


def wanted(amount: int, request_id: str = "req-1") -> tc.RefundPayment:
    return tc.RefundPayment(
        request_id=request_id, amount=s.eur(amount), reason="goodwill", now=s.LATER
    )


ASSIGNED = tc.AssignIncident(code="payment_disputed", subject="du_1", owner="ana", now=s.LATER)
ACTED = tc.NoteAction(
    action="refund",
    subject=s.PAYMENT,
    reason="The customer called.",
    request_id="req-1",
    now=s.LATER,
)
SECOND = bc.RecordFinding(booking_id=F, answer=s.yes(F, "ord_other"), final=False, now=s.LATER)
SECOND_GONE = bc.RecordSecondOrderCancelled(
    booking_id=F, supplier_order_id="ord_other", now=s.LATER
)


def told(*then: Command) -> list[DossierEvent]:
    return given(s.completed()).after(*then).facts


def money_trips() -> dict[str, list[DossierEvent]]:
    return {
        "disputed-and-won": told(seen(dispute="open"), ASSIGNED, seen(dispute="won")),
        "disputed-and-lost": told(seen(dispute="open"), seen(dispute="lost")),
        "refunded-in-the-dashboard": told(seen(BY_HAND)),
        "refunded-by-an-operator": told(wanted(5_000)),
        "acted-upon-by-an-operator": told(ACTED, wanted(7_000)),
        "ordered-twice": told(SECOND, SECOND_GONE),
    }
