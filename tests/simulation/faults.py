"""What may go wrong in a run: each seed switches on a part of it, so that rare things meet."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ALL = (
    "slow_network",
    "resets",
    "partitions",
    "crashes",
    "pauses",
    "skew",
    "slow_stores",
    "lost_stores",
    "deaf",
    "stripe",
    "duffel",
    "webhooks",
    "disconnects",
)
STRIPE_MODES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("latency", {"latency_s": 5}),
    ("latency", {"latency_s": 45}),
    ("reset_before", {}),
    ("commit_then_reset", {}),
    ("commit_then_500", {}),
    ("commit_then_timeout", {"hold_s": 60}),
    ("cut_body", {}),
    ("http_500", {}),
    ("http_503", {}),
    ("rate_limited", {}),
    ("html_502", {}),
    ("slow_execution", {"latency_s": 40}),
    ("execution_500", {}),
    ("refund_pending", {}),
)
DUFFEL_MODES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("latency", {"latency_s": 20}),
    ("latency", {"latency_s": 150}),
    ("reset_before", {}),
    ("commit_then_reset", {}),
    ("commit_then_500", {}),
    ("commit_then_timeout", {"hold_s": 200}),
    ("cut_body", {}),
    ("http_500", {}),
    ("http_503", {}),
    ("rate_limited", {}),
    ("html_502", {}),
    ("async_202", {"delay_s": 30, "outcome": "ok"}),
    ("async_202", {"delay_s": 30, "outcome": "fail"}),
    ("ok_200_late", {"delay_s": 60}),
    ("price_changed", {}),
    *[("sold_out", {})] * 4,
    ("webhook_first", {}),
    ("schedule_changed", {}),
    ("cancel_stale", {}),
    ("duplicate_detect", {}),
)
STRIPE_PATHS = (
    ("POST", "/v1/checkout/sessions"),
    ("POST", "/v1/checkout/sessions/*/expire"),
    ("GET", "/v1/checkout/sessions/*"),
    ("POST", "/v1/payment_intents"),
    ("GET", "/v1/payment_intents/*"),
    ("POST", "/v1/payment_intents/*/capture"),
    ("POST", "/v1/payment_intents/*/cancel"),
    ("POST", "/v1/refunds"),
    ("GET", "/v1/events"),
)
ORDER_PATHS = (("POST", "/air/orders"), ("POST", "/stays/bookings"))
DUFFEL_PATHS = (
    *ORDER_PATHS,
    ("GET", "/air/offers/*"),
    ("GET", "/air/orders*"),
    ("POST", "/stays/quotes"),
    ("GET", "/stays/bookings*"),
    ("POST", "/air/order_cancellations*"),
    ("POST", "/stays/bookings/*/actions/cancel"),
)
WEBHOOKS: tuple[dict[str, Any], ...] = (
    {"drop": True},
    {"duplicate": 2},
    {"reorder": True},
    {"delay_s": 90},
    {"delay_s": 7_200},
    {"early": True},
    {"old_secret": True},
)
# So many kinds of faults are on in one run: few, so that people get far; many, so that they meet.
KINDS_AT_ONCE = (0, 1, 2, 2, 3, 3, 5, 8)
PAUSES_S = (0.5, 5.0, 30.0, 90.0, 250.0, 700.0)


@dataclass
class Faults:
    """`rates` are chances per step of a host, as they were drawn; none when it is calm."""

    chance: random.Random
    enabled: frozenset[str]
    told: Callable[[str], None]
    fired: Counter[str]
    rates: dict[str, float] = field(default_factory=dict)
    drawn_rates: dict[str, float] = field(default_factory=dict)

    @classmethod
    def drawn(
        cls,
        seed: str,
        told: Callable[[str], None],
        fired: Counter[str],
        needed: frozenset[str] = frozenset(),
    ) -> Faults:
        """`needed` ones are on in any case."""
        chance = random.Random(f"{seed}:faults")
        enabled = needed | set(chance.sample(ALL, chance.choice(KINDS_AT_ONCE)))
        faults = cls(chance, enabled, told, fired)
        faults.drawn_rates = {
            "crashes": chance.choice((0.001, 0.004, 0.01)),
            "pauses": chance.choice((0.001, 0.004, 0.01)),
            "lost_stores": chance.choice((0.002, 0.01, 0.03)),
            "deaf": 0.3,
            "disconnects": 0.2,
        }
        faults.rates = dict(faults.drawn_rates)
        return faults

    def strikes(self, name: str) -> bool:
        """Whether this happens here and now."""
        struck = name in self.enabled and self.chance.random() < self.rates.get(name, 0.0)
        if struck:
            self.fired[name] += 1
        return struck

    def calm_down(self) -> None:
        self.rates = {}
