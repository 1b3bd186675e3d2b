"""Trips are found by anything that stands for them, and searches can be kept and shared."""

from __future__ import annotations

import pytest

from tests.console.conftest import SignIn
from tests.console.operating import Console, form_of
from tests.pages.reading import Page
from tests.scenarios.world import CONTACT, World

SEARCH = "/console/search"


async def settled(world: World) -> tuple[str, dict[str, str]]:
    """A trip that is done, and what stands for it."""
    trip_id = await world.build_usual()
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    trip = await world.until_status(trip_id, "completed")
    await world.at_rest()
    await shown(world)
    dossier, _ = await world.service.road.read(trip_id)
    assert dossier.trip is not None
    return trip_id, {
        "trip": trip_id,
        "code": trip["bookings"][0]["code"],
        "reference": trip["bookings"][0]["supplier_reference"],
        "payment": dossier.trip.payments[0].payment_id,
        "session": booked["session_id"],
        "email": CONTACT["email"],
    }


async def shown(world: World) -> None:
    """Until the read models have seen everything."""
    last = await world.service.log.last_position()
    while any(p.position < last for p in await world.service.models.checkpoints()):
        await world.service.log.changed(0.05)


def trips_in(page: Page) -> list[str]:
    beginning = "/console/trips/"
    return [link.removeprefix(beginning) for link in page.links() if link.startswith(beginning)]


@pytest.mark.parametrize("by", ["trip", "code", "reference", "payment", "session", "email"])
async def test_whatever_stands_for_a_trip_leads_to_it(
    world: World, console: Console, by: str
) -> None:
    trip_id, known = await settled(world)
    await world.build_usual() if by != "email" else None
    await shown(world)

    found = await console.tries("/console", SEARCH, q=f"  {known[by]} ")

    assert (303, f"/console/trips/{trip_id}") == (found.status, found.headers["Location"])


async def test_an_address_of_several_trips_is_never_in_the_address_of_the_page(
    world: World, console: Console
) -> None:
    trips = {await world.build_usual(), await world.build_usual()}
    await shown(world)

    found = await console.tries("/console", SEARCH, q=CONTACT["email"].upper())

    assert 303 == found.status
    assert "amelia" not in found.headers["Location"].lower()
    assert trips == set(trips_in(await console.followed(found)))


async def test_nothing_found_is_said_and_is_not_everything(world: World, console: Console) -> None:
    await world.build_usual()
    await shown(world)

    nobody = await console.tries("/console", SEARCH, q="nobody@nowhere.example")
    nothing = await console.followed(await console.tries("/console", SEARCH, q="NO-SUCH-CODE"))

    assert 409 == nobody.status
    assert "No trip is like this." in nothing.text
    assert [] == trips_in(nothing)


async def test_another_tenants_trips_are_not_found(world: World, sign_in: SignIn) -> None:
    trip_id, known = await settled(world)
    theirs = await sign_in("theirs", frozenset({"ops:read"}))

    for word in known.values():
        answer = await theirs.tries("/console", SEARCH, q=word)
        assert 409 == answer.status or [] == trips_in(await theirs.followed(answer))
    assert [] == trips_in(await theirs.sees("/console/trips"))
    assert [] == trips_in(await theirs.sees(f"/console/trips?q={trip_id}"))


async def test_filters_stand_in_the_address_and_can_be_kept_under_a_name(
    world: World, sign_in: SignIn
) -> None:
    draft = await world.build_usual()
    done, _ = await settled(world)
    ours, colleague = await sign_in(), await sign_in()

    completed = await ours.sees("/console/trips?status=completed")
    kept = await ours.press(form_of(completed, "/console/trips/views"), name="Done <b>")

    assert [done] == trips_in(completed)
    assert [draft] == trips_in(await ours.sees("/console/trips?status=draft"))
    assert (303, "/console/trips?status=completed") == (kept.status, kept.headers["Location"])
    seen = await colleague.sees("/console/trips")
    assert "Done &lt;b&gt;" in seen.html
    forgotten = await colleague.press(form_of(seen, "/console/trips/views/forget"))
    assert 303 == forgotten.status
    assert "Done &lt;b&gt;" not in (await ours.sees("/console/trips")).html


async def test_views_are_a_tenants_own(sign_in: SignIn) -> None:
    ours, theirs = await sign_in("ours"), await sign_in("theirs")
    page = await ours.sees("/console/trips")
    await ours.press(form_of(page, "/console/trips/views"), name="Only ours")

    assert "Only ours" in (await ours.sees("/console/trips")).text
    assert "Only ours" not in (await theirs.sees("/console/trips")).text


async def test_pages_neither_skip_nor_repeat_while_trips_come(
    world: World, console: Console
) -> None:
    before = [str((await world.call("POST", "/v1/trips"))["trip_id"]) for _ in range(55)]
    await shown(world)

    first = await console.sees("/console/trips")
    for _ in range(3):
        await world.call("POST", "/v1/trips")
    await shown(world)
    [older] = [link for link in first.links() if "after=" in link]
    second = await console.sees(f"/console/trips{older}")

    assert before[::-1] == trips_in(first) + trips_in(second)


@pytest.mark.parametrize("query", ["after=nonsense", "status=%00x", "q=%00", "payment=';--"])
async def test_what_nobody_would_ask_for_harms_nothing(console: Console, query: str) -> None:
    assert (await console.open(f"/console/trips?{query}")).status in {200, 303}
