"""Refunds and disputes: money going back, asked for by us or by a bank."""

from __future__ import annotations

from sandbox.stripe.account import Account, new_id
from sandbox.stripe.amounts import shown
from sandbox.stripe.charges import recount_refunds
from sandbox.stripe.errors import Json, StripeError
from sandbox.stripe.payment_methods import test_method

REFUND_FAILS_AFTER_SECONDS = 60
EVIDENCE_DUE_SECONDS = 14 * 24 * 3600


def new_refund(account: Account, charge: Json, asked: Json, *, pending: bool) -> Json:
    """Several partial refunds may be made, never more than was captured."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = asked.get("amount", left)
    check_refundable(charge, amount, left)
    method = account.payment_methods[charge["payment_method"]]
    refund: Json = {
        "id": new_id("re_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn_"),
        "charge": charge["id"],
        "created": account.clock.epoch(),
        "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"}
        if method["type"] == "card"
        else {"type": "us_bank_transfer", "us_bank_transfer": {}},
        "metadata": asked.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": asked.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if pending else "succeeded",
        "transfer_reversal": None,
    }
    if pending:
        refund["pending_reason"] = "processing"
    account.refunds[refund["id"]] = refund
    account.charge_refunds.setdefault(charge["id"], []).append(refund)
    recount_refunds(account, charge)
    note(account, "refund.created", refund)
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge)
    if test_method(account, method["id"]).refund_fails:
        account.clock.after(
            REFUND_FAILS_AFTER_SECONDS,
            lambda: fail_refund(account, refund, "expired_or_canceled_card"),
        )
    return refund


def check_refundable(charge: Json, amount: int, left: int) -> None:
    if charge["disputed"]:
        raise StripeError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
            executed=True,
        )
    if not charge["captured"]:
        raise StripeError(
            f"Charge {charge['id']} has not been captured; cancel its PaymentIntent instead.",
            code="charge_not_refundable",
            executed=True,
        )
    if left == 0:
        raise StripeError(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
            executed=True,
        )
    if amount > left:
        raise StripeError(
            f"Refund amount ({shown(amount, charge['currency'])}) is greater than unrefunded "
            f"amount on charge ({shown(left, charge['currency'])})",
            param="amount",
            executed=True,
        )


def note(account: Account, kind: str, refund: Json) -> None:
    """With what is written on its payment: a refund made by hand has nothing written on it."""
    intent = account.payment_intents[refund["payment_intent"]]
    account.record(
        kind,
        refund=refund["id"],
        charge=refund["charge"],
        payment_intent=refund["payment_intent"],
        amount=refund["amount"],
        currency=refund["currency"],
        metadata={**intent["metadata"], **refund["metadata"]},
    )


def told(account: Account, refund: Json) -> None:
    """The same fact under two names, as at Stripe."""
    account.emit("refund.updated", refund)
    account.emit("charge.refund.updated", refund)


def fail_refund(account: Account, refund: Json, reason: str) -> None:
    """The money came back from the customer's bank, which may be long after success was told."""
    if refund["status"] == "failed":
        return
    refund.update(
        status="failed",
        failure_reason=reason,
        failure_balance_transaction=new_id("txn_"),
    )
    refund.pop("pending_reason", None)
    recount_refunds(account, account.charges[refund["charge"]])
    note(account, "refund.failed", refund)
    account.emit("refund.failed", refund)
    told(account, refund)


def succeed_refund(account: Account, refund: Json) -> None:
    if refund["status"] != "pending":
        raise StripeError(f"Refund {refund['id']} is {refund['status']}, not pending.")
    refund["status"] = "succeeded"
    refund.pop("pending_reason", None)
    note(account, "refund.succeeded", refund)
    told(account, refund)


def new_dispute(account: Account, intent: Json, asked: Json) -> Json:
    """The customer's bank takes the money back without asking; an inquiry only asks. It may count
    in a `currency` of its own."""
    inquiry = bool(asked.get("inquiry"))
    charge = account.charges.get(intent["latest_charge"] or "")
    if charge is None or not charge["captured"] or charge["disputed"]:
        raise StripeError("Only a captured charge can be disputed, and only once.")
    dispute: Json = {
        "id": new_id("du_"),
        "object": "dispute",
        "amount": asked.get("amount", charge["amount_captured"]),
        "balance_transactions": [],
        "charge": charge["id"],
        "created": account.clock.epoch(),
        "currency": asked.get("currency", charge["currency"]),
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": account.clock.epoch() + EVIDENCE_DUE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": intent["id"],
        "reason": asked.get("reason", "fraudulent"),
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    account.disputes[dispute["id"]] = dispute
    if inquiry:
        note_dispute(account, "dispute.inquired", dispute, intent)
        account.emit("charge.dispute.created", dispute)
        return dispute
    charge["disputed"] = True
    note_dispute(account, "dispute.created", dispute, intent)
    account.emit("charge.dispute.created", dispute)
    account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def note_dispute(account: Account, kind: str, dispute: Json, intent: Json) -> None:
    account.record(
        kind,
        dispute=dispute["id"],
        charge=dispute["charge"],
        payment_intent=intent["id"],
        amount=dispute["amount"],
        currency=dispute["currency"],
        status=dispute["status"],
        metadata=intent["metadata"],
    )


def close_dispute(account: Account, dispute: Json, *, won: bool) -> None:
    if dispute["status"] in ("won", "lost"):
        raise StripeError(f"Dispute {dispute['id']} is already closed.")
    dispute["status"] = "won" if won else "lost"
    intent = account.payment_intents[dispute["payment_intent"]]
    note_dispute(account, "dispute.closed", dispute, intent)
    if won:
        account.emit("charge.dispute.funds_reinstated", dispute)
    account.emit("charge.dispute.closed", dispute)
