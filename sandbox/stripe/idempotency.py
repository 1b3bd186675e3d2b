"""Idempotency keys as Stripe treats them: the first answer once work began is kept, errors too;
other parameters are refused; a key in flight is a conflict; after 24 hours it is forgotten."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.clock import SandboxClock
from sandbox.stripe.errors import StripeError

KEY_CHARS_MAX = 255
KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class KeptAnswer:
    fingerprint: str
    kept_at: datetime
    status: int
    body: bytes
    request_id: str


@dataclass(kw_only=True)
class IdempotencyKeys:
    clock: SandboxClock
    answers: dict[str, KeptAnswer] = field(default_factory=dict)
    in_flight: dict[str, str] = field(default_factory=dict)

    def begin(self, key: str, fingerprint: str) -> KeptAnswer | None:
        """The kept answer, or nothing: then the key is in flight until `end`."""
        if len(key) > KEY_CHARS_MAX:
            raise StripeError(f"Idempotency keys can have at most {KEY_CHARS_MAX} characters.")
        kept = self.answers.get(key)
        if kept is not None and self.clock.now() - kept.kept_at >= KEPT_FOR:
            del self.answers[key]
            kept = None
        known = kept.fingerprint if kept else self.in_flight.get(key)
        if known is not None and known != fingerprint:
            raise StripeError(
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request.",
                kind="idempotency_error",
            )
        if kept is None and key in self.in_flight:
            raise StripeError(
                "There is currently another in-progress request using this idempotency key "
                f"({key}). Please try again later.",
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        if kept is None:
            self.in_flight[key] = fingerprint
        return kept

    def end(self, key: str) -> None:
        self.in_flight.pop(key, None)

    def keep(self, key: str, status: int, body: bytes, request_id: str) -> None:
        self.answers[key] = KeptAnswer(
            fingerprint=self.in_flight[key],
            kept_at=self.clock.now(),
            status=status,
            body=body,
            request_id=request_id,
        )


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()
