"""The list of who may do what in the console is kept by every page and button of it."""

from __future__ import annotations

import pytest

from service.http.guards.access import CONSOLE
from tests.console.conftest import SignIn
from tests.console.operating import Console, form_of
from tests.scenarios.world import World

READER = frozenset({"ops:read"})
SOMETHING = "00000000-0000-4000-8000-000000000000"


def path_of(name: str) -> tuple[str, str]:
    method, _, path = name.partition(" ")
    for part in ("{trip_id}", "{task_id}", "{name}", "{endpoint_id}", "{delivery_id}"):
        path = path.replace(part, SOMETHING)
    return method, path


async def asked(console: Console, token: str) -> dict[str, int]:
    """Every page and button that turns the operator away, with the status."""
    statuses = {}
    for name in CONSOLE:
        method, path = path_of(name)
        if path in {"/console/changes", "/console/sign-out"}:
            continue
        data = {"token": token} if method == "POST" else None
        answer = await console.ask(method, path, data=data)
        if answer.status in {303, 403}:
            statuses[name] = answer.status
    return statuses


async def test_without_a_session_nothing_answers(stranger: Console) -> None:
    for name in CONSOLE:
        method, path = path_of(name)
        answer = await stranger.ask(method, path, data={} if method == "POST" else None)

        assert 303 == answer.status, name
        assert answer.headers["Location"].startswith("/console/sign-in"), name


@pytest.mark.parametrize(
    "scopes",
    [READER, READER | {"ops:write"}, READER | {"ops:all"}, READER | {"ops:write", "ops:all"}],
    ids=lambda scopes: "+".join(sorted(scopes)),
)
async def test_each_scope_opens_exactly_what_the_list_says(
    world: World, sign_in: SignIn, scopes: frozenset[str]
) -> None:
    console = await sign_in(scopes=scopes)
    page = await console.sees("/console")
    before = await world.service.log.last_position()

    told = await asked(console, form_of(page, "/console/sign-out").fields["token"])

    refused = {name for name, status in told.items() if status == 403}
    everybodys = {n for n, s in CONSOLE.items() if s == "ops:all" and n.startswith("POST")}
    missing = {name for name, scope in CONSOLE.items() if scope not in scopes}
    assert missing | (everybodys if "ops:write" not in scopes else set()) == refused
    assert before == await world.service.log.last_position()


async def test_a_key_does_not_stand_for_a_session(world: World, stranger: Console) -> None:
    for name in CONSOLE:
        method, path = path_of(name)
        headers = {"Authorization": f"Bearer {world.key}"}
        data = {} if method == "POST" else None
        answer = await stranger.ask(method, path, headers=headers, data=data)

        assert 303 == answer.status, name
