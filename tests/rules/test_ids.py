"""What a name is made of never changes: the log, the outbox and the providers remember it."""

from __future__ import annotations

from domain import ids

TRIP = "0b9d3d0e-6a3c-4a37-9a1b-6d1f3c6f2a10"
CHECKOUT = "f5e5a0a6-4b8e-5c0e-9f62-3f4a5b6c7d8e"


def test_names_that_are_derived_are_the_same_for_ever() -> None:
    assert {
        "checkout": "6303933d-0309-5be5-b3cc-019612672ead",
        "group": "ec9ea344-28f9-51e0-9f57-48a0bdaaa984",
        "booking": "21e5eb1f-3db8-53e3-a57d-011b586638dc",
        "refund": "pi_1:2",
        "requested refund": "pi_1:r:req-1",
        "incident": "baeb17c5-dffa-54f4-b8af-9c9527131b16",
        "code": "G74ZYHPY",
    } == {
        "checkout": ids.checkout_id(TRIP, 2),
        "group": ids.group_id(CHECKOUT),
        "booking": ids.booking_id(CHECKOUT, "item-1"),
        "refund": ids.refund_id("pi_1", 2),
        "requested refund": ids.requested_refund_id("pi_1", "req-1"),
        "incident": ids.incident_id(TRIP, "order_not_found", "b-1"),
        "code": ids.booking_code("b-1"),
    }
