"""The judge of every exchange judges: what departs from the contract is found, and found once."""

from __future__ import annotations

import json
from typing import Any

from sandbox.witnesses import Seen, witnesses
from tests.published.duffel_shapes import RUBY, published
from tests.published.exchanges import Judge
from tests.published.stripe_spec import needs_stripe_spec, require_stripe_spec

pytestmark = needs_stripe_spec


SESSIONS = "/v1/checkout/sessions"


def session(sent: bytes = b"mode=payment", **changes: Any) -> Seen:
    """A checkout session as Stripe's own example has it, but for the changes."""
    made = {**require_stripe_spec().examples["checkout.session"], **changes}
    answer = json.dumps(made).encode()
    return Seen(provider="stripe", method="POST", path=SESSIONS, sent=sent, answer=answer)


def test_what_keeps_the_contract_has_no_problems() -> None:
    judge = Judge()
    judge.see(session())
    assert [] == judge.problems()
    assert 1 == len(judge.known)


def test_an_answer_that_departs_from_the_spec_is_found_once() -> None:
    judge = Judge()
    judge.see(session(colour="red"))
    judge.see(session(colour="blue"))
    assert [f"POST {SESSIONS} 200: checkout.session has no 'colour'"] == judge.problems()
    assert [] == judge.problems()


def test_a_request_that_departs_from_the_spec_is_found() -> None:
    judge = Judge()
    judge.see(session(sent=b"mdoe=payment"))
    [problem] = judge.problems()
    assert "mdoe" in problem


def test_an_event_is_judged_with_its_object() -> None:
    judge = Judge()
    event = {**require_stripe_spec().examples["event"]}
    event["data"] = {"object": {**require_stripe_spec().examples["refund"], "amount": "5"}}
    judge.see(Seen(provider="stripe", answer=json.dumps(event).encode()))
    assert any("amount" in problem for problem in judge.problems())


def test_an_order_without_what_duffel_publishes_is_found() -> None:
    judge = Judge()
    order = published(RUBY, "orders/show.json")
    good = Seen(
        provider="duffel", method="POST", path="/air/orders", answer=json.dumps(order).encode()
    )
    judge.see(good)
    assert [] == judge.problems()
    del order["data"]["booking_reference"]
    judge.see(
        Seen(provider="duffel", method="POST", path=good.path, answer=json.dumps(order).encode())
    )
    assert ["POST /air/orders 200: $.booking_reference: missing"] == judge.problems()


def test_a_judge_watches_this_very_session() -> None:
    assert any(isinstance(getattr(each, "__self__", None), Judge) for each in witnesses)
