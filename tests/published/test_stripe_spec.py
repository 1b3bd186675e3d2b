"""The judge judges: Stripe's own examples are valid, spoiled ones and bad requests are not."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.published.stripe_spec import StripeSpec, needs_stripe_spec, require_stripe_spec

pytestmark = needs_stripe_spec

SESSION = {
    "mode": "payment",
    "success_url": "https://shop.example/done",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "84230",
    "line_items[0][price_data][product_data][name]": "Flight",
    "payment_intent_data[capture_method]": "manual",
    "metadata[trip_id]": "trip-1",
}


@pytest.fixture(scope="module")
def spec() -> StripeSpec:
    return require_stripe_spec()


@pytest.mark.parametrize(
    ("name", "spoiled"),
    [
        ("checkout.session", "expires_at"),
        ("payment_intent", "created"),
        ("refund", "amount"),
        ("ephemeral_key", "expires"),
        ("customer_session", "client_secret"),
        ("customer", "created"),
    ],
)
def test_stripes_example_is_valid_and_a_spoiled_one_is_not(
    spec: StripeSpec, name: str, spoiled: str
) -> None:
    # The one inner object that an example spells out where the schemas at hand have its id.
    example = {**spec.examples[name]}
    example.pop("transfer_data", None)

    assert spec.check(name, example) == []
    assert len(spec.check(name, {**example, spoiled: {"not": "this"}})) == 1
    assert spec.object_problems({**example, "colour": "red"})[:1] == [f"{name} has no 'colour'"]


def judged(spec: StripeSpec, path: str, form: dict[str, str]) -> list[str]:
    return spec.request_problems("POST", path, "", urlencode(form))


def test_a_good_request_has_no_problems(spec: StripeSpec) -> None:
    assert judged(spec, "/v1/checkout/sessions", SESSION) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("ui_mode", "hosted"),
        ("line_items[0][price_data][unit_amount]", "842.30"),
        ("line_items[0][price_data][product_data][nmae]", "Flight"),
        ("client_reference_id", "x" * 201),
        ("payment_intent_data[capture_method]", "later"),
        ("expires_at", "tomorrow"),
    ],
)
def test_a_bad_parameter_is_a_problem(spec: StripeSpec, name: str, value: str) -> None:
    assert len(judged(spec, "/v1/checkout/sessions", {**SESSION, name: value})) >= 1


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/v1/payment_intents", {"amount": "500"}),
        ("/v1/payment_intents/pi_1/cancel", {"cancellation_reason": "bored"}),
        ("/v1/refunds", {"payment_intent": "pi_1", "reason": "bored"}),
        ("/v1/checkout/session", SESSION),
    ],
)
def test_a_bad_request_is_a_problem(spec: StripeSpec, path: str, form: dict[str, str]) -> None:
    assert len(judged(spec, path, form)) >= 1
