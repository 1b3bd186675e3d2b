"""Stripe's webhooks: believed only when freshly signed, and only as a hint to go and look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import stripe

from adapters.answers import NONSENSE, as_declared
from adapters.payments.stripe_wire import instant
from domain.payments import ProviderEvent
from domain.suppliers import WebhookRejected

SIGNATURE_AGE_MAX = timedelta(seconds=300)


def parse_event(
    raw: bytes, signature: str, *, secrets: Sequence[str], live: bool, now: datetime
) -> ProviderEvent:
    """A verified event; raises WebhookRejected."""
    check_signature(raw, signature, secrets, now)
    try:
        event = json.loads(raw)
        if event["object"] != "event":
            raise WebhookRejected("only snapshot events are understood")
        read = as_declared(provider_event(event))
    except NONSENSE as error:
        raise WebhookRejected("the body is not an event of Stripe's") from error
    if not (read.event_id and read.type):
        raise WebhookRejected("the event lacks its id or its type")
    if read.livemode is not live:
        raise WebhookRejected("the event is of the other mode")
    return read


def provider_event(event: dict[str, Any]) -> ProviderEvent:
    subject = event["data"]["object"]
    owner = subject.get("payment_intent")
    payment_id = owner["id"] if isinstance(owner, dict) else owner
    return ProviderEvent(
        event_id=event["id"],
        type=event["type"],
        created_at=instant(event["created"]),
        object_id=subject["id"],
        payment_id=subject["id"] if subject["object"] == "payment_intent" else payment_id,
        references={str(k): str(v) for k, v in (subject.get("metadata") or {}).items()},
        livemode=event.get("livemode", False),
    )


def check_signature(raw: bytes, signature: str, secrets: Sequence[str], now: datetime) -> None:
    """Any of the secrets may have signed, while they are rotated; the time is checked both ways,
    and by our clock: the SDK's own check lets the future pass."""
    if not signature.isascii():
        raise WebhookRejected("the signature header is malformed")
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(raw, signature, secret, tolerance=None)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            continue
        break
    else:
        raise WebhookRejected("no valid signature")
    signed_at = next(part[2:] for part in signature.split(",") if part.startswith("t="))
    if abs(now.timestamp() - int(signed_at)) > SIGNATURE_AGE_MAX.total_seconds():
        raise WebhookRejected("the signature's time is too far from now")
