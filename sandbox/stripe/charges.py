"""Charges: what a bank was asked for and what came of it."""

from __future__ import annotations

from sandbox.stripe.account import Account, new_id
from sandbox.stripe.errors import Json
from sandbox.stripe.payment_methods import empty_billing_details

AUTHORIZATION_SECONDS = 7 * 24 * 3600


def new_charge(account: Account, intent: Json, method: Json) -> Json:
    """A charge for the whole intent, not yet captured; the caller says how the bank answered."""
    now = account.clock.epoch()
    charge: Json = {
        "id": new_id("ch_"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": empty_billing_details(),
        "calculated_statement_descriptor": "TRAVEL SANDBOX",
        "captured": False,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": outcome("authorized", "approved_by_network"),
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": method_details(account, intent, method),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }
    account.charges[charge["id"]] = charge
    intent["latest_charge"] = charge["id"]
    return charge


def outcome(kind: str, network_status: str) -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network_status,
        "reason": None,
        "risk_level": "normal",
        "risk_score": 7,
        "seller_message": None,
        "type": kind,
    }


def method_details(account: Account, intent: Json, method: Json) -> Json:
    if method["type"] != "card":
        bank = dict(method["us_bank_account"])
        for name in ("financial_connections_account", "networks", "status_details"):
            del bank[name]
        return {
            "type": method["type"],
            method["type"]: {**bank, "payment_reference": None},
        }
    card = method["card"]
    details: Json = {
        "amount_authorized": intent["amount"],
        "authorization_code": "123456",
        "brand": card["brand"],
        "checks": dict(card["checks"]),
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"],
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": "104657891234567",
        "overcapture": {
            "maximum_amount_capturable": intent["amount"],
            "status": "unavailable",
        },
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }
    if intent["capture_method"] == "manual":
        details["capture_before"] = account.clock.epoch() + AUTHORIZATION_SECONDS
    return {"type": "card", "card": details}


def mark_failed(charge: Json, code: str, decline_code: str, message: str) -> None:
    charge.update(
        status="failed",
        paid=False,
        failure_code=code,
        failure_message=message,
        outcome={
            **outcome("issuer_declined", "declined_by_network"),
            "reason": decline_code,
            "seller_message": "The bank did not return any further details with this decline.",
        },
    )


def mark_captured(charge: Json, amount: int) -> None:
    charge.update(
        captured=True,
        amount_captured=amount,
        balance_transaction=new_id("txn_"),
    )
    charge["payment_method_details"].get("card", {}).pop("capture_before", None)


def recount_refunds(account: Account, charge: Json) -> None:
    """A failed refund no longer counts: its money came back."""
    counted = [
        each["amount"]
        for each in account.charge_refunds.get(charge["id"], [])
        if each["status"] not in ("failed", "canceled")
    ]
    charge["amount_refunded"] = sum(counted)
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"] > 0
