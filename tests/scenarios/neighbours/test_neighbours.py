"""Two tenants live side by side and each tries everything on the other. Whatever either is told is
listened to: nothing in it is the other's, and nothing of the other's has changed."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from service.http.api import Route
from service.http.guards.access import CONSOLE, rule_of
from service.http.routes import routes_of
from tests.api.everything import ARGUMENTS, BODIES, Ours, everything
from tests.console.operating import form_of
from tests.scenarios.neighbours.neighbour import Neighbour, looks_around, neighbour
from tests.scenarios.stillness import nothing_is_on_its_way
from tests.scenarios.world import SETTLE_S_MAX, World, raised_world

ASTER: dict[str, Any] = {
    "travelers": [
        {
            "first_name": "Asterina",
            "last_name": "Gibbosaria",
            "passenger_type": "ADULT",
            "date_of_birth": "1971-03-29",
            "gender": "f",
        }
    ],
    "contact": {"email": "asterina@starfish-canary.dev", "phone": "+442071838750"},
}
BUTEO: dict[str, Any] = {
    "travelers": [
        {
            "first_name": "Buteonis",
            "last_name": "Lagopusarius",
            "passenger_type": "ADULT",
            "date_of_birth": "1969-11-02",
            "gender": "m",
        }
    ],
    "contact": {"email": "buteonis@buzzard-canary.dev", "phone": "+442071838751"},
}
# Answers that go on for as long as somebody listens have a test of their own.
ENDLESS = {"GET /console/changes"}
# Moves everybody's time, where there are only pretended providers.
EVERYBODYS = {"POST /v1/sandbox/clock"}
CONSOLE_FILTERS = ("q", "trip", "tenant", "topic", "owner", "code", "operator", "after", "before")
CHANGES = {"seen_at", "last_used_at"}


async def test_no_tenant_is_told_or_changes_anything_of_the_others(
    database_url: str, tmp_path: Path
) -> None:
    brands = tmp_path / "brands.json"
    brands.write_text(
        json.dumps({name: {"name": f"Brand of {name}"} for name in ("aster", "buteo")})
    )
    async with (
        raised_world(database_url, tmp_path, brands_file=brands) as world,
        neighbour(world, "aster", ASTER) as aster,
        neighbour(world, "buteo", BUTEO) as buteo,
    ):
        await aster.lives()
        await buteo.lives()
        for one, other in ((aster, buteo), (buteo, aster)):
            await nobody_waits(aster, buteo)
            before = await rows_of(world, other.name)
            asked = await tries_everything(one, other)
            assert [] == changed(before, await rows_of(world, other.name))
            assert reachable(world) <= asked
        await looks_around(aster)
        await looks_around(buteo)
        await nobody_waits(aster, buteo)
        aster.hears_its_webhooks()
        buteo.hears_its_webhooks()

        assert set() == aster.leaks_of(buteo)
        assert set() == buteo.leaks_of(aster)
        for one in (aster, buteo):
            # Each was really told of its own, so the other could have been.
            assert len(one.canaries) > 30
            unseen = {
                name
                for name, value in one.canaries.items()
                if not any(value in heard.told for heard in one.ear.heard)
            }
            assert unseen <= {"key"}


async def test_a_page_hears_of_its_own_tenants_trips_only(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        raised_world(database_url, tmp_path) as world,
        neighbour(world, "aster", ASTER) as aster,
        neighbour(world, "buteo", BUTEO) as buteo,
    ):
        theirs = await buteo.world.build()
        absent = await aster.console.open(f"/console/changes?trip={theirs}")
        async with asyncio.timeout(SETTLE_S_MAX), page_of(aster) as page:
            # The first page that listens is woken once for nothing.
            first = await news(page)
            async with page_of(buteo) as another:
                await buteo.world.build()
                await news(another)
            own = await aster.world.build()
            told = await news(page)

        assert 404 == absent.status
        events = await aster.world.events(own)
        assert first < events[0]["position"] <= told


@asynccontextmanager
async def page_of(one: Neighbour) -> AsyncIterator[aiohttp.StreamReader]:
    """What an open page hears, which has seen everything so far."""
    seen = await one.world.service.log.last_position()
    url = f"{one.world.url}/console/changes?seen={seen}"
    jar = one.console.session.cookie_jar
    async with aiohttp.ClientSession(cookie_jar=jar) as listening, listening.get(url) as stream:
        assert b"retry: " in await stream.content.readuntil(b"\n\n")
        assert b":\n\n" == await stream.content.readuntil(b"\n\n")
        yield stream.content


async def news(page: aiohttp.StreamReader) -> int:
    """The position that the page is told next."""
    told = b":\n\n"
    while told == b":\n\n":
        told = await page.readuntil(b"\n\n")
    position = re.fullmatch(rb"id: (\d+)\ndata: changed\n\n", told)
    assert position is not None
    return int(position[1])


def reachable(world: World) -> set[str]:
    """Every route, page, button and tool that a tenant with all its own scopes can come to."""
    found = {
        name
        for name in everything(world)
        if rule_of(name) not in {"anyone", "link", "provider"} and CONSOLE.get(name) != "ops:all"
    }
    assert len(found) > 60
    return found - ENDLESS - EVERYBODYS


async def tries_everything(one: Neighbour, other: Neighbour) -> set[str]:
    """By the other's ids, alone and mixed with its own, and with the other's words in every filter;
    answers what was tried."""
    token = form_of(await one.console.sees("/console"), "/console/sign-out").fields["token"]
    queries = {route.name: route.query for route in routes(one.world)}
    names = reachable(one.world)
    for name in sorted(names - {"POST /console/sign-out"}):
        for ids in mixtures(name, one, other):
            if name in CONSOLE:
                await at_the_console(one, other, name, ids, token)
            else:
                await Ours(one.world, ids).ask(name, one.world.key, whole=True)
        if name in queries:
            await with_filters(one, other, name, queries[name])
    await one.console.ask("POST", "/console/sign-out", data={"token": token})
    await one.console.enter()
    return names


def routes(world: World) -> list[Route]:
    return routes_of(world.service)[0]


def mixtures(name: str, one: Neighbour, other: Neighbour) -> Iterator[dict[str, str]]:
    """Ids for each part of the path, at least one of them the other's."""
    shape = name + json.dumps([BODIES.get(name), ARGUMENTS.get(name)])
    parts = [part for part in other.ids if f"{{{part}}}" in shape]
    unknown = set(shape_parts(name)) - other.ids.keys()
    assert not unknown, f"{name}: nothing stands for {unknown}: say what in Neighbour.knows"
    for whose in product((one, other), repeat=len(parts)):
        if other in whose or not parts:
            yield {**other.ids, **{p: w.ids[p] for p, w in zip(parts, whose, strict=True)}}


