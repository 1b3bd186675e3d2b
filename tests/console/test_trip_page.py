"""A trip's page: its sentence, its story, how it was at any moment, and who is in it."""

from __future__ import annotations

import re

import pytest

from tests.console.operating import Console, form_of
from tests.pages.reading import Page
from tests.scenarios.world import AMELIA, World


def versions(page: Page) -> tuple[int, int]:
    found = re.search(r"As of version (\d+) of (\d+)", page.text)
    assert found is not None
    return int(found[1]), int(found[2])


async def test_it_says_in_a_sentence_how_the_trip_stands(world: World, console: Console) -> None:
    flight, stay = await world.find_flight(), await world.find_stay()
    trip_id = await world.build(flight, stay)
    price = f"€{(flight['price']['amount'] + stay['price']['amount']) / 100:,.2f}"
    page = f"/console/trips/{trip_id}"
    assert f"Being put together: 2 items for {price}." in (await console.sees(page)).text

    booked = await world.book(trip_id)
    waiting = await console.sees(page)
    assert f"Waiting for the traveller to pay {price}." in waiting.text
    assert "the checkout expires" in waiting.text

    await world.pay(booked["session_id"], "declined")
    await world.until(trip_id, lambda trip: trip["payment"]["status"] == "failed")
    assert "after 1 declined attempt." in (await console.sees(page)).text

    await world.pay(booked["session_id"])
    await world.until_status(trip_id, "completed")
    await world.at_rest()
    done = await console.sees(page)
    assert f"Everything is booked. {price} was captured." in done.text
    assert "Nothing: the trip is at rest." in done.text


async def test_it_says_what_an_order_waits_for_and_since_when(
    world: World, console: Console
) -> None:
    trip_id = await world.build(await world.find_flight())
    await world.fault("duffel", "POST", "/air/orders", "commit_then_reset")
    await world.fault("duffel", "GET", "/air/orders", "http_503", times=None)
    booked = await world.book(trip_id)
    await world.pay(booked["session_id"])
    await world.until_recorded(trip_id, "booking.order-unknown.v1")

    page = await console.sees(f"/console/trips/{trip_id}")

    assert "was ordered without a usable answer, for " in page.text
    assert re.search(r"the supplier is asked for the order", page.text)
    await world.clear_faults("duffel")
    await world.until_status(trip_id, "completed")


async def test_what_is_one_thing_is_told_as_one_with_its_attempts(
    world: World, console: Console
) -> None:
    trip_id = await world.build(await world.find_flight())
    await world.fault("duffel", "POST", "/air/orders", "http_503", times=2)
    await world.pay_and_settle(trip_id)

    page = await console.sees(f"/console/trips/{trip_id}")

    assert re.search(r"Ordered Duffel → Confirmed by the supplier as \w+ .*? 6 events", page.text)


async def test_the_trip_is_shown_as_it_was_at_a_version_and_at_a_time(
    world: World, console: Console
) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await world.at_rest()
    events = await world.events(trip_id)
    quoted = 1 + [e["topic"] for e in events].index("trip.quote-completed.v1")
    at = events[quoted - 1]["recorded_at"]

    by_version = await console.sees(f"/console/trips/{trip_id}?at={quoted}")
    by_time = await console.sees(f"/console/trips/{trip_id}?at={at.replace('+', '%2B')}")
    now = await console.sees(f"/console/trips/{trip_id}")

    assert (quoted, len(events)) == versions(by_version)
    assert "The past." in by_version.text
    assert "The past." not in now.text
    assert versions(by_time)[0] >= quoted
    assert "No money has moved." in by_version.text
    assert f"event-{quoted + 1}" not in by_version.html


@pytest.mark.parametrize("moment", ["0", "yesterday", "2001-01-01", "-3"])
async def test_a_moment_that_never_was_is_refused_in_words(
    world: World, console: Console, moment: str
) -> None:
    trip_id = await world.build_usual()

    page = await console.open(f"/console/trips/{trip_id}?at={moment}")

    assert 409 == page.status
    assert "did not exist then" in page.text or "A moment is" in page.text


async def test_the_difference_between_two_moments_names_what_changed(
    world: World, console: Console
) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await world.at_rest()

    page = await console.sees(f"/console/trips/{trip_id}?from=4")
    same = await console.sees(f"/console/trips/{trip_id}?from=4&at=4")

    assert "trip.fulfillment.status – completed" in page.text
    assert "captured 0 EUR" not in page.text
    assert "Nothing." in same.text


async def test_events_lead_to_what_they_caused_and_back(world: World, console: Console) -> None:
    trip_id = await world.build_usual()
    await world.pay_and_settle(trip_id)
    await world.at_rest()
    topics = await world.topics(trip_id)
    page = await console.sees(f"/console/trips/{trip_id}")

    scheduled = 1 + topics.index("trip.capture-scheduled.v1")
    captured = 1 + topics.index("trip.payment-captured.v1")
    raw = {int(v): text for v, text in re.findall(r'id="event-(\d+)">(.*?)</li>', page.html, re.S)}

    assert set(range(1, len(topics) + 1)) == set(raw)
    assert f'href="#event-{captured}"' in raw[scheduled]
    assert f'href="#event-{scheduled}"' in raw[captured]


async def test_nobodys_data_is_on_the_page_and_one_field_is_shown_once_for_a_reason(
    world: World, console: Console
) -> None:
    trip_id = await world.build_usual()
    path = f"/console/trips/{trip_id}"
    page = await console.sees(path)
    [link] = [x for x in page.links() if "/reveal?" in x and x.endswith("field=last_name")]
    personal = [AMELIA["last_name"], AMELIA["date_of_birth"], "amelia@"]
    assert [] == [word for word in personal if word in page.html]

    asking = await console.sees(link.replace("&amp;", "&"))
    unreasoned = await console.press(form_of(asking, f"{path}/reveal"), reason="  ")
    shown = await console.press(form_of(asking, f"{path}/reveal"), reason="Airline asks")
    after = await console.sees(path)

    assert 409 == unreasoned.status
    assert "Earhart" in shown.text
    assert AMELIA["date_of_birth"] not in shown.text
    assert [] == [word for word in personal if word in after.html]
    assert "revealed last_name of" in after.text
    assert "Airline asks" in after.text
    assert "Earhart" not in (await console.sees("/console/audit")).text


async def test_hostile_words_stay_words(world: World, console: Console) -> None:
    trip_id = await world.build_usual()
    hostile = '"><script>alert(1)</script>{{7777*7777}}'

    for path in (f"/console/log?topic={hostile}", f"/console/audit?operator={hostile}"):
        page = await console.sees(path)
        assert "<script>alert" not in page.html
        assert str(7777 * 7777) not in page.html
    assert 409 == (await console.open(f"/console/trips/{trip_id}?at={hostile}")).status
