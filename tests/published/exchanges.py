"""Everything that passes between us and the sandboxes in any test is judged by what the providers
publish: each distinct shape of an exchange once, when it is first seen."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from functools import cache
from typing import Any

from sandbox.witnesses import Seen
from tests.published.duffel_shapes import JAVASCRIPT, RUBY, differences, published
from tests.published.stripe_spec import stripe_spec

ID = re.compile(r"^[a-z]+(_[a-z]+)*_[A-Za-z0-9]+$")
WORD = re.compile(r"^[a-z][a-z_.]*$")
# Values that stand for a kind of thing; all others are told apart by their type only.
KINDS = {"object", "status", "type", "payment_status", "refund_to", "capture_method", "mode"}
# The spec files at hand leave these out; their objects are judged where they are known.
NOT_IN_THE_SPEC = ("/v1/payment_methods", "/v1/disputes")

ORDERS = (RUBY, "orders/show.json")
CANCELLATIONS = (RUBY, "order_cancellations/show.json")
BOOKING = (JAVASCRIPT, "Stays.mocks.MOCK_BOOKING.json")
QUOTE = (JAVASCRIPT, "Stays.mocks.MOCK_QUOTE.json")
EVENT = "notifications.Webhooks.mockWebhooks.mockWebhooksSingleGetEventResponse.json"
# Which published example an answer of Duffel's must look like.
PUBLISHED = {
    "POST /air/offer_requests": (RUBY, "offer_requests/show.json"),
    "GET /air/offers/*": (RUBY, "offers/show.json"),
    "POST /air/orders": ORDERS,
    "GET /air/orders": ORDERS,
    "GET /air/orders/*": ORDERS,
    "POST /air/order_cancellations": CANCELLATIONS,
    "GET /air/order_cancellations/*": CANCELLATIONS,
    "POST /air/order_cancellations/*/actions/confirm": CANCELLATIONS,
    "POST /air/payments": (RUBY, "payments/show.json"),
    "POST /stays/quotes": QUOTE,
    "GET /stays/quotes/*": QUOTE,
    "POST /stays/bookings": BOOKING,
    "GET /stays/bookings": BOOKING,
    "GET /stays/bookings/*": BOOKING,
    "POST /stays/bookings/*/actions/cancel": BOOKING,
}
PUBLISHED_ERRORS = {
    "airline_error",
    "api_error",
    "authentication_error",
    "invalid_request_error",
    "invalid_state_error",
    "rate_limit_error",
    "validation_error",
}


def shape(value: Any, name: str = "") -> Hashable:
    """The same for whatever differs only in its data."""
    if isinstance(value, dict):
        if name == "metadata":
            return "metadata"
        return tuple((key, shape(value[key], key)) for key in sorted(value))
    if isinstance(value, list):
        return frozenset(shape(each) for each in value)
    if isinstance(value, str) and name in KINDS and WORD.match(value):
        return value
    return type(value).__name__


def route_of(seen: Seen) -> str:
    parts = ("*" if ID.match(part) else part for part in seen.path.split("/"))
    return f"{seen.method} {'/'.join(parts)}"


def asked(text: str) -> Hashable:
    """The names of a form's or a query's fields, whatever their values."""
    return frozenset(part.partition("=")[0] for part in text.split("&"))


class Judge:
    """Sees every exchange; `problems` are what it has found since it was last asked."""

    def __init__(self) -> None:
        self.known: set[Hashable] = set()
        self.found: list[str] = []

    def see(self, seen: Seen) -> None:
        try:
            answer = json.loads(seen.answer) if seen.answer else None
        except ValueError:
            self.found.append(f"{route_of(seen)}: the answer is not JSON")
            return
        form = seen.sent.decode(errors="replace") if seen.provider == "stripe" else ""
        kind = (route_of(seen), seen.status, asked(seen.query), asked(form), shape(answer))
        if kind in self.known or not isinstance(answer, dict):
            return
        self.known.add(kind)
        judge = of_stripe if seen.provider == "stripe" else of_duffel
        self.found += [f"{route_of(seen)} {seen.status}: {it}" for it in judge(seen, answer)]

    def problems(self) -> list[str]:
        found, self.found = self.found, []
        return found


def of_stripe(seen: Seen, answer: dict[str, Any]) -> list[str]:
    """What Stripe accepted must be in its spec, and so must all that it says."""
    spec = stripe_spec()
    assert spec is not None, "there is a judge only where there is a law"
    found = spec.object_problems(answer)
    if seen.method and seen.status == 200 and not seen.path.startswith(NOT_IN_THE_SPEC):
        form = seen.sent.decode()
        found += spec.request_problems(seen.method, seen.path, seen.query, form)
    return found


@cache
def example(folder: str, name: str) -> Any:
    read = published(folder, name)
    return read["data"] if folder == RUBY and "data" in read else read


def of_duffel(seen: Seen, answer: dict[str, Any]) -> list[str]:
    if not seen.method:
        told = {**example(JAVASCRIPT, EVENT)}
        told["data"] = {"object": told["data"]}
        # What an event is about has a shape of its own for each type.
        return differences({**told, "data": {"object": {}}}, answer)
    if seen.status >= 400:
        kind = answer["errors"][0]["type"]
        if kind not in PUBLISHED_ERRORS:
            return []
        # Only what is wrong with a field names its source.
        told = {**example(RUBY, f"{kind}.json")}
        told["errors"] = [{k: v for k, v in told["errors"][0].items() if k != "source"}]
        return differences(told, answer)
    expected = PUBLISHED.get(route_of(seen))
    if expected is None:
        return []
    rows = answer["data"] if isinstance(answer["data"], list) else [answer["data"]]
    # What is only accepted yet has no id.
    made = [row for row in rows if "id" in row]
    return [it for row in made for it in differences(example(*expected), row)]
