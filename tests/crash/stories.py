"""What travellers do while processes die: one trip from the first item to its end."""

from __future__ import annotations

from tests.crash.stage import PatientWorld

ENDS = ("completed", "failed")


async def usual(world: PatientWorld) -> str:
    """A flight and a stay, authorised, ordered, captured."""
    trip = await world.pay_and_settle(await world.build_usual())
    assert "completed" == trip["status"]
    return str(trip["trip_id"])


async def undone(world: PatientWorld) -> str:
    """All or nothing, and the room is gone: the flight is cancelled, the money let go."""
    trip_id = await world.build_usual()
    await world.fault("duffel", "POST", "/stays/bookings", "sold_out")
    trip = await world.pay_and_settle(trip_id, fulfillment_policy="all_or_nothing")
    assert "failed" == trip["status"]
    return trip_id


async def refunded(world: PatientWorld) -> str:
    """Taken at once by a slow method, and the seat is gone: the money goes back."""
    trip_id = await world.build(await world.find_flight())
    booked = await world.book(trip_id)
    await world.fault("duffel", "POST", "/air/orders", "sold_out")
    session = await world.pay(booked["session_id"], "processing")
    await world.settle(session["payment_intent"], "succeeded")
    await world.until(trip_id, lambda trip: trip["payment"]["status"] == "refunded")
    return trip_id


async def edited(world: PatientWorld) -> str:
    """The open checkout is closed at the provider before the trip is changed."""
    trip_id = await world.build_usual()
    first = await world.book(trip_id)
    await world.add(trip_id, await world.find_flight())
    again = await world.book(trip_id)
    assert first["session_id"] != again["session_id"]
    await world.cannot_pay(first["session_id"])
    return trip_id


async def over(world: PatientWorld) -> str:
    """A flight that is paid for, whether it can be had in the end or not."""
    trip_id = await world.build(await world.find_flight())
    await world.pay_and_settle(trip_id)
    return trip_id
