"""Customers and what a payment sheet needs of them: ephemeral keys, customer sessions."""

from __future__ import annotations

import secrets

from sandbox.stripe.account import found, new_id, page
from sandbox.stripe.checkout import new_customer
from sandbox.stripe.errors import Json, StripeError, missing_parameter
from sandbox.stripe.exchange import ApiRoute, Exchange
from sandbox.stripe.parameters import (
    Shape,
    cosmetic,
    created_filter,
    metadata,
    names,
    paging,
    required,
    text,
    unsimulated,
)

EPHEMERAL_KEY_SECONDS = 3_600
CUSTOMER_SESSION_SECONDS = 1_800
CUSTOMER_SESSION_COMPONENTS = (
    "buy_button",
    "customer_sheet",
    "mobile_payment_element",
    "payment_element",
    "pricing_table",
)

customer_shape: Shape = {
    **names(text(), "email", "name", "phone", "description"),
    **names(cosmetic, "address", "preferred_locales", "business_name", "individual_name"),
    **names(
        unsimulated,
        "balance",
        "cash_balance",
        "payment_method",
        "source",
        "tax",
        "tax_exempt",
        "tax_id_data",
        "test_clock",
        "shipping",
        "invoice_prefix",
        "invoice_settings",
        "next_invoice_sequence",
    ),
    "metadata": metadata,
}


def create(exchange: Exchange) -> Json:
    return new_customer(exchange.account, exchange.asked)


def read(exchange: Exchange) -> Json:
    return found(exchange.account.customers, exchange.named("customer"), "customer", "id")


def update(exchange: Exchange) -> Json:
    customer = read(exchange)
    merge(customer, exchange.asked)
    exchange.account.emit("customer.updated", customer)
    return customer


def merge(subject: Json, asked: Json) -> None:
    """Metadata is merged key by key, an empty value deletes; all else is replaced."""
    changes = {name: value for name, value in asked.items() if name != "expand"}
    merged = {**subject["metadata"], **changes.pop("metadata", {})}
    subject.update(changes)
    subject["metadata"] = {name: value for name, value in merged.items() if value != ""}


def list_customers(exchange: Exchange) -> Json:
    email = exchange.asked.get("email")
    return page(
        exchange.account.customers.values(),
        "/v1/customers",
        exchange.asked,
        lambda customer: email is None or customer["email"] == email,
    )


def create_ephemeral_key(exchange: Exchange) -> Json:
    if "Stripe-Version" not in exchange.request.headers:
        raise StripeError(
            "You must provide the Stripe-Version that the mobile SDK speaks to make an "
            "ephemeral key."
        )
    customer_id = exchange.asked["customer"]
    found(exchange.account.customers, customer_id, "customer", "customer")
    now = exchange.account.clock.epoch()
    return {
        "id": new_id("ephkey_"),
        "object": "ephemeral_key",
        "created": now,
        "expires": now + EPHEMERAL_KEY_SECONDS,
        "livemode": False,
        "secret": f"ek_test_{secrets.token_urlsafe(48)}",
    }


def create_customer_session(exchange: Exchange) -> Json:
    wanted = exchange.asked["components"]
    if not isinstance(wanted, dict) or not wanted:
        raise missing_parameter("components")
    customer_id = exchange.asked["customer"]
    found(exchange.account.customers, customer_id, "customer", "customer")
    now = exchange.account.clock.epoch()
    return {
        "object": "customer_session",
        "client_secret": f"cuss_secret_{secrets.token_urlsafe(48)}",
        "components": {name: component(name, wanted) for name in CUSTOMER_SESSION_COMPONENTS},
        "created": now,
        "customer": customer_id,
        "customer_account": None,
        "expires_at": now + CUSTOMER_SESSION_SECONDS,
        "livemode": False,
    }


def component(name: str, wanted: Json) -> Json:
    asked = wanted.get(name)
    enabled = isinstance(asked, dict) and asked.get("enabled") == "true"
    if name in ("buy_button", "pricing_table"):
        return {"enabled": enabled}
    return {"enabled": enabled, "features": features(name) if enabled else None}


def features(name: str) -> Json:
    base: Json = {
        "payment_method_allow_redisplay_filters": ["always"],
        "payment_method_remove": "enabled",
    }
    if name == "mobile_payment_element":
        base |= {
            "payment_method_redisplay": "enabled",
            "payment_method_save": "enabled",
            "payment_method_save_allow_redisplay_override": None,
        }
    if name == "payment_element":
        base |= {
            "payment_method_redisplay": "enabled",
            "payment_method_redisplay_limit": 10,
            "payment_method_save": "enabled",
            "payment_method_save_usage": "on_session",
        }
    return base


def read_payment_method(exchange: Exchange) -> Json:
    store = exchange.account.payment_methods
    return found(store, exchange.named("method"), "PaymentMethod", "payment_method")


routes = [
    ApiRoute("POST", "/v1/customers", customer_shape, create),
    ApiRoute(
        "GET",
        "/v1/customers",
        {**paging, "created": created_filter, "email": text()},
        list_customers,
    ),
    ApiRoute("GET", "/v1/customers/{customer}", {}, read),
    ApiRoute("POST", "/v1/customers/{customer}", customer_shape, update),
    ApiRoute(
        "POST",
        "/v1/ephemeral_keys",
        {
            "customer": required(text()),
            **names(unsimulated, "issuing_card", "nonce", "verification_session"),
        },
        create_ephemeral_key,
    ),
    ApiRoute(
        "POST",
        "/v1/customer_sessions",
        {
            "customer": required(text()),
            "components": required(cosmetic),
            "customer_account": unsimulated,
        },
        create_customer_session,
    ),
    ApiRoute("GET", "/v1/payment_methods/{method}", {}, read_payment_method),
]
