"""Each action is shown before it is done, does what was shown, and is told under who did it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import unescape

import pytest

from domain.dossier import TOPICS
from tests.console import prepared
from tests.console.conftest import SignIn
from tests.console.operating import Console, form_of
from tests.pages.reading import Form, Page
from tests.scenarios.world import World

REASON = "Because the traveller called"


def actions_of(page: Page, action: str) -> list[str]:
    """Where the buttons for an action lead."""
    links = [unescape(link) for link in page.links()]
    return [link for link in links if f"/act?action={action}&" in link]


async def asked(console: Console, trip_id: str, action: str, more: str = "") -> Page:
    """The preview of the first such action that is offered."""
    page = await console.sees(f"/console/trips/{trip_id}")
    return await console.sees(actions_of(page, action)[0] + more)


async def pressed(console: Console, trip_id: str, preview: Page, **typed: str) -> Page:
    meant = re.search(r"Type <strong>(.*?)</strong>", preview.html)
    fields = {"reason": REASON, **({"typed": unescape(meant[1])} if meant else {}), **typed}
    return await console.press(button_of(preview), **fields)


def button_of(preview: Page) -> Form:
    """The form that does it, not the one that shows it for another amount."""
    [form] = [f for f in preview.reader.forms if f.action.endswith("/act") and f.method == "post"]
    return form


async def lost(world: World, mode: str = "commit_then_reset") -> str:
    """An order was sent, its answer is lost, and the supplier cannot be asked; the other is made,
    so that nothing moves any more."""
    trip_id = await world.build(await world.find_flight(), await world.find_stay())
    await world.fault("duffel", "POST", "/air/orders", mode)
    await world.fault("duffel", "GET", "/air/orders", "http_503", times=None)
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    await world.until_recorded(trip_id, "booking.order-unknown.v1")
    await world.until_recorded(trip_id, "booking.confirmed.v1")
    return trip_id


async def waiting(world: World) -> str:
    trip_id = await world.build_usual()
    await world.book(trip_id)
    return trip_id


async def cancellable(world: World) -> str:
    """A trip that is booked, and the terms of cancelling it are known."""
    trip_id = await prepared.done(world)
    await world.call("POST", f"/v1/trips/{trip_id}/cancellation-quote")
    return trip_id


async def told(world: World) -> str:
    """A trip that is booked, of which the shop is told (whether or not it listens)."""
    endpoint = {"url": "http://127.0.0.1:9/hooks", "events": ["trip.fulfilled.v1"]}
    await world.call("POST", "/v1/webhook-endpoints", endpoint)
    return await prepared.done(world)


async def sent_into_nothing(world: World) -> str:
    return await lost(world, "reset_before")


async def unearned(world: World) -> str:
    """Money waits to be captured, and nothing is booked for it."""
    trip_id = await world.build(await world.find_flight())
    await world.fault("duffel", "POST", "/air/orders", "reset_before")
    await world.fault("duffel", "GET", "/air/orders", "http_503", times=None)
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    await world.until_recorded(trip_id, "booking.order-unknown.v1")
    return trip_id


async def put_aside(world: World) -> str:
    trip_id = await prepared.done(world)
    await world.at_rest()
    await world.service.database.pool.execute(  # type: ignore[union-attr]
        "UPDATE tripledger.tasks SET state = 'parked', reason = 'it was refused', attempts = 3"
        " WHERE trip_id = $1 AND kind = 'capture_payment'",
        trip_id,
    )
    return trip_id


Story = Callable[[World], Awaitable[str]]
STORIES: dict[str, Story] = {
    "refund": prepared.done,
    "quote_cancellation": prepared.done,
    "cancel": cancellable,
    "resend": told,
    "assign": prepared.moved,
    "resolve": prepared.moved,
    "close_checkout": waiting,
    "look": lost,
    "give_up": sent_into_nothing,
    "release": unearned,
    "retry": put_aside,
}


@pytest.mark.parametrize("action", STORIES)
async def test_an_action_records_what_was_shown_before_it_was_done(
    world: World, console: Console, action: str
) -> None:
    trip_id = await STORIES[action](world)
    preview = await asked(console, trip_id, action)
    promised = preview.marked("data-event")
    before = await world.events(trip_id)

    done = await pressed(console, trip_id, preview)

    assert 303 == done.status, done.text
    operator = f"operator:{console.key.split('_')[2]}"
    recorded = (await world.events(trip_id))[len(before) :]
    mine = [e for e in recorded if e["actor"] == operator]
    assert promised == [named(e["topic"]) for e in mine][: len(promised)]
    assert len(promised) > 0
    page = await console.sees(f"/console/trips/{trip_id}")
    assert f"by operator {operator.partition(':')[2]}" in page.text
    assert REASON in page.text
    assert REASON in (await console.sees("/console/audit")).text
    await world.clear_faults("duffel")
    await world.at_rest()


def named(topic: str) -> str:
    """The class that an event of this topic is."""
    return TOPICS[topic].__name__


async def test_a_refund_is_of_the_amount_that_was_typed_and_made_once(
    world: World, console: Console
) -> None:
    trip_id = await prepared.done(world)
    preview = await asked(console, trip_id, "refund", "&amount=12.50")
    assert "€12.50" in preview.text

    unmeant = await pressed(console, trip_id, preview, typed="12.05")
    done = await pressed(console, trip_id, preview)
    again = await pressed(console, trip_id, preview)
    await world.at_rest()

    assert (409, 303) == (unmeant.status, done.status)
    assert again.status in {303, 409}
    assert [1250] == await world.amounts("refund.created", trip_id)
    assert 1250 == (await world.trip(trip_id))["payment"]["refunded"]["amount"]


@pytest.mark.parametrize("amount", ["0", "-5", "1e9", "12.345", "x", "%E2%82%AC5"])
async def test_an_amount_that_cannot_be_is_refused_before_it_is_shown(
    world: World, console: Console, amount: str
) -> None:
    trip_id = await prepared.done(world)
    page = await console.sees(f"/console/trips/{trip_id}")

    answer = await console.open(actions_of(page, "refund")[0] + f"&amount={amount}")

    assert 409 == answer.status
    assert [] == await world.amounts("refund.created", trip_id)


async def test_a_cent_more_than_was_paid_is_refused_before_it_is_shown(
    world: World, console: Console
) -> None:
    trip_id = await prepared.done(world)
    paid = (await world.trip(trip_id))["payment"]["captured"]["amount"]
    refund = actions_of(await console.sees(f"/console/trips/{trip_id}"), "refund")[0]

    more, all_of_it = [
        (await console.open(f"{refund}&amount={cents / 100:.2f}")).status
        for cents in (paid + 1, paid)
    ]

    assert (409, 200) == (more, all_of_it)
    assert [] == await world.amounts("refund.created", trip_id)


async def test_what_has_changed_meanwhile_is_shown_again_and_not_done(
    world: World, console: Console
) -> None:
    trip_id = await prepared.moved(world)
    preview = await asked(console, trip_id, "resolve")
    await pressed(console, trip_id, await asked(console, trip_id, "assign"))
    before = await world.topics(trip_id)

    answer = await pressed(console, trip_id, preview)

    assert 409 == answer.status
    assert "the trip has moved" in answer.text
    assert before == await world.topics(trip_id)


async def test_nothing_is_done_without_a_reason(world: World, console: Console) -> None:
    trip_id = await prepared.moved(world)
    preview = await asked(console, trip_id, "resolve")
    before = await world.topics(trip_id)

    answer = await pressed(console, trip_id, preview, reason="   ")

    assert 409 == answer.status
    assert before == await world.topics(trip_id)


async def test_looking_at_a_preview_does_nothing(world: World, console: Console) -> None:
    trip_id = await prepared.done(world)
    await world.at_rest()
    page = await console.sees(f"/console/trips/{trip_id}")
    before = await world.topics(trip_id)
    journals = [await world.everything(each) for each in ("stripe", "duffel")]

    for link in [unescape(each) for each in page.links() if "/act?" in each]:
        await console.sees(link)

    assert before == await world.topics(trip_id)
    assert journals == [await world.everything(each) for each in ("stripe", "duffel")]


async def test_who_only_reads_is_offered_nothing(world: World, sign_in: SignIn) -> None:
    trip_id = await prepared.done(world)
    reader = await sign_in(scopes=frozenset({"ops:read"}))

    page = await reader.sees(f"/console/trips/{trip_id}")

    assert [] == [link for link in page.links() if "/act?" in link]
    assert 403 == (await reader.open(f"/console/trips/{trip_id}/act?action=refund")).status


async def test_another_tenants_operator_acts_on_nothing_of_ours(
    world: World, console: Console, sign_in: SignIn
) -> None:
    trip_id = await prepared.done(world)
    page = await console.sees(f"/console/trips/{trip_id}")
    theirs = await sign_in("theirs", frozenset({"ops:read", "ops:write"}))
    before = await world.topics(trip_id)

    link = actions_of(page, "refund")[0]
    preview = await console.sees(link)
    form = button_of(preview)
    form.fields["token"] = form_of(await theirs.sees("/console"), "/console/sign-out").fields[
        "token"
    ]
    paid = (await world.trip(trip_id))["payment"]["captured"]["display"]
    answer = await theirs.press(form, reason=REASON, typed=paid)

    assert 404 == (await theirs.open(link)).status
    assert answer.status in {404, 409}
    assert before == await world.topics(trip_id)
