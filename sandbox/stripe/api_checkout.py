"""Checkout Sessions as Stripe's API offers them."""

from __future__ import annotations

from sandbox.stripe import checkout
from sandbox.stripe.account import Account, found, listing, new_id, page
from sandbox.stripe.amounts import check_amount, checked_currency
from sandbox.stripe.api_payments import DESCRIPTION_CHARS_MAX, STATEMENT_SUFFIX_CHARS_MAX
from sandbox.stripe.errors import Json, StripeError, missing_parameter, not_simulated
from sandbox.stripe.exchange import ApiRoute, Exchange
from sandbox.stripe.parameters import (
    Shape,
    cosmetic,
    created_filter,
    each,
    group,
    integer,
    metadata,
    names,
    one_of,
    paging,
    required,
    text,
    texts,
    unsimulated,
    url,
)

LINE_ITEMS_MAX = 100
OPEN_SECONDS_LEAST = 30 * 60
OPEN_SECONDS_MOST = 24 * 3600
REFERENCE_CHARS_MAX = 200
LIST_ITEMS_DEFAULT = 10

price_shape: Shape = {
    "currency": required(text(3)),
    "unit_amount": required(integer(0)),
    "product_data": group(
        {
            "name": required(text()),
            "description": text(40_000),
            "metadata": metadata,
            **names(cosmetic, "images", "tax_code", "unit_label"),
        }
    ),
    "tax_behavior": one_of("exclusive", "inclusive", "unspecified"),
    **names(unsimulated, "product", "recurring", "unit_amount_decimal"),
}
line_shape: Shape = {
    "quantity": integer(1),
    "price_data": group(price_shape),
    "metadata": metadata,
    **names(unsimulated, "price", "adjustable_quantity", "tax_rates", "dynamic_tax_rates"),
}
intent_data_shape: Shape = {
    "capture_method": one_of("automatic", "automatic_async", "manual"),
    "description": text(DESCRIPTION_CHARS_MAX),
    "metadata": metadata,
    "receipt_email": text(),
    "setup_future_usage": one_of("off_session", "on_session"),
    "statement_descriptor": text(STATEMENT_SUFFIX_CHARS_MAX),
    "statement_descriptor_suffix": text(STATEMENT_SUFFIX_CHARS_MAX),
    "shipping": cosmetic,
    **names(
        unsimulated, "application_fee_amount", "on_behalf_of", "transfer_data", "transfer_group"
    ),
}
create_shape: Shape = {
    "mode": one_of("payment", "setup", "subscription"),
    "line_items": each(line_shape, LINE_ITEMS_MAX),
    "success_url": url,
    "cancel_url": url,
    "return_url": url,
    "expires_at": integer(),
    "client_reference_id": text(REFERENCE_CHARS_MAX),
    "customer": text(),
    "customer_email": text(800),
    "customer_creation": one_of("always", "if_required"),
    "metadata": metadata,
    "payment_intent_data": group(intent_data_shape),
    "payment_method_types": texts,
    "ui_mode": one_of("hosted_page", "embedded_page", "elements", "form"),
    "currency": text(3),
    "locale": text(),
    "submit_type": one_of("auto", "book", "donate", "pay", "subscribe"),
    **names(
        cosmetic,
        "adaptive_pricing",
        "after_expiration",
        "billing_address_collection",
        "branding_settings",
        "consent_collection",
        "custom_fields",
        "custom_text",
        "customer_update",
        "excluded_payment_method_types",
        "integration_identifier",
        "name_collection",
        "origin_context",
        "payment_method_collection",
        "payment_method_configuration",
        "payment_method_options",
        "permissions",
        "phone_number_collection",
        "redirect_on_completion",
        "saved_payment_method_options",
        "wallet_options",
    ),
    **names(
        unsimulated,
        "allow_promotion_codes",
        "automatic_tax",
        "customer_account",
        "discounts",
        "invoice_creation",
        "managed_payments",
        "optional_items",
        "payment_method_data",
        "setup_intent_data",
        "shipping_address_collection",
        "shipping_options",
        "subscription_data",
        "tax_id_collection",
    ),
}


def session_of(exchange: Exchange) -> Json:
    store = exchange.account.sessions
    return found(store, exchange.named("session"), "checkout.session", "session")


