"""Duffel's webhooks: believed only when freshly signed, and only as a hint to go and look."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.suppliers import JsonObject, SupplierEvent, WebhookRejected

SIGNATURE_HEADER = "x-duffel-signature"
TOLERANCE = timedelta(seconds=300)
EVENT_BYTES_MAX = 1_000_000
EPOCH = re.compile(r"[0-9]{1,12}")

# The supplier says that an accepted order will never exist.
CREATION_FAILED = frozenset({"order.creation_failed", "stays.booking_creation_failed"})
# The airline has moved a flight or the like; it is shown and accepted at Duffel.
CHANGED = "order.airline_initiated_change_detected"
# Facts that happen once to a thing, so that the thing's key names the fact. Others (an order is
# updated many times) are told apart by the event alone.
HAPPENS_ONCE = CREATION_FAILED | {"order.created", "payment.created", "stays.booking.created"}
ORDER_PREFIXES = ("ord_", "bok_")


def signature_parts(header: str) -> tuple[int, list[str]]:
    """The time and every v1 signature of a header."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    sane = header.isascii() and len(times) == 1 and EPOCH.fullmatch(times[0])
    if not sane or not signatures:
        raise WebhookRejected("the signature header is malformed")
    return int(times[0]), signatures


def verify(raw: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """The raw bytes were signed with one of the secrets, not long ago and not in the future."""
    epoch, signatures = signature_parts(header)
    try:
        signed_at = datetime.fromtimestamp(epoch, UTC)
    except (OverflowError, ValueError, OSError):
        raise WebhookRejected("the signature's time makes no sense") from None
    if abs(now - signed_at) > TOLERANCE:
        raise WebhookRejected("the signature is too old or from the future")
    message = f"{epoch}.".encode() + raw
    for secret in secrets:
        wanted = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
        if any(hmac.compare_digest(wanted.encode(), given.encode()) for given in signatures):
            return
    raise WebhookRejected("the signature does not match")


def text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def texts(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def order_of(thing: JsonObject) -> str | None:
    named = text(thing.get("order_id")) or text(thing.get("booking_id"))
    own = text(thing.get("id"))
    return named or (own if own is not None and own.startswith(ORDER_PREFIXES) else None)


def read_event(raw: bytes, *, live: bool) -> SupplierEvent:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        raise WebhookRejected("the body is not JSON") from None
    if not isinstance(event, dict):
        raise WebhookRejected("the body is not an object")
    if b"\\u0000" in raw:
        raise WebhookRejected("the body holds text that is none")
    event_id, kind, key = (text(event.get(name)) for name in ("id", "type", "idempotency_key"))
    if event_id is None or kind is None:
        raise WebhookRejected("the event lacks its id or its type")
    if event.get("live_mode") is not live:
        raise WebhookRejected("the event is of the other mode")
    data = event.get("data")
    thing = data.get("object", data) if isinstance(data, dict) else {}
    thing = thing if isinstance(thing, dict) else {}
    return SupplierEvent(
        event_id=event_id,
        dedupe_key=f"{kind}:{key if key and kind in HAPPENS_ONCE else event_id}",
        type=kind,
        order_id=order_of(thing),
        offer_id=text(thing.get("offer_id")) or text(thing.get("quote_id")),
        creation_failed=kind in CREATION_FAILED,
        changed=kind == CHANGED,
        metadata=texts(thing.get("metadata")),
    )


def parse_event(
    raw: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Sequence[str],
    live: bool,
    now: datetime,
) -> SupplierEvent:
    """A verified event; raises WebhookRejected."""
    if len(raw) > EVENT_BYTES_MAX:
        raise WebhookRejected("the body is too long")
    header = next((v for k, v in headers.items() if k.lower() == SIGNATURE_HEADER), None)
    if header is None:
        raise WebhookRejected("the signature header is missing")
    verify(raw, header, secrets, now)
    return read_event(raw, live=live)