def shape_parts(name: str) -> list[str]:
    return [piece.partition("}")[0] for piece in name.split("{")[1:]]


async def at_the_console(
    one: Neighbour, other: Neighbour, name: str, ids: dict[str, str], token: str
) -> None:
    method, _, shape = name.partition(" ")
    path = str(Ours(one.world, ids).filled(shape))
    if method == "GET":
        await one.console.open(path)
        person = {"person": other.ids["person_id"], "field": "last_name", "action": "refund"}
        await one.console.open(path, params=person)
        for field in CONSOLE_FILTERS:
            for words in (ids["trip_id"], other.canaries["email"], other.name):
                await one.console.open(path, params={field: words})
        return
    for words in (other.ids["trip_id"], other.canaries["email"], other.canaries["saved search"]):
        form = {"token": token, "q": words, "name": words, "subject": words, "reason": "Because"}
        form |= {"person": other.ids["person_id"], "field": "last_name", "action": "resolve"}
        await one.console.ask(method, path, data=form)


async def with_filters(
    one: Neighbour, other: Neighbour, name: str, query: type[msgspec.Struct]
) -> None:
    method, _, shape = name.partition(" ")
    path = str(Ours(one.world, one.ids).filled(shape))
    for field in msgspec.structs.fields(query):
        for words in (other.ids["trip_id"], other.ids["code"], other.canaries["email"], "0"):
            if method == "GET":
                await one.world.ask(method, f"{path}?{field.encode_name}={words}")


async def nobody_waits(*neighbours: Neighbour) -> None:
    """What changes from here on was changed by what is asked from here on."""
    await nothing_is_on_its_way(neighbours[0].world)
    for one in neighbours:
        await one.is_told_of_everything()


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    """The rows that are there once only, or not any more."""
    return [
        f"{table} {word}: {row}"
        for table in before
        for word, ours, theirs in (("lost", before, after), ("got", after, before))
        for row in sorted((Counter(ours[table]) - Counter(theirs[table])).elements())
    ]


async def rows_of(world: World, tenant: str) -> dict[str, list[str]]:
    """Every row that is the tenant's, in every table that knows tenants."""
    assert world.service.database is not None
    pool = world.service.database.pool
    tables = await pool.fetch(
        "SELECT c.table_name FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema = 'tripledger' AND c.column_name = 'tenant'"
        " AND t.table_type = 'BASE TABLE'"
    )
    assert len(tables) > 8
    found = {}
    for (table,) in tables:
        rows = await pool.fetch(
            f"SELECT (to_jsonb(t) - $2::text[])::text AS row FROM tripledger.{table} t"
            " WHERE tenant = $1 ORDER BY 1",
            tenant,
            sorted(CHANGES),
        )
        found[table] = [row["row"] for row in rows]
    return found
