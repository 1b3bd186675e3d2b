"""PaymentIntents, charges and refunds as Stripe's API offers them."""

from __future__ import annotations

from sandbox.stripe import checkout, payments
from sandbox.stripe.account import Keep, found, page
from sandbox.stripe.amounts import check_amount, checked_currency
from sandbox.stripe.api_customers import merge
from sandbox.stripe.errors import Json, StripeError, missing_parameter, wrong_state
from sandbox.stripe.exchange import ApiRoute, Exchange
from sandbox.stripe.parameters import (
    Shape,
    cosmetic,
    created_filter,
    flag,
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
from sandbox.stripe.refunds import new_refund

DESCRIPTION_CHARS_MAX = 1_000
STATEMENT_SUFFIX_CHARS_MAX = 22

intent_shape: Shape = {
    "amount": integer(1),
    "currency": text(3),
    "customer": text(),
    "description": text(DESCRIPTION_CHARS_MAX),
    "metadata": metadata,
    "payment_method": text(),
    "payment_method_types": texts,
    "receipt_email": text(),
    "setup_future_usage": one_of("off_session", "on_session"),
    "statement_descriptor": text(STATEMENT_SUFFIX_CHARS_MAX),
    "statement_descriptor_suffix": text(STATEMENT_SUFFIX_CHARS_MAX),
    "capture_method": one_of("automatic", "automatic_async", "manual"),
    **names(cosmetic, "shipping", "payment_method_options", "excluded_payment_method_types"),
    **names(
        unsimulated,
        "amount_details",
        "application_fee_amount",
        "customer_account",
        "hooks",
        "payment_details",
        "payment_method_configuration",
        "payment_method_data",
        "transfer_data",
        "transfer_group",
    ),
}
create_shape: Shape = {
    **intent_shape,
    "amount": required(integer(1)),
    "currency": required(text(3)),
    "automatic_payment_methods": group(
        {"enabled": required(flag), "allow_redirects": one_of("always", "never")}
    ),
    "confirm": flag,
    "return_url": url,
    "confirmation_method": one_of("automatic"),
    **names(cosmetic, "off_session", "use_stripe_sdk", "radar_options"),
    **names(
        unsimulated,
        "confirmation_token",
        "error_on_requires_action",
        "mandate",
        "mandate_data",
        "on_behalf_of",
    ),
}
confirm_shape: Shape = {
    "payment_method": text(),
    "return_url": url,
    "receipt_email": text(),
    **names(
        cosmetic,
        "off_session",
        "use_stripe_sdk",
        "client_secret",
        "payment_method_types",
        "payment_method_options",
        "shipping",
        "setup_future_usage",
        "radar_options",
    ),
    **names(
        unsimulated,
        "amount_details",
        "amount_to_confirm",
        "capture_method",
        "confirmation_token",
        "error_on_requires_action",
        "excluded_payment_method_types",
        "hooks",
        "mandate",
        "mandate_data",
        "payment_details",
        "payment_method_data",
    ),
}
capture_shape: Shape = {
    "amount_to_capture": integer(1),
    "final_capture": flag,
    "metadata": metadata,
    **names(cosmetic, "statement_descriptor", "statement_descriptor_suffix"),
    **names(
        unsimulated,
        "amount_details",
        "application_fee_amount",
        "hooks",
        "payment_details",
        "transfer_data",
    ),
}
refund_shape: Shape = {
    "payment_intent": text(),
    "charge": text(),
    "amount": integer(1),
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
    "metadata": metadata,
    "instructions_email": cosmetic,
    **names(
        unsimulated,
        "currency",
        "customer",
        "origin",
        "refund_application_fee",
        "reverse_transfer",
    ),
}


def intent_of(exchange: Exchange) -> Json:
    store = exchange.account.payment_intents
    return found(store, exchange.named("intent"), "payment_intent", "intent")


def create(exchange: Exchange) -> Json:
    asked = dict(exchange.asked)
    asked["currency"] = checked_currency(asked["currency"], "currency")
    check_amount(asked["amount"], asked["currency"], "amount")
    if asked.get("customer"):
        found(exchange.account.customers, asked["customer"], "customer", "customer")
    intent = payments.new_intent(exchange.account, asked)
    method = asked.get("payment_method")
    if asked.get("confirm"):
        confirm_with(exchange, intent, method)
    elif method:
        intent.update(status="requires_confirmation", payment_method=method)
    return intent


def confirm_with(exchange: Exchange, intent: Json, method: str | None) -> None:
    pay_url = f"{exchange.public_url}/authenticate/{intent['id']}"
    payments.confirm(exchange.account, intent, method, pay_url)
    checkout.settle_in_time(exchange.account, intent)


def confirm(exchange: Exchange) -> Json:
    intent = intent_of(exchange)
    confirm_with(exchange, intent, exchange.asked.get("payment_method"))
    return intent


def update(exchange: Exchange) -> Json:
    intent = intent_of(exchange)
    changes = dict(exchange.asked)
    free = {"metadata", "description", "receipt_email", "expand"}
    if intent["status"] not in payments.CONFIRMABLE and set(changes) - free:
        raise wrong_state(intent, "update", f"updated: {', '.join(payments.CONFIRMABLE)}")
    if "currency" in changes:
        changes["currency"] = checked_currency(changes["currency"], "currency")
    if "amount" in changes:
        currency: str = changes.get("currency") or intent["currency"]
        check_amount(changes["amount"], currency, "amount")
    merge(intent, changes)
    if changes.get("payment_method"):
        intent["status"] = "requires_confirmation"
    return intent


def capture(exchange: Exchange) -> Json:
    intent = intent_of(exchange)
    payments.capture(exchange.account, intent, exchange.asked.get("amount_to_capture"))
    if "metadata" in exchange.asked:
        merge(intent, {"metadata": exchange.asked["metadata"]})
    return intent


def cancel(exchange: Exchange) -> Json:
    intent = intent_of(exchange)
    payments.cancel(exchange.account, intent, exchange.asked.get("cancellation_reason"))
    return intent


def list_intents(exchange: Exchange) -> Json:
    customer = exchange.asked.get("customer")
    return page(
        exchange.account.payment_intents.values(),
        "/v1/payment_intents",
        exchange.asked,
        lambda intent: customer is None or intent["customer"] == customer,
    )


def read_charge(exchange: Exchange) -> Json:
    return found(exchange.account.charges, exchange.named("charge"), "charge", "id")


def refunded_charge(exchange: Exchange) -> Json:
    account, asked = exchange.account, exchange.asked
    if asked.get("charge"):
        return found(account.charges, asked["charge"], "charge", "charge")
    if not asked.get("payment_intent"):
        raise missing_parameter("payment_intent")
    intent = found(
        account.payment_intents, asked["payment_intent"], "payment_intent", "payment_intent"
    )
    charge = account.charges.get(intent["latest_charge"] or "")
    if charge is None or charge["status"] != "succeeded":
        raise StripeError(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            executed=True,
        )
    return charge


def create_refund(exchange: Exchange) -> Json:
    charge = refunded_charge(exchange)
    pending = exchange.faults.take(exchange.request, "refund_pending") is not None
    return new_refund(exchange.account, charge, exchange.asked, pending=pending)


def read_refund(exchange: Exchange) -> Json:
    return found(exchange.account.refunds, exchange.named("refund"), "refund", "refund")


def of_payment(exchange: Exchange) -> Keep:
    """What belongs to the payment or charge that was asked about, or everything."""
    wanted = {
        name: exchange.asked[name]
        for name in ("payment_intent", "charge")
        if exchange.asked.get(name)
    }
    return lambda subject: all(subject[name] == value for name, value in wanted.items())


def list_refunds(exchange: Exchange) -> Json:
    return page(
        exchange.account.refunds.values(), "/v1/refunds", exchange.asked, of_payment(exchange)
    )


def read_dispute(exchange: Exchange) -> Json:
    return found(exchange.account.disputes, exchange.named("dispute"), "dispute", "dispute")


def list_disputes(exchange: Exchange) -> Json:
    return page(
        exchange.account.disputes.values(), "/v1/disputes", exchange.asked, of_payment(exchange)
    )


routes = [
    ApiRoute("POST", "/v1/payment_intents", create_shape, create),
    ApiRoute(
        "GET",
        "/v1/payment_intents",
        {**paging, "created": created_filter, "customer": text()},
        list_intents,
    ),
    ApiRoute("GET", "/v1/payment_intents/{intent}", {"client_secret": text()}, intent_of),
    ApiRoute("POST", "/v1/payment_intents/{intent}", intent_shape, update),
    ApiRoute("POST", "/v1/payment_intents/{intent}/confirm", confirm_shape, confirm),
    ApiRoute("POST", "/v1/payment_intents/{intent}/capture", capture_shape, capture),
    ApiRoute(
        "POST",
        "/v1/payment_intents/{intent}/cancel",
        {
            "cancellation_reason": one_of(
                "abandoned", "duplicate", "fraudulent", "requested_by_customer"
            )
        },
        cancel,
    ),
    ApiRoute("GET", "/v1/charges/{charge}", {}, read_charge),
    ApiRoute("POST", "/v1/refunds", refund_shape, create_refund),
    ApiRoute(
        "GET",
        "/v1/refunds",
        {**paging, "created": created_filter, **names(text(), "payment_intent", "charge")},
        list_refunds,
    ),
    ApiRoute("GET", "/v1/refunds/{refund}", {}, read_refund),
    ApiRoute(
        "GET",
        "/v1/disputes",
        {**paging, "created": created_filter, **names(text(), "payment_intent", "charge")},
        list_disputes,
    ),
    ApiRoute("GET", "/v1/disputes/{dispute}", {}, read_dispute),
]
