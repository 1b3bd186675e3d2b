"""What each answer of Stripe's means in our terms, value for value; nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from adapters.payments.stripe_wire import (
    capture_before,
    check_lines,
    dispute_snapshot,
    from_stripe,
    given_back,
    instant,
    meaning,
    newest_failure,
    payment_snapshot,
    refund_snapshot,
    sighting,
    to_stripe,
    told,
    understood,
)
from domain.money import Money
from domain.payments import (
    DisputeSnapshot,
    PaymentOutcomeUnknown,
    PaymentProviderBusy,
    PaymentRefused,
    PaymentSighting,
    PaymentSnapshot,
    RefundSnapshot,
)
from tests.adapters.stripe_checkouts import eur, order_of

CREATED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EPOCH = int(CREATED.timestamp())
REFERENCES = {"trip_id": "trip-1"}


def intent(**values: Any) -> stripe.PaymentIntent:
    whole = {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "requires_capture",
        "amount": 84_230,
        "amount_received": 70_000,
        "currency": "eur",
        "created": EPOCH,
        "metadata": REFERENCES,
        "latest_charge": None,
        "last_payment_error": None,
    }
    return stripe.PaymentIntent.construct_from({**whole, **values}, "key")


def charged(details: dict[str, Any] | None) -> stripe.PaymentIntent:
    charge = {"id": "ch_1", "object": "charge", "created": EPOCH + 60}
    return intent(latest_charge={**charge, "payment_method_details": details})


def failed(of: dict[str, Any] | None = None, **error: Any) -> stripe.PaymentIntent:
    return intent(**of or {}, last_payment_error={"type": "card_error", **error})


def refund(**values: Any) -> stripe.Refund:
    whole = {
        "id": "re_1",
        "object": "refund",
        "status": "succeeded",
        "amount": 500,
        "currency": "eur",
        "metadata": REFERENCES,
    }
    return stripe.Refund.construct_from({**whole, **values}, "key")


def dispute(due_by: int | None) -> stripe.Dispute:
    whole = {
        "id": "dp_1",
        "object": "dispute",
        "status": "needs_response",
        "amount": 900,
        "currency": "isk",
        "reason": "fraudulent",
        "evidence_details": {"due_by": due_by},
    }
    return stripe.Dispute.construct_from(whole, "key")


def error(status: int | None, body: object, text: str) -> stripe.StripeError:
    return stripe.StripeError(text, http_status=status, json_body=body)


def worded(status: int | None, **said: str) -> stripe.StripeError:
    return error(status, {"error": said}, "in the SDK's words")


DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "lost_card",
    "message": "Your card was declined.",
}
REUSED = {"type": "idempotency_error", "message": "Other values."}
MEANINGS: list[tuple[stripe.StripeError, Exception]] = [
    (error(None, None, "x"), PaymentOutcomeUnknown("No answer from Stripe: x")),
    (error(500, {"error": DECLINED}, "x"), PaymentOutcomeUnknown("HTTP 500 from Stripe: x")),
    (error(399, {"error": DECLINED}, "x"), PaymentOutcomeUnknown("HTTP 399 from Stripe: x")),
    (error(400, {"error": "no"}, "x"), PaymentOutcomeUnknown("HTTP 400 from Stripe: x")),
    (error(400, {"fault": DECLINED}, "x"), PaymentOutcomeUnknown("HTTP 400 from Stripe: x")),
    (error(400, ["error"], "x"), PaymentOutcomeUnknown("HTTP 400 from Stripe: x")),
    (worded(400, **DECLINED), PaymentRefused("lost_card", "Your card was declined.")),
    (worded(499, code="gone", type="t"), PaymentRefused("gone", "in the SDK's words")),
    (worded(402, type="card_error"), PaymentRefused("card_error", "in the SDK's words")),
    (worded(404), PaymentRefused("refused", "in the SDK's words")),
    (worded(410, **REUSED), PaymentOutcomeUnknown("idempotency_error: Other values.")),
    (worded(409, **REUSED), PaymentProviderBusy("idempotency_error: Other values.")),
    (worded(401, code="a"), PaymentProviderBusy("a: in the SDK's words")),
    (worded(403, code="a"), PaymentProviderBusy("a: in the SDK's words")),
    (worded(429, code="a"), PaymentProviderBusy("a: in the SDK's words")),
]


@pytest.mark.parametrize("given", MEANINGS)
def test_only_an_error_in_stripes_own_words_is_a_definite_no(
    given: tuple[stripe.StripeError, Exception],
) -> None:
    said, meant = given
    read = meaning(said)

    assert (type(read), read.args, vars(read)) == (type(meant), meant.args, vars(meant))


async def test_an_error_on_the_way_is_told_by_its_meaning() -> None:
    async def refusing() -> None:
        raise worded(400, **DECLINED)

    with pytest.raises(PaymentRefused) as refused:
        await told(refusing())
    assert (refused.value.code, refused.value.detail) == ("lost_card", "Your card was declined.")


async def test_a_question_is_asked_as_it_was_put_and_nonsense_is_no_answer_to_it() -> None:
    @understood
    async def asked(first: str, *, second: str) -> dict[str, str]:
        return {first: second}

    @understood
    async def nonsense() -> Money:
        return Money("12", "EUR")  # type: ignore[arg-type]

    assert {"a": "b"} == await asked("a", second="b")
    with pytest.raises(PaymentOutcomeUnknown):
        await nonsense()


CHARGEABLE = [
    (Money(5, "ISK"), 500),
    (Money(12_300, "MGA"), 123),
    (Money(5_120, "BHD"), 5_120),
    (Money(5_120, "JOD"), 5_120),
    (Money(5_120, "KWD"), 5_120),
    (Money(5_120, "OMR"), 5_120),
    (Money(5_120, "TND"), 5_120),
    (Money(84_231, "EUR"), 84_231),
]


@pytest.mark.parametrize(("money", "counted"), CHARGEABLE)
def test_stripe_counts_in_its_own_units_there_and_back(money: Money, counted: int) -> None:
    sent = to_stripe(money)
    read = from_stripe(counted, money.currency.lower())

    assert (sent, type(sent)) == (counted, int)
    assert (read, type(read.amount)) == (money, int)


@pytest.mark.parametrize(
    "money",
    [Money(12_345, "MGA"), Money(500, "UGX")]
    + [Money(5_121, code) for code in ("BHD", "JOD", "KWD", "OMR", "TND")],
)
def test_what_stripe_cannot_count_it_cannot_charge(money: Money) -> None:
    with pytest.raises(PaymentRefused) as refused:
        to_stripe(money)
    assert refused.value.code == "amount_not_chargeable"


@pytest.mark.parametrize("asked", [84_229, 84_231])
def test_what_the_lines_do_not_add_up_to_is_not_asked_for(asked: int) -> None:
    order = order_of(CREATED)
    check_lines(order)

    with pytest.raises(PaymentRefused) as refused:
        check_lines(replace(order, amount=eur(asked)))
    assert refused.value.code == "total_mismatch"


def test_a_time_of_stripes_is_utc() -> None:
    assert instant(EPOCH) == CREATED


def test_an_authorization_holds_as_long_as_the_card_says_or_a_week_from_its_charge() -> None:
    week = timedelta(days=7)
    minute = timedelta(minutes=1)

    assert [
        capture_before(charged({"card": {"capture_before": EPOCH + 3_600}})),
        capture_before(charged({"card": {"brand": "visa"}})),
        capture_before(charged({"type": "klarna"})),
        capture_before(charged(None)),
        capture_before(intent(latest_charge="ch_1")),
    ] == [
        CREATED + timedelta(hours=1),
        CREATED + minute + week,
        CREATED + minute + week,
        CREATED + minute + week,
        CREATED + week,
    ]


def test_a_failed_attempt_is_named_by_its_charge_its_card_or_its_payment() -> None:
    method = {"id": "pm_1", "object": "payment_method"}

    assert [
        newest_failure(intent()),
        newest_failure(failed(charge="ch_1", payment_method=method, decline_code="lost", code="c")),
        newest_failure(failed(payment_method=method, code="c")),
        newest_failure(failed(payment_method={"object": "payment_method"})),
        newest_failure(failed()),
    ] == [
        (None, None),
        ("ch_1:lost", "lost"),
        ("pm_1:c", "c"),
        ("pi_1:declined", "declined"),
        ("pi_1:declined", "declined"),
    ]


def test_a_payment_is_read_whole_and_only_an_authorization_lapses() -> None:
    held = PaymentSnapshot(
        payment_id="pi_1",
        status="authorized",
        amount=eur(84_230),
        captured=eur(70_000),
        refunded=eur(500),
        capture_before=CREATED + timedelta(days=7),
        references=REFERENCES,
    )
    declined = failed(
        {"status": "requires_payment_method", "metadata": None}, charge="ch_1", code="c"
    )

    assert held == payment_snapshot(intent(), [refund()])
    assert payment_snapshot(declined, []) == replace(
        held,
        status="unpaid",
        refunded=eur(0),
        capture_before=None,
        failure_id="ch_1:c",
        failure_code="c",
        references={},
    )


def test_a_payment_in_stripes_list_is_sighted_whole() -> None:
    seen = PaymentSighting(
        payment_id="pi_1",
        status="authorized",
        amount=Money(84_230, "EUR"),
        captured=Money(70_000, "EUR"),
        created_at=CREATED,
        references=REFERENCES,
    )

    assert sighting(intent()) == seen
    assert sighting(intent(metadata=None)).references == {}


def test_a_refund_is_read_whole_and_is_pending_while_stripe_does_not_say() -> None:
    back = Money(500, "EUR")

    assert [
        refund_snapshot(refund()),
        refund_snapshot(refund(status="failed", failure_reason="lost_or_stolen_card")),
        refund_snapshot(refund(status=None, metadata=None)),
    ] == [
        RefundSnapshot(
            provider_refund_id="re_1", status="succeeded", amount=back, references=REFERENCES
        ),
        RefundSnapshot(
            provider_refund_id="re_1",
            status="failed",
            amount=back,
            failure_reason="lost_or_stolen_card",
            references=REFERENCES,
        ),
        RefundSnapshot(provider_refund_id="re_1", status="pending", amount=back),
    ]


def test_what_goes_back_is_what_has_not_failed() -> None:
    made = [refund(), refund(status="failed"), refund(status=None, amount=20)]

    assert given_back(made, "eur") == Money(520, "EUR")


@pytest.mark.parametrize(("due_by", "answer_until"), [(EPOCH, CREATED), (None, None)])
def test_a_dispute_is_read_whole(due_by: int | None, answer_until: datetime | None) -> None:
    assert dispute_snapshot(dispute(due_by)) == DisputeSnapshot(
        dispute_id="dp_1",
        status="open",
        amount=Money(9, "ISK"),
        reason="fraudulent",
        respond_by=answer_until,
    )
