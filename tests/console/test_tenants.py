"""Operators see their own tenant's trips, and everybody's only with the scope that says so."""

from __future__ import annotations

from tests.console.conftest import SignIn
from tests.console.operating import Console
from tests.scenarios.world import World

OURS = frozenset({"ops:read", "ops:write"})


async def test_another_tenants_trip_is_as_absent_as_one_that_never_was(
    world: World, sign_in: SignIn
) -> None:
    trip_id = await world.build_usual()
    ours, theirs = await sign_in("ours", OURS), await sign_in("theirs", OURS)

    seen = await ours.open(f"/console/trips/{trip_id}")
    hidden = await theirs.open(f"/console/trips/{trip_id}")
    absent = await theirs.open("/console/trips/7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24")

    assert (200, 404, 404) == (seen.status, hidden.status, absent.status)
    assert hidden.text.replace(theirs.key, "") == absent.text
    assert 404 == (await theirs.open(f"/console/trips/{trip_id}/reveal?person=x&field=y")).status


async def test_everybodys_trips_are_seen_with_the_scope_that_says_so(
    world: World, sign_in: SignIn
) -> None:
    trip_id = await world.build_usual()
    everywhere = await sign_in("theirs", OURS | {"ops:all"})

    assert 200 == (await everywhere.open(f"/console/trips/{trip_id}")).status
    assert trip_id in (await everywhere.sees("/console/log")).html


async def test_the_log_shows_a_tenants_own_events_whatever_is_asked_for(
    world: World, sign_in: SignIn
) -> None:
    trip_id = await world.build_usual()
    theirs = await sign_in("theirs", OURS)

    for query in ("", "?tenant=ours", f"?trip={trip_id}", "?topic=trip.started.v1"):
        assert (
            f"/console/trips/{trip_id}" not in (await theirs.sees(f"/console/log{query}")).links()
        )
    ours = await sign_in("ours", OURS)
    shown = (await ours.sees("/console/log?topic=trip.started.v1")).links()
    assert f"/console/trips/{trip_id}" in shown


async def test_what_is_everybodys_is_not_a_tenants(sign_in: SignIn) -> None:
    console = await sign_in("theirs", OURS)
    token = "token", (await console.sees("/console")).reader.forms[-2].fields["token"]

    assert 403 == (await console.open("/console/webhooks")).status
    verify = await console.ask("POST", "/console/log/verify", data=dict([token]))
    held = await console.ask(
        "POST",
        "/console/projections/bookings",
        data=dict([token, ("act", "pause"), ("reason", "because")]),
    )
    assert (403, 403) == (verify.status, held.status)


async def test_each_tenants_operators_see_who_of_them_did_what(
    world: World, sign_in: SignIn
) -> None:
    ours, theirs = await sign_in("ours", OURS), await sign_in("theirs", OURS)
    ours_id, theirs_id = (each.key.split("_")[2] for each in (ours, theirs))

    page: Console = await sign_in("theirs", OURS | {"ops:all"})

    assert ours_id not in (await theirs.sees("/console/audit")).text
    assert theirs_id in (await theirs.sees("/console/audit")).text
    seen = (await page.sees("/console/audit")).text
    assert ours_id in seen
    assert theirs_id in seen
