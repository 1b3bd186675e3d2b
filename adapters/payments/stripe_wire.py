"""How Stripe's answers, amounts and errors read in our terms; nothing here is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

import aiohttp
import stripe

from adapters.answers import NONSENSE, as_declared, price
from domain.money import Money, total
from domain.payments import (
    CheckoutOrder,
    DisputeSnapshot,
    DisputeStatus,
    PaymentOutcomeUnknown,
    PaymentProviderBusy,
    PaymentRefused,
    PaymentSighting,
    PaymentSnapshot,
    PaymentStatus,
    RefundSnapshot,
    RefundStatus,
)

AUTHORIZATION_LIFE = timedelta(days=7)
STATUS: dict[str, PaymentStatus] = {
    "requires_payment_method": "unpaid",
    "requires_confirmation": "unpaid",
    "requires_action": "action_required",
    "processing": "processing",
    "requires_capture": "authorized",
    "succeeded": "captured",
    "canceled": "canceled",
}
PAYABLE: tuple[PaymentStatus, ...] = ("unpaid", "action_required")
REFUND_STATUS: dict[str, RefundStatus] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}

# An inquiry asks and moves no money; what was prevented has been refunded instead.
DISPUTE_STATUS: dict[str, DisputeStatus] = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "inquiry",
    "prevented": "inquiry",
    "needs_response": "open",
    "under_review": "open",
    "won": "won",
    "lost": "lost",
    "appeal_needs_response": "lost",
    "appeal_under_review": "lost",
}

Answer = TypeVar("Answer")
Asked = ParamSpec("Asked")


async def told(call: Awaitable[Answer]) -> Answer:
    """The answer, or one of the port's three exceptions; the SDK lets some of aiohttp's through."""
    try:
        return await call
    except stripe.StripeError as error:
        raise meaning(error) from error
    except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
        raise PaymentOutcomeUnknown(f"no usable answer from Stripe: {error!r}") from error


def understood(
    ask: Callable[Asked, Awaitable[Answer]],
) -> Callable[Asked, Awaitable[Answer]]:
    """An answer that makes no sense is none: what was asked for may have happened."""

    @wraps(ask)
    async def asked(*args: Asked.args, **named: Asked.kwargs) -> Answer:
        try:
            return as_declared(await ask(*args, **named))
        except NONSENSE as error:
            raise PaymentOutcomeUnknown(
                f"Stripe's answer makes no sense ({type(error).__name__})"
            ) from error

    return asked


def meaning(error: stripe.StripeError) -> Exception:
    """Only an error that Stripe itself worded is a definite no."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    said = body.get("error")
    status = error.http_status or 0
    if not isinstance(said, dict) or not 400 <= status < 500:
        answered = f"HTTP {status}" if status else "No answer"
        return PaymentOutcomeUnknown(f"{answered} from Stripe: {error}")
    code = said.get("decline_code") or said.get("code") or said.get("type") or "refused"
    detail = str(said.get("message") or error)
    if said.get("type") == "idempotency_error" and status != 409:
        # Something was done under this key, with other values; what, only a person can say.
        return PaymentOutcomeUnknown(f"idempotency_error: {detail}")
    if status in (401, 403, 409, 429):
        # A wrong key of ours is no verdict on the payment either.
        return PaymentProviderBusy(f"{code}: {detail}")
    return PaymentRefused(str(code), detail)


def to_stripe(money: Money) -> int:
    """Stripe counts a few currencies in other units than ISO 4217 does."""
    match money.currency:
        case "ISK":
            return money.amount * 100
        case "MGA" if money.amount % 100 == 0:
            return money.amount // 100
        case "BHD" | "JOD" | "KWD" | "OMR" | "TND" if money.amount % 10 == 0:
            return money.amount
        case "MGA" | "BHD" | "JOD" | "KWD" | "OMR" | "TND" | "UGX":
            raise PaymentRefused(
                "amount_not_chargeable", f"Stripe cannot charge {money} to the last unit"
            )
        case _:
            return money.amount


def check_lines(order: CheckoutOrder) -> None:
    currency = order.amount.currency
    if total((line.amount for line in order.lines), currency) != order.amount:
        raise PaymentRefused(
            "total_mismatch", f"the lines do not add up to {order.amount}; nothing was sent"
        )


def from_stripe(amount: int, currency: str) -> Money:
    match currency.upper():
        case "ISK":
            return price(Money(amount // 100, "ISK"))
        case "MGA":
            return price(Money(amount * 100, "MGA"))
        case code:
            return price(Money(amount, code))


def instant(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def capture_before(intent: stripe.PaymentIntent) -> datetime:
    charge = intent.latest_charge
    if isinstance(charge, stripe.Charge):
        details = charge.payment_method_details
        card = getattr(details, "card", None)
        at = getattr(card, "capture_before", None)
        return instant(at) if at else instant(charge.created) + AUTHORIZATION_LIFE
    return instant(intent.created) + AUTHORIZATION_LIFE


def newest_failure(intent: stripe.PaymentIntent) -> tuple[str | None, str | None]:
    """A name that the same attempt always has, and why it failed."""
    error = intent.last_payment_error
    if error is None:
        return None, None
    method = getattr(error, "payment_method", None)
    attempt = getattr(error, "charge", None) or getattr(method, "id", None) or intent.id
    code = getattr(error, "decline_code", None) or getattr(error, "code", None) or "declined"
    return f"{attempt}:{code}", code


def sighting(intent: stripe.PaymentIntent) -> PaymentSighting:
    return PaymentSighting(
        payment_id=intent.id,
        status=STATUS[intent.status],
        amount=from_stripe(intent.amount, intent.currency),
        captured=from_stripe(intent.amount_received, intent.currency),
        created_at=instant(intent.created),
        references=intent.metadata.to_dict() if intent.metadata is not None else {},
    )


def refund_snapshot(refund: stripe.Refund) -> RefundSnapshot:
    return RefundSnapshot(
        provider_refund_id=refund.id,
        status=REFUND_STATUS[refund.status or "pending"],
        amount=from_stripe(refund.amount, refund.currency),
        failure_reason=getattr(refund, "failure_reason", None),
        references=refund.metadata.to_dict() if refund.metadata is not None else {},
    )


def payment_snapshot(
    intent: stripe.PaymentIntent, refunds: Sequence[stripe.Refund]
) -> PaymentSnapshot:
    """The charge's own sum of refunds counts released money too, so `refunds` are added up."""
    status = STATUS[intent.status]
    failure_id, failure_code = newest_failure(intent)
    return PaymentSnapshot(
        payment_id=intent.id,
        status=status,
        amount=from_stripe(intent.amount, intent.currency),
        captured=from_stripe(intent.amount_received, intent.currency),
        refunded=given_back(refunds, intent.currency),
        capture_before=capture_before(intent) if status == "authorized" else None,
        failure_id=failure_id,
        failure_code=failure_code,
        references=intent.metadata.to_dict() if intent.metadata is not None else {},
    )


def given_back(refunds: Sequence[stripe.Refund], currency: str) -> Money:
    """What has gone back or is on its way."""
    made = (refund_snapshot(refund) for refund in refunds)
    return total((refund.amount for refund in made if refund.status != "failed"), currency.upper())


def dispute_snapshot(dispute: stripe.Dispute) -> DisputeSnapshot:
    due_by = dispute.evidence_details.due_by
    return DisputeSnapshot(
        dispute_id=dispute.id,
        status=DISPUTE_STATUS[dispute.status],
        amount=from_stripe(dispute.amount, dispute.currency),
        reason=dispute.reason,
        respond_by=instant(due_by) if due_by else None,
    )
