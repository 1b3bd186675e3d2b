"""Stripe's named test payment methods, and how a bank answers each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.stripe.account import Account, new_id
from sandbox.stripe.errors import Json, no_such

BankAnswer = Literal["approved", "declined", "authentication_required", "processing"]


@dataclass(frozen=True, kw_only=True)
class TestMethod:
    answer: BankAnswer = "approved"
    decline_code: str = "generic_decline"
    error_code: str = "card_declined"
    last4: str = "4242"
    refund_fails: bool = False
    kind: Literal["card", "us_bank_account"] = "card"


TEST_METHODS = {
    "pm_card_visa": TestMethod(),
    "pm_card_mastercard": TestMethod(last4="4444"),
    "pm_card_chargeDeclined": TestMethod(answer="declined", last4="0002"),
    "pm_card_visa_chargeDeclined": TestMethod(answer="declined", last4="0002"),
    "pm_card_chargeDeclinedInsufficientFunds": TestMethod(
        answer="declined", decline_code="insufficient_funds", last4="9995"
    ),
    "pm_card_visa_chargeDeclinedInsufficientFunds": TestMethod(
        answer="declined", decline_code="insufficient_funds", last4="9995"
    ),
    "pm_card_chargeDeclinedExpiredCard": TestMethod(
        answer="declined", decline_code="expired_card", error_code="expired_card", last4="0069"
    ),
    "pm_card_authenticationRequired": TestMethod(answer="authentication_required", last4="3184"),
    "pm_card_refundFail": TestMethod(refund_fails=True, last4="5126"),
    "pm_usBankAccount": TestMethod(answer="processing", kind="us_bank_account", last4="6789"),
}
DECLINE_MESSAGES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
}
CARD_EXPIRES_YEAR = 2034


def attach_test_method(account: Account, name: str, customer: str | None) -> Json:
    """Every use of a test name makes a new payment method, as at Stripe."""
    if name in account.payment_methods:
        return account.payment_methods[name]
    if name not in TEST_METHODS:
        raise no_such("PaymentMethod", name, "payment_method")
    test = TEST_METHODS[name]
    method: Json = {
        "id": new_id("pm_"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": empty_billing_details(),
        "created": account.clock.epoch(),
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "type": test.kind,
    }
    if test.kind == "card":
        method["card"] = {
            "brand": "mastercard" if test.last4 == "4444" else "visa",
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "exp_month": 12,
            "exp_year": CARD_EXPIRES_YEAR,
            "fingerprint": f"sandbox{test.last4}",
            "funding": "credit",
            "last4": test.last4,
        }
    else:
        method["us_bank_account"] = {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "SANDBOX BANK",
            "financial_connections_account": None,
            "fingerprint": f"sandbox{test.last4}",
            "last4": test.last4,
            "networks": None,
            "routing_number": "110000000",
            "status_details": None,
        }
    account.payment_methods[method["id"]] = method
    account.test_methods[method["id"]] = name
    return method


def test_method(account: Account, method_id: str) -> TestMethod:
    return TEST_METHODS[account.test_methods[method_id]]


def empty_billing_details() -> Json:
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {"address": address, "email": None, "name": None, "phone": None, "tax_id": None}
