"""The Checkout Session machine: open, until it is completed by paying, or expires."""

from __future__ import annotations

import copy
import secrets
from datetime import UTC, datetime

from sandbox.stripe import payments
from sandbox.stripe.account import Account, new_id
from sandbox.stripe.errors import Json, StripeError

DELAYED_SETTLEMENT_SECONDS = 3 * 24 * 3600
METHOD_OF_OUTCOME = {
    "paid": "pm_card_visa",
    "declined": "pm_card_chargeDeclined",
    "requires_action": "pm_card_authenticationRequired",
    "processing": "pm_usBankAccount",
}
"""What a customer can do, and the test method that does it."""


UNUSED: Json = {
    "adaptive_pricing": {"enabled": False},
    "after_expiration": None,
    "allow_promotion_codes": None,
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "billing_address_collection": None,
    "collected_information": None,
    "consent": None,
    "consent_collection": None,
    "currency_conversion": None,
    "custom_fields": [],
    "custom_text": {
        "after_submit": None,
        "shipping_address": None,
        "submit": None,
        "terms_of_service_acceptance": None,
    },
    "customer_account": None,
    "discounts": None,
    "invoice": None,
    "invoice_creation": None,
    "origin_context": None,
    "payment_link": None,
    "payment_method_collection": "if_required",
    "payment_method_configuration_details": None,
    "payment_method_options": {},
    "permissions": None,
    "phone_number_collection": {"enabled": False},
    "recovered_from": None,
    "saved_payment_method_options": None,
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "subscription": None,
    "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    "wallet_options": None,
}
"""What a session of this sandbox always says, because it does not simulate it."""


def new_session(account: Account, asked: Json, items: list[Json], public_url: str) -> Json:
    """`asked` holds read and checked parameters, `items` the priced lines."""
    session_id = new_id("cs_test_a1", 56)
    total = sum(item["amount_total"] for item in items)
    hosted = asked.get("ui_mode", "hosted_page") == "hosted_page"
    email = asked.get("customer_email")
    session: Json = {
        "id": session_id,
        "object": "checkout.session",
        **copy.deepcopy(UNUSED),
        "amount_subtotal": total,
        "amount_total": total,
        "cancel_url": asked.get("cancel_url"),
        "client_reference_id": asked.get("client_reference_id"),
        "client_secret": None if hosted else f"{session_id}_secret_{secrets.token_hex(16)}",
        "created": account.clock.epoch(),
        "currency": items[0]["currency"],
        "customer": asked.get("customer"),
        "customer_creation": asked.get("customer_creation", "if_required"),
        "customer_details": customer_details(email) if email else None,
        "customer_email": email,
        "expires_at": asked["expires_at"],
        "livemode": False,
        "locale": asked.get("locale"),
        "metadata": asked.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": asked.get("payment_method_types") or ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "submit_type": asked.get("submit_type"),
        "success_url": asked.get("success_url"),
        "ui_mode": asked.get("ui_mode", "hosted_page"),
        "url": f"{public_url}/pay/{session_id}" if hosted else None,
    }
    account.sessions[session_id] = session
    account.line_items[session_id] = items
    account.session_intents[session_id] = asked.get("payment_intent_data", {})
    note(account, "checkout_session.created", session)
    expires_at = datetime.fromtimestamp(session["expires_at"], UTC)
    account.clock.at(expires_at, lambda: lapse(account, session_id))
    return session


def customer_details(email: str | None) -> Json:
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def note(account: Account, kind: str, session: Json) -> None:
    account.record(
        kind,
        checkout_session=session["id"],
        payment_intent=session["payment_intent"],
        customer=session["customer"],
        amount=session["amount_total"],
        currency=session["currency"],
        metadata=session["metadata"],
    )


def ensure_open(session: Json) -> None:
    if session["status"] != "open":
        raise StripeError(
            f"This Checkout Session is {session['status']}; only an open one can be paid.",
            code="checkout_session_not_open",
            executed=True,
        )


