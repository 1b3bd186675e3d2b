"""What a name is made of never changes: the log, the outbox and the providers remember it."""

from __future__ import annotations

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from domain import ids

TRIP = "0b9d3d0e-6a3c-4a37-9a1b-6d1f3c6f2a10"
ENDS = (bytes(10), b"\xff" * 10)
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


def test_ids_are_ordered_by_the_millisecond_they_are_made_in() -> None:
    made = [ids.ordered_id(at_ms, chance) for at_ms in (0, 1, 1_800_000_000_000) for chance in ENDS]

    assert sorted(made) == made
    assert "01a3185c-5000-7000-8000-000000000000" == made[-2]
    assert "01a3185c-5000-7fff-bfff-ffffffffffff" == made[-1]
    assert {7} == {UUID(each).version for each in made}
    assert {RFC_4122} == {UUID(each).variant for each in made}


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=32), st.text())
def test_what_is_derived_is_of_its_parents_moment_and_the_same_for_ever(
    at_ms: int, chance: bytes, name: str
) -> None:
    parent = ids.ordered_id(at_ms, chance)

    derived = ids.derived_id(parent, name)

    assert at_ms == UUID(parent).int >> 80 == UUID(derived).int >> 80
    assert derived == ids.derived_id(parent, name) != parent
    assert derived != ids.derived_id(parent, f"{name}!")
    assert (7, RFC_4122) == (UUID(derived).version, UUID(derived).variant)


def test_names_that_are_derived_of_an_ordered_one_are_the_same_for_ever() -> None:
    trip = "01a3185c-5000-7000-8000-000000000000"

    checkout = ids.checkout_id(trip, 1)

    assert "01a3185c-5000-7b28-9510-9b4c0464a87f" == checkout
    assert "01a3185c-5000-7640-ba03-5e00e826bbaa" == ids.booking_id(checkout, "item-1")
