"""Operators of an organisation sign in where it signs people in, with the roles it gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio

from tests.api.issuer import AUDIENCE, CLIENT_ID, CLIENT_SECRET, STRANGER, Issuer, issuing
from tests.console.operating import Console
from tests.pages.reading import Page
from tests.scenarios.audit import audit
from tests.scenarios.world import World, raised_world

BEGIN = "/console/sign-in/issuer"


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as issuer:
        issuer.signs_in = {"tenant": "ours", "roles": ["operator"]}
        yield issuer


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path, issuer: Issuer) -> AsyncIterator[World]:
    trusting = {
        "oidc_issuer": issuer.url,
        "oidc_audience": AUDIENCE,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
    }
    async with raised_world(database_url, tmp_path, **trusting) as world:
        yield world
        await audit(world)


@pytest_asyncio.fixture
async def somebody(world: World) -> AsyncIterator[Console]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Console(world, session, "")


async def sent_back(somebody: Console, next_path: str = "/console/trips") -> str:
    """Begins, goes to the issuer, and answers where that sends the browser back to."""
    begun = await somebody.open(f"{BEGIN}?{urlencode({'next': next_path})}")
    async with somebody.session.get(begun.headers["Location"], allow_redirects=False) as answer:
        return answer.headers["Location"].removeprefix(somebody.world.url)


async def signed_in(somebody: Console) -> Page:
    return await somebody.open(await sent_back(somebody))


async def test_who_the_organisation_knows_is_let_in_with_their_roles(
    world: World, somebody: Console
) -> None:
    door = await somebody.sees("/console/sign-in?next=/console/trips")
    assert "Sign in with your organisation" in door.text

    page = await signed_in(somebody)

    assert (303, "/console/trips") == (page.status, page.headers["Location"])
    trips = await somebody.followed(page)
    assert "Operator user:u-17 Tenant ours Sign out" in trips.text
    assert 403 == (await somebody.open("/console/webhooks")).status
    trip_id = await world.build_usual()
    assert 200 == (await somebody.open(f"/console/trips/{trip_id}")).status
    assert "user:u-17 signed in" in (await somebody.sees("/console/audit")).text


async def test_a_role_that_only_reads_may_only_read(somebody: Console, issuer: Issuer) -> None:
    issuer.signs_in = {"tenant": "ours", "roles": ["viewer"]}

    page = await somebody.followed(await signed_in(somebody))

    assert "Tenant ours, reading only" in page.text


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": ["agent"]},
        {"roles": []},
        {"nonce": "another"},
        {"nonce": ...},
        {"aud": AUDIENCE},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"tenant": ...},
        {"key": STRANGER},
    ],
    ids=lambda claims: "-".join(claims),
)
async def test_whom_the_token_does_not_speak_for_is_not_let_in(
    somebody: Console, issuer: Issuer, claims: dict[str, object]
) -> None:
    issuer.signs_in = issuer.signs_in | claims

    page = await signed_in(somebody)

    assert 403 == page.status
    assert 303 == (await somebody.open("/console")).status


async def test_an_answer_is_good_once_and_only_for_the_browser_that_began(
    world: World, somebody: Console
) -> None:
    answer = await sent_back(somebody)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        other = Console(world, session, "")
        theirs = await other.open(answer)
        await other.open(BEGIN)
        mixed = await other.open(answer)

    changed = await somebody.open(answer.replace("state=", "state=x"))
    begun = await sent_back(somebody)
    first = await somebody.open(begun)
    again = await somebody.open(begun)

    assert [403, 403, 403, 303, 403] == [
        page.status for page in (theirs, mixed, changed, first, again)
    ]


async def test_a_code_stolen_on_its_way_is_worth_nothing_without_the_verifier(
    world: World, somebody: Console, issuer: Issuer
) -> None:
    answer = await sent_back(somebody)
    stolen = next(iter(issuer.codes))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        thief = Console(world, session, "")
        own = await sent_back(thief)
        state = own.partition("state=")[2]
        page = await thief.open(f"{BEGIN}/answer?code={stolen}&state={state}")

    assert 403 == page.status
    assert "has not accepted" in page.text
    assert stolen in answer
    assert [] == [code for code in issuer.codes if code == stolen]


async def test_an_issuer_that_is_away_leaves_the_door_for_keys(
    somebody: Console, issuer: Issuer
) -> None:
    issuer.named = "https://elsewhere.example"

    page = await somebody.open(BEGIN)

    assert 503 == page.status
    assert page.form("/console/sign-in") is not None


async def test_nobody_is_led_elsewhere_afterwards(somebody: Console) -> None:
    page = await somebody.open(await sent_back(somebody, "https://elsewhere.example/console"))

    assert "/console" == page.headers["Location"]
