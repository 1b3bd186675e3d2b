"""The audit page shows who did and saw what, whichever way they came."""

from __future__ import annotations

from adapters.event_log.evidence import checked
from adapters.operators.acts import Act
from tests.console.conftest import SignIn
from tests.console.operating import Console
from tests.scenarios.world import World


async def book(world: World) -> list[Act]:
    """The newest last."""
    return [*reversed(await world.service.operating.book.acts.page(None, limit=100))]


async def test_what_is_done_over_http_and_at_the_console_stands_in_one_book(
    world: World, console: Console
) -> None:
    trip_id = await world.build_usual()
    where = {"url": "http://127.0.0.1:9/hooks", "events": ["trip.fulfilled.v1"]}
    made = await world.call("POST", "/v1/webhook-endpoints", where)
    endpoint = f"/v1/webhook-endpoints/{made['endpoint_id']}"
    await world.call("POST", f"{endpoint}/rotate-secret", {"overlap_s": 60})
    await world.call("POST", f"{endpoint}/replay", {"after": 0})
    await world.call("POST", f"{endpoint}/test")
    await world.call("DELETE", endpoint)
    [person, *_] = (await world.call("GET", f"/v1/trips/{trip_id}/people"))["people"]
    await world.call("POST", f"/v1/people/{person['person_id']}/forget")
    before = await book(world)
    for path in ("/money/ledger.csv", "/money/drift.csv?day=2026-11-21"):
        await console.sees(f"/console{path}")

    told = [(act.act, act.subject) for act in before if act.act != "signed in"]
    about = f"endpoint {made['endpoint_id']}"
    assert [
        ("added a webhook endpoint", about),
        ("replaced a webhook endpoint's secret", about),
        ("replayed to a webhook endpoint", f"{about} behind position 0"),
        ("tested a webhook endpoint", about),
        ("removed a webhook endpoint", about),
        ("forgot a person", f"person {person['person_id']}"),
    ] == told
    by_key = [act for act in before if act.act != "signed in"]
    assert {("ours", True)} == {(a.tenant, a.operator.startswith("key:")) for a in by_key}
    assert trip_id == by_key[-1].trip_id
    assert all(act.request_id for act in by_key)
    taken = [(act.act, act.subject) for act in (await book(world))[len(before) :]]
    assert [
        ("took the books as a file", "everything"),
        ("took the differences as a file", "2026-11-21"),
    ] == taken
    page = (await console.sees("/console/audit")).text
    assert [] == [act for act, _ in (*told, *taken) if act not in page]
    assert made["secret"] not in page


async def test_a_trip_is_taken_as_a_signed_file_and_whoever_took_it_is_known(
    world: World, sign_in: SignIn
) -> None:
    trip_id = await world.build_usual()
    ours = await sign_in("ours", frozenset({"ops:read"}))
    theirs = await sign_in("theirs", frozenset({"ops:read"}))
    where = f"/console/trips/{trip_id}/evidence"
    assert where in (await ours.sees(f"/console/trips/{trip_id}")).links()
    before = await book(world)

    file = await ours.sees(where)
    refused = await theirs.open(where)

    evidence = checked(file.html.encode(), world.service.signer.public_key)
    operator = ours.key.split("_")[2]
    assert (trip_id, "ours", operator) == (
        evidence.header.trip_id,
        evidence.header.tenant,
        evidence.header.exported_by,
    )
    assert len(await world.events(trip_id)) == evidence.header.events
    assert 404 == refused.status
    [act] = (await book(world))[len(before) :]
    assert ("took a trip as evidence", operator, trip_id) == (act.act, act.operator, act.trip_id)
