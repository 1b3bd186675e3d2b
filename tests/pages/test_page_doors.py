"""What guards the traveller's page: its headers, its forms, hostile text, and unknown links."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from domain.suppliers import Offer
from service.workers.pages import Pages
from service.workers.projector import Projector
from tests.pages.checkouts import booked, expire_at_stripe
from tests.pages.reading import Form, Visitor
from tests.scenarios.world import World

HOSTILE = '"><script src=https://evil.example/x.js></script><img src=x onerror=alert(1)>{{7*7}}'


async def test_every_answer_forbids_what_the_page_does_not_need(
    world: World, visitor: Visitor
) -> None:
    sid, _ = await booked(world, await world.build_usual())

    page = await visitor.open(sid)

    stripe = world.stripe_url
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        f"img-src 'self'; form-action 'self' {stripe}; frame-ancestors 'none'; base-uri 'none'"
    )
    assert ("no-referrer", "no-store") == (
        page.headers["Referrer-Policy"],
        page.headers["Cache-Control"],
    )
    assert ("nosniff", "DENY") == (
        page.headers["X-Content-Type-Options"],
        page.headers["X-Frame-Options"],
    )
    assert "Set-Cookie" not in page.headers
    assert "text/html; charset=utf-8" == page.headers["Content-Type"]


async def test_nothing_is_written_into_the_page_that_a_policy_must_allow(
    world: World, visitor: Visitor
) -> None:
    sid, _ = await booked(world, await world.build_usual())

    page = await visitor.open(sid)

    scripts = [attrs for tag, attrs in page.reader.tags if tag == "script"]
    assert ["/checkout/page.js"] == [each["src"].partition("?")[0] for each in scripts]
    assert not [tag for tag, _ in page.reader.tags if tag in {"style", "iframe", "object"}]
    for _, attrs in page.reader.tags:
        assert not [name for name in attrs if name == "style" or name.startswith("on")]
    loaded = [a[n] for t, a in page.reader.tags for n in ("src", "href") if n in a and t != "a"]
    assert 4 == len(loaded)
    assert all(url.startswith("/checkout/") for url in loaded)


async def test_files_of_the_page_may_be_kept_because_their_addresses_change(
    world: World, visitor: Visitor
) -> None:
    sid, _ = await booked(world, await world.build_usual())
    page = await visitor.open(sid)
    addresses = [a["href"] for tag, a in page.reader.tags if tag == "link"]

    files = [await visitor.ask("GET", address) for address in addresses]

    assert ["image/svg+xml", "text/css", "text/css"] == [
        file.headers["Content-Type"].partition(";")[0] for file in files
    ]
    assert all("immutable" in file.headers["Cache-Control"] for file in files)
    assert all("?v=" in address for address in addresses)


@pytest.mark.parametrize(
    "sid",
    [
        "",
        "1",
        "%00",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24",
        "7D0C2A9E-4B2F-4F0E-9D51-3C6A1F0B8E24",
        "7d0c2a9e-4b2f-4f0e-9d51-3c6a1f0b8e24%0a",
        "a" * 5_000,
    ],
)
async def test_an_unknown_link_says_nothing_but_that(
    world: World, visitor: Visitor, sid: str
) -> None:
    page = await visitor.open(sid)
    stream = await visitor.open(sid, Accept="text/event-stream")
    pay = await visitor.ask("GET", f"/checkout/pay?sid={sid}")

    assert [404, 404, 404] == [page.status, stream.status, pay.status]
    assert "There is no checkout at this address" in page.text
    assert page.html == stream.html == pay.html
    assert "alert(1)" not in page.html


async def test_ids_of_trips_groups_and_bookings_open_no_page(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    answer = await world.book(trip_id)
    dossier, _ = await world.service.road.read(trip_id)
    others = (trip_id, answer["group_id"], dossier.bookings[0].booking_id)

    pages = [await visitor.open(each) for each in others]

    assert [404, 404, 404] == [page.status for page in pages]


async def hostile_offer(world: World) -> str:
    """A real offer, as if its supplier had written what we must not believe."""
    found = await world.find_flight()
    offer = await world.service.desk.shelf.get("ours", found["offer_id"])
    assert offer is not None
    await world.service.desk.shelf.put("ours", [defaced(offer)])
    return str(found["offer_id"])


def defaced(offer: Offer) -> Offer:
    place = {"name": HOSTILE, "city_name": HOSTILE, "iata_code": HOSTILE, "time_zone": HOSTILE}
    segment = {
        "origin": place,
        "destination": place,
        "departing_at": HOSTILE,
        "arriving_at": "2027-02-03T10:00:00",
        "origin_terminal": HOSTILE,
        "carrier": HOSTILE,
        "flight_number": HOSTILE,
        "operated_by": "somebody else",
        "duration": HOSTILE,
    }
    part = {"origin": place, "destination": place, "duration": HOSTILE, "segments": [segment]}
    details = {"slices": [part], "cabin_class": HOSTILE, "conditions": {}}
    return replace(offer, title=HOSTILE, details=details)


async def test_what_a_supplier_writes_is_shown_and_never_obeyed(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build({"offer_id": await hostile_offer(world)})
    sid, _ = await booked(world, trip_id)

    page = await visitor.open(sid)

    assert 200 == page.status
    assert HOSTILE in page.text
    assert "{{7*7}}" in page.text
    assert [] == [tag for tag, _ in page.reader.tags if tag == "img"]
    assert 1 == len([tag for tag, _ in page.reader.tags if tag == "script"])
    assert "evil.example" not in page.headers["Content-Security-Policy"]


# --- forms


async def waiting_form(world: World, visitor: Visitor) -> tuple[str, Form]:
    """A trip whose page offers to ask again, and that form, with its cookie in the jar."""
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await expire_at_stripe(world, trip_id, session)
    form = (await visitor.open(sid)).form("/checkout")
    assert form is not None
    return trip_id, form


async def test_the_forms_cookie_is_out_of_reach_of_scripts_and_other_sites(
    world: World, visitor: Visitor
) -> None:
    trip_id = await world.build_usual()
    sid, session = await booked(world, trip_id)
    await expire_at_stripe(world, trip_id, session)

    page = await visitor.open(sid)

    assert "HttpOnly; Path=/; SameSite=Lax" in page.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"token": ""}, {}),
        ({"token": "x" * 43}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Sec-Fetch-Site": "same-site"}),
        ({}, {"Origin": "https://evil.example"}),
        ({}, {"Origin": "http://127.0.0.1.evil.example"}),
        ({}, {"Cookie": "tripledger_form=another"}),
    ],
)
async def test_a_form_from_elsewhere_does_nothing(
    world: World, visitor: Visitor, fields: dict[str, str], headers: dict[str, str]
) -> None:
    trip_id, form = await waiting_form(world, visitor)
    before = await world.topics(trip_id)
    forged = Form(form.method, form.action, {**form.fields, **fields})
    if "Cookie" in headers:
        visitor.session.cookie_jar.clear()

    answer = await visitor.press(forged, **headers)

    assert (403, "form_refused") == (answer.status, answer.standing)
    assert before == await world.topics(trip_id)
    assert 1 == (await world.kinds("stripe", trip_id))["checkout_session.created"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}],
    ids=["old browser", "new browser"],
)
async def test_our_own_form_is_believed(
    world: World, visitor: Visitor, headers: dict[str, str]
) -> None:
    _, form = await waiting_form(world, visitor)

    assert 303 == (await visitor.press(form, **headers)).status


@pytest.mark.parametrize(
    "fields", [{"amount": ""}, {"amount": "-1"}, {"amount": "1e9"}, {"currency": "eur"}]
)
async def test_asking_again_without_a_plain_total_does_nothing(
    world: World, visitor: Visitor, fields: dict[str, str]
) -> None:
    trip_id, form = await waiting_form(world, visitor)
    before = await world.topics(trip_id)

    answer = await visitor.press(Form(form.method, form.action, {**form.fields, **fields}))

    assert 400 == answer.status
    assert before == await world.topics(trip_id)


async def test_a_total_that_was_tampered_with_is_only_asserted(
    world: World, visitor: Visitor
) -> None:
    trip_id, form = await waiting_form(world, visitor)
    total = (await world.trip(trip_id))["total"]
    cheap = Form(form.method, form.action, {**form.fields, "amount": "1"})

    page = await visitor.followed(await visitor.press(cheap))

    assert "price_changed" == page.standing
    assert total["display"] in page.text
    assert 1 == (await world.kinds("stripe", trip_id))["checkout_session.created"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"\xff\xfe=1", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded", 400),
        (b"a" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
)
async def test_what_is_no_form_of_ours_is_refused(
    world: World, visitor: Visitor, body: bytes, kind: str, status: int
) -> None:
    answer = await visitor.ask("POST", "/checkout", data=body, headers={"Content-Type": kind})

    assert status == answer.status


# --- read models that are behind


async def test_a_page_waits_for_the_projection_that_finds_its_trip(unprojected: World) -> None:
    world = unprojected
    visitor = Visitor(world.url, world.session)
    sid, _ = await booked(world, await world.build_usual())
    bookings = Projector(Pages(world.service.log), world.service.models, "bookings", poll_s=0.1)
    given_up = await visitor.open(sid)

    waiting = asyncio.create_task(visitor.open(sid))
    while await bookings.catch_up():
        pass
    found = await waiting

    assert (404, 200, "payable") == (given_up.status, found.status, found.standing)