def pay(account: Account, session: Json, method_name: str, pay_url: str) -> None:
    """The customer confirms on the page. A decline raises and leaves the session open."""
    ensure_open(session)
    if session["payment_intent"] is None:
        own = intent_for(account, session)
        session["payment_intent"] = own["id"]
        account.owners[own["id"]] = session["id"]
    intent = account.payment_intents[session["payment_intent"]]
    payments.confirm(account, intent, method_name, pay_url)
    complete_if_confirmed(account, session, intent)


def intent_for(account: Account, session: Json) -> Json:
    data = account.session_intents[session["id"]]
    wanted = {
        **data,
        "amount": session["amount_total"],
        "currency": session["currency"],
        "customer": session["customer"],
        "payment_method_types": session["payment_method_types"],
        "receipt_email": data.get("receipt_email") or session["customer_email"],
    }
    return payments.new_intent(account, wanted)


def authenticate(account: Account, session: Json, *, succeeded: bool) -> None:
    ensure_open(session)
    intent = account.payment_intents.get(session["payment_intent"] or "")
    if intent is None:
        raise StripeError("Nothing of this Checkout Session waits for authentication.")
    payments.authenticate(account, intent, succeeded=succeeded)
    complete_if_confirmed(account, session, intent)


def complete_if_confirmed(account: Account, session: Json, intent: Json) -> None:
    """A held amount leaves the session unpaid: only captured money counts as paid."""
    if intent["status"] not in ("succeeded", "requires_capture", "processing"):
        return
    if session["customer"] is None and session["customer_creation"] == "always":
        customer = new_customer(account, {"email": session["customer_email"]})
        session["customer"] = intent["customer"] = customer["id"]
    session.update(
        status="complete",
        url=None,
        payment_status="paid" if intent["status"] == "succeeded" else "unpaid",
        customer_details=customer_details(session["customer_email"] or "traveler@example.com"),
    )
    account.emit("checkout.session.completed", session)
    settle_in_time(account, intent)


def settle_in_time(account: Account, intent: Json) -> None:
    """Left alone, a delayed method succeeds after some days."""

    def settle_now() -> None:
        if intent["status"] == "processing":
            settle(account, intent, succeeded=True)

    if intent["status"] == "processing":
        account.clock.after(DELAYED_SETTLEMENT_SECONDS, settle_now)


def settle(account: Account, intent: Json, *, succeeded: bool) -> None:
    """Settle a delayed payment, and tell the session that it belongs to."""
    payments.settle(account, intent, succeeded=succeeded)
    session = account.session_of(intent["id"])
    if session is None:
        return
    session["payment_status"] = "paid" if succeeded else "unpaid"
    told = "async_payment_succeeded" if succeeded else "async_payment_failed"
    account.emit(f"checkout.session.{told}", session)


def expire(account: Account, session: Json) -> None:
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}.",
            executed=True,
        )
    session.update(status="expired", url=None)
    note(account, "checkout_session.expired", session)
    account.emit("checkout.session.expired", session)
    intent = account.payment_intents.get(session["payment_intent"] or "")
    if intent is not None and intent["status"] in payments.CONFIRMABLE:
        payments.end(account, intent, "expired")


def lapse(account: Account, session_id: str) -> None:
    session = account.sessions[session_id]
    if session["status"] == "open":
        expire(account, session)


def new_customer(account: Account, asked: Json) -> Json:
    customer: Json = {
        "id": new_id("cus_", 14),
        "object": "customer",
        "address": asked.get("address"),
        "balance": 0,
        "created": account.clock.epoch(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": asked.get("description"),
        "discount": None,
        "email": asked.get("email"),
        "invoice_prefix": secrets.token_hex(4).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": asked.get("metadata", {}),
        "name": asked.get("name"),
        "next_invoice_sequence": 1,
        "phone": asked.get("phone"),
        "preferred_locales": asked.get("preferred_locales", []),
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    account.customers[customer["id"]] = customer
    account.record("customer.created", customer=customer["id"], metadata=customer["metadata"])
    account.emit("customer.created", customer)
    return customer