def create(exchange: Exchange) -> Json:
    asked = dict(exchange.asked)
    if asked.get("mode", "payment") != "payment":
        raise not_simulated(f"mode={asked['mode']}")
    check_urls(asked)
    check_customer(exchange.account, asked)
    items = priced_lines(exchange.account, asked)
    total = sum(item["amount_total"] for item in items)
    check_amount(total, items[0]["currency"], "line_items")
    asked["expires_at"] = checked_expiry(asked.get("expires_at"), exchange.account.clock.epoch())
    return checkout.new_session(exchange.account, asked, items, exchange.public_url)


def check_urls(asked: Json) -> None:
    hosted = asked.get("ui_mode", "hosted_page") == "hosted_page"
    if hosted and not asked.get("success_url"):
        raise missing_parameter("success_url")
    if not hosted:
        for name in ("success_url", "cancel_url"):
            if asked.get(name):
                raise StripeError(
                    f"{name} is not allowed with ui_mode {asked['ui_mode']}.", param=name
                )


def check_customer(account: Account, asked: Json) -> None:
    if asked.get("customer") and asked.get("customer_email"):
        raise StripeError(
            "You may only specify one of these parameters: customer, customer_email.",
            param="customer_email",
        )
    if asked.get("customer"):
        found(account.customers, asked["customer"], "customer", "customer")


def checked_expiry(wanted: int | None, now: int) -> int:
    if wanted is None:
        return now + OPEN_SECONDS_MOST
    if wanted < now + OPEN_SECONDS_LEAST:
        raise StripeError(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
            param="expires_at",
        )
    if wanted > now + OPEN_SECONDS_MOST:
        raise StripeError(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return wanted


def priced_lines(account: Account, asked: Json) -> list[Json]:
    lines = asked.get("line_items")
    if not lines:
        raise missing_parameter("line_items")
    items: list[Json] = []
    for index, line in enumerate(lines):
        name = f"line_items[{index}]"
        price = line.get("price_data")
        if price is None:
            raise missing_parameter(f"{name}[price_data]")
        if "product_data" not in price:
            raise missing_parameter(f"{name}[price_data][product_data]")
        if "quantity" not in line:
            raise missing_parameter(f"{name}[quantity]")
        currency = checked_currency(price["currency"], f"{name}[price_data][currency]")
        if items and currency != items[0]["currency"]:
            raise StripeError(
                "All line items must have the same currency.",
                param=f"{name}[price_data][currency]",
            )
        items.append(line_item(account, line, price, currency))
    return items


def line_item(account: Account, line: Json, price: Json, currency: str) -> Json:
    total = price["unit_amount"] * line["quantity"]
    return {
        "id": new_id("li_"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": price["product_data"]["name"],
        "metadata": line.get("metadata", {}),
        "price": {
            "id": new_id("price_"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": account.clock.epoch(),
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": new_id("prod_", 14),
            "recurring": None,
            "tax_behavior": price.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": line["quantity"],
    }


def list_sessions(exchange: Exchange) -> Json:
    wanted = {
        name: exchange.asked[name]
        for name in ("status", "payment_intent", "customer")
        if exchange.asked.get(name)
    }
    return page(
        exchange.account.sessions.values(),
        "/v1/checkout/sessions",
        exchange.asked,
        lambda session: all(session[name] == value for name, value in wanted.items()),
    )


def list_line_items(exchange: Exchange) -> Json:
    session = session_of(exchange)
    items = exchange.account.line_items[session["id"]]
    limit = exchange.asked.get("limit", LIST_ITEMS_DEFAULT)
    ids = [item["id"] for item in items]
    after = exchange.asked.get("starting_after")
    start = ids.index(after) + 1 if after in ids else 0
    return listing(
        items[start : start + limit],
        f"/v1/checkout/sessions/{session['id']}/line_items",
        has_more=start + limit < len(items),
    )


def expire(exchange: Exchange) -> Json:
    session = session_of(exchange)
    checkout.expire(exchange.account, session)
    return session


routes = [
    ApiRoute("POST", "/v1/checkout/sessions", create_shape, create),
    ApiRoute(
        "GET",
        "/v1/checkout/sessions",
        {
            **paging,
            "created": created_filter,
            "status": one_of("complete", "expired", "open"),
            **names(text(), "payment_intent", "customer"),
        },
        list_sessions,
    ),
    ApiRoute("GET", "/v1/checkout/sessions/{session}", {}, session_of),
    ApiRoute("POST", "/v1/checkout/sessions/{session}/expire", {}, expire),
    ApiRoute("GET", "/v1/checkout/sessions/{session}/line_items", paging, list_line_items),
]
