"""The PaymentIntent machine: confirm, authenticate, settle, capture, cancel, lapse. Every movement
of money is journalled here, once, where it happens."""

from __future__ import annotations

import secrets

from sandbox.stripe.account import Account, new_id
from sandbox.stripe.charges import AUTHORIZATION_SECONDS, mark_captured, mark_failed, new_charge
from sandbox.stripe.errors import Json, StripeError, wrong_state
from sandbox.stripe.payment_methods import DECLINE_MESSAGES, attach_test_method, test_method

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture")
AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again."
)


def new_intent(account: Account, asked: Json) -> Json:
    """`asked` holds read parameters; amount and currency were checked."""
    intent_id = new_id("pi_")
    automatic = asked.get("automatic_payment_methods")
    intent: Json = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": asked["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": automatic,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": asked.get("capture_method", "automatic_async"),
        "client_secret": f"{intent_id}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "created": account.clock.epoch(),
        "currency": asked["currency"],
        "customer": asked.get("customer"),
        "customer_account": None,
        "description": asked.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": asked.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": asked.get("payment_method_types") or ["card"],
        "processing": None,
        "receipt_email": asked.get("receipt_email"),
        "review": None,
        "setup_future_usage": asked.get("setup_future_usage"),
        "shipping": None,
        "statement_descriptor": asked.get("statement_descriptor"),
        "statement_descriptor_suffix": asked.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
    account.payment_intents[intent_id] = intent
    note(account, "payment_intent.created", intent, intent["amount"])
    account.emit("payment_intent.created", intent)
    return intent


def note(account: Account, kind: str, intent: Json, amount: int) -> None:
    session = account.session_of(intent["id"])
    account.record(
        kind,
        payment_intent=intent["id"],
        charge=intent["latest_charge"],
        checkout_session=session["id"] if session else None,
        customer=intent["customer"],
        amount=amount,
        currency=intent["currency"],
        metadata=intent["metadata"],
    )


def confirm(account: Account, intent: Json, method_name: str | None, pay_url: str) -> None:
    """Ask the bank. A decline raises Stripe's 402 after the intent has taken it in."""
    if intent["status"] not in CONFIRMABLE:
        raise wrong_state(
            intent, "confirm", "confirmed: requires_payment_method or requires_action"
        )
    wanted = method_name or intent["payment_method"]
    if wanted is None:
        raise StripeError(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
            executed=True,
        )
    method = attach_test_method(account, wanted, intent["customer"])
    intent.update(payment_method=method["id"], next_action=None, last_payment_error=None)
    match test_method(account, method["id"]).answer:
        case "approved":
            approve(account, intent)
        case "processing":
            begin_processing(account, intent)
        case "authentication_required":
            intent["status"] = "requires_action"
            intent["next_action"] = {
                "type": "redirect_to_url",
                "redirect_to_url": {"url": pay_url, "return_url": None},
            }
            account.emit("payment_intent.requires_action", intent)
        case "declined":
            raise decline(account, intent)


def decline(account: Account, intent: Json) -> StripeError:
    method = account.payment_methods[intent["payment_method"]]
    test = test_method(account, method["id"])
    message = DECLINE_MESSAGES[test.decline_code]
    charge = new_charge(account, intent, method)
    mark_failed(charge, test.error_code, test.decline_code, message)
    fail_attempt(account, intent, test.error_code, message, test.decline_code)
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
    return StripeError(
        message,
        status=402,
        kind="card_error",
        code=test.error_code,
        decline_code=test.decline_code,
        payment_intent=intent,
        executed=True,
    )


def fail_attempt(
    account: Account, intent: Json, code: str, message: str, decline_code: str | None = None
) -> None:
    """Not the end: the intent waits for another payment method."""
    method_id = intent["payment_method"]
    error: Json = {
        "type": "card_error" if decline_code else "invalid_request_error",
        "code": code,
        "message": message,
    }
    if decline_code:
        error["decline_code"] = decline_code
        error["charge"] = intent["latest_charge"]
    if method_id is not None:
        error["payment_method"] = account.payment_methods[method_id]
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        processing=None,
        last_payment_error=error,
    )
    note(account, "payment.declined", intent, intent["amount"])


def approve(account: Account, intent: Json) -> None:
    """The bank said yes: money is held where capture is manual, and taken everywhere else."""
    charge = new_charge(account, intent, account.payment_methods[intent["payment_method"]])
    intent["next_action"] = None
    if intent["capture_method"] == "manual":
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        note(account, "payment.authorized", intent, intent["amount"])
        account.emit("charge.succeeded", charge)
        account.emit("payment_intent.amount_capturable_updated", intent)
        intent_id = intent["id"]
        account.clock.after(AUTHORIZATION_SECONDS, lambda: lapse(account, intent_id))
        return
    take(account, intent, charge, intent["amount"])
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.succeeded", intent)


def take(account: Account, intent: Json, charge: Json, amount: int) -> None:
    mark_captured(charge, amount)
    intent.update(status="succeeded", amount_capturable=0, amount_received=amount)
    note(account, "payment.captured", intent, amount)


def begin_processing(account: Account, intent: Json) -> None:
    charge = new_charge(account, intent, account.payment_methods[intent["payment_method"]])
    charge.update(status="pending", paid=False)
    intent.update(status="processing", processing=None)
    account.emit("charge.pending", charge)
    account.emit("payment_intent.processing", intent)


def settle(account: Account, intent: Json, *, succeeded: bool) -> None:
    """A delayed method comes to its end. Such methods cannot hold money: success is captured."""
    if intent["status"] != "processing":
        raise wrong_state(intent, "settle", "settled: processing")
    charge = account.charges[intent["latest_charge"]]
    if succeeded:
        charge.update(status="succeeded", paid=True)
        intent["processing"] = None
        take(account, intent, charge, intent["amount"])
        account.emit("charge.succeeded", charge)
        account.emit("payment_intent.succeeded", intent)
        return
    message = "The bank account could not be debited."
    mark_failed(charge, "payment_method_provider_decline", "insufficient_funds", message)
    fail_attempt(account, intent, "payment_method_provider_decline", message)
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)


def authenticate(account: Account, intent: Json, *, succeeded: bool) -> None:
    """The customer came through 3-D Secure, or did not."""
    if intent["status"] != "requires_action":
        raise wrong_state(intent, "authenticate", "authenticated: requires_action")
    if succeeded:
        approve(account, intent)
        return
    fail_attempt(account, intent, "payment_intent_authentication_failure", AUTHENTICATION_FAILED)
    account.emit("payment_intent.payment_failed", intent)


def capture(account: Account, intent: Json, amount: int | None) -> None:
    """Take all or part of what is held, once; the rest is let go."""
    if intent["status"] != "requires_capture":
        raise wrong_state(intent, "capture", "captured: requires_capture")
    held = intent["amount_capturable"]
    wanted = held if amount is None else amount
    if wanted > held:
        raise StripeError(
            f"The requested capture amount is greater than the capturable amount of {held}.",
            code="amount_too_large",
            param="amount_to_capture",
            payment_intent=intent,
            executed=True,
        )
    charge = account.charges[intent["latest_charge"]]
    take(account, intent, charge, wanted)
    if wanted < held:
        note(account, "payment.released", intent, held - wanted)
    account.emit("charge.captured", charge)
    account.emit("payment_intent.succeeded", intent)


def cancel(account: Account, intent: Json, reason: str | None) -> None:
    if intent["status"] not in CANCELABLE:
        raise wrong_state(intent, "cancel", f"canceled: {', '.join(CANCELABLE)}")
    if intent["status"] != "requires_capture" and account.session_of(intent["id"]) is not None:
        raise StripeError(
            "You cannot cancel this PaymentIntent because it was created by a Checkout Session. "
            "Expire the session instead.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
            executed=True,
        )
    end(account, intent, reason)


def end(account: Account, intent: Json, reason: str | None) -> None:
    """Canceled for good; money that was held is let go."""
    held = intent["amount_capturable"]
    intent.update(
        status="canceled",
        amount_capturable=0,
        canceled_at=account.clock.epoch(),
        cancellation_reason=reason,
        next_action=None,
    )
    if held:
        charge = account.charges[intent["latest_charge"]]
        charge.update(refunded=True, amount_refunded=held)
        note(account, "payment.released", intent, held)
        account.emit("charge.expired" if reason == "automatic" else "charge.refunded", charge)
    account.emit("payment_intent.canceled", intent)


def lapse(account: Account, intent_id: str) -> None:
    """Banks do not hold money for ever: what was not captured in time is let go."""
    intent = account.payment_intents[intent_id]
    if intent["status"] == "requires_capture":
        end(account, intent, "automatic")
