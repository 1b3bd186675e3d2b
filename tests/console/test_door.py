"""Who gets into the console, for how long, and what a button needs besides being pressed."""

from __future__ import annotations

import aiohttp
import pytest

from tests.console.conftest import SignIn
from tests.console.operating import Console, form_of
from tests.pages.reading import Page
from tests.scenarios.world import World

READING = frozenset({"ops:read"})
OURS = READING | {"ops:write"}
PAGES = ("", "/trips", "/incidents", "/webhooks", "/projections", "/log", "/audit")


async def acts(world: World) -> list[str]:
    rows = await world.service.database.pool.fetch(  # type: ignore[union-attr]
        "SELECT act FROM tripledger.operator_acts ORDER BY act_id"
    )
    return [row["act"] for row in rows]


@pytest.mark.parametrize("path", PAGES)
async def test_who_is_not_signed_in_is_asked_to_and_led_back(stranger: Console, path: str) -> None:
    turned_away = await stranger.open(f"/console{path}")

    assert 303 == turned_away.status
    where = turned_away.headers["Location"]
    assert where == f"/console/sign-in?next={('/console' + path).replace('/', '%2F')}"
    form = form_of(await stranger.sees(where), "/console/sign-in")
    assert f"/console{path}" == form.fields["next"]


async def test_a_key_is_exchanged_for_a_session_that_scripts_and_other_sites_cannot_use(
    world: World, stranger: Console
) -> None:
    now = world.service.clock.now()
    stranger.key, key = await world.service.keys.create("ours", "test", OURS, now)

    page = await stranger.enter()

    [cookie] = [c for c in page.headers.getall("Set-Cookie") if c.startswith("tripledger_console=")]
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} == set(cookie.split("; ")[1:])
    assert stranger.key not in cookie
    assert key.key_id not in cookie
    assert ["signed in"] == await acts(world)
    assert key.key_id in (await stranger.sees("/console")).text


@pytest.mark.parametrize("scopes", [frozenset({"trips:read", "payments:write"}), frozenset()])
async def test_a_key_without_the_scope_does_not_open(
    world: World, stranger: Console, scopes: frozenset[str]
) -> None:
    now = world.service.clock.now()
    key, _ = await world.service.keys.create("ours", "test", scopes, now)

    refused = await stranger.tries("/console/sign-in", "/console/sign-in", key=key)

    assert 403 == refused.status
    assert 303 == (await stranger.open("/console")).status
    assert [] == await acts(world)


@pytest.mark.parametrize("key", ["", "tl_test_0000", "é" * 20, "x" * 5_000])
async def test_what_is_no_key_does_not_open(world: World, stranger: Console, key: str) -> None:
    refused = await stranger.tries("/console/sign-in", "/console/sign-in", key=key)

    assert 403 == refused.status
    assert "unknown, expired or revoked" in refused.text
    assert [] == await acts(world)


async def test_signing_out_ends_the_session_also_for_who_kept_the_cookie(
    world: World, console: Console
) -> None:
    kept = console.session.cookie_jar.filter_cookies(aiohttp.typedefs.URL(world.url))
    cookies = {name: morsel.value for name, morsel in kept.items()}

    out = await console.tries("/console", "/console/sign-out")

    assert (303, "/console/sign-in") == (out.status, out.headers["Location"])
    async with (
        aiohttp.ClientSession(cookies=cookies) as thief,
        thief.get(f"{world.url}/console", allow_redirects=False) as answer,
    ):
        assert 303 == answer.status
    assert ["signed in", "signed out"] == await acts(world)


async def test_a_revoked_key_ends_its_sessions(world: World, console: Console) -> None:
    key_id = console.key.split("_")[2]
    await world.service.keys.revoke(key_id, world.service.clock.now())

    assert 303 == (await console.open("/console")).status


async def test_a_session_ends_when_nothing_is_done_and_in_any_case(
    world: World, sign_in: SignIn
) -> None:
    idle_s, whole_s = (
        world.service.settings.console_idle_s,
        world.service.settings.console_session_s,
    )
    busy, lazy = await sign_in(), await sign_in()

    await world.advance(idle_s - 60)
    assert 200 == (await busy.open("/console")).status
    await world.advance(120)
    assert (200, 303) == (
        (await busy.open("/console")).status,
        (await lazy.open("/console")).status,
    )

    gone = idle_s + 60
    while gone + idle_s / 2 < whole_s:
        await world.advance(idle_s / 2)
        gone += idle_s / 2
        assert 200 == (await busy.open("/console")).status
    await world.advance(whole_s - gone + 1)

    assert 303 == (await busy.open("/console")).status


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "https://evil.example/console",
        "/console.evil.example",
        "/console/../\\evil.example",
        "/checkout",
        "/consolé",
        "/console/sign-in",
        "/console\r\nX: y",
    ],
)
async def test_signing_in_leads_nowhere_but_into_the_console(
    world: World, stranger: Console, address: str
) -> None:
    now = world.service.clock.now()
    key, _ = await world.service.keys.create("ours", "test", READING, now)

    page = await stranger.tries("/console/sign-in", "/console/sign-in", key=key, next=address)

    assert (303, "/console") == (page.status, page.headers["Location"])


async def without_token(console: Console, page: Page, action: str) -> list[Page]:
    """The form sent as other sites could: without the token, with a wrong one, and from them."""
    form = form_of(page, action)
    wrong = {**form.fields, "token": form.fields["token"][::-1]}
    none = {name: value for name, value in form.fields.items() if name != "token"}
    foreign = {"Origin": "https://evil.example"}
    said = {"Sec-Fetch-Site": "cross-site"}
    return [
        await console.ask("POST", action, data=none),
        await console.ask("POST", action, data=wrong),
        await console.ask("POST", action, data=form.fields, headers=foreign),
        await console.ask("POST", action, data=form.fields, headers=said),
    ]


async def test_a_button_needs_the_token_of_the_session_and_our_own_page(
    world: World, console: Console
) -> None:
    page = await console.sees("/console/projections")

    answers = await without_token(console, page, "/console/projections/bookings")

    assert [403] * 4 == [answer.status for answer in answers]
    assert ["signed in"] == await acts(world)


async def test_signing_in_needs_the_token_of_the_browser(world: World, stranger: Console) -> None:
    page = await stranger.sees("/console/sign-in")

    answers = await without_token(stranger, page, "/console/sign-in")

    assert [403] * 4 == [answer.status for answer in answers]


async def test_the_token_of_one_session_presses_no_button_of_another(
    world: World, sign_in: SignIn
) -> None:
    one, other = await sign_in(), await sign_in()
    action = "/console/projections/bookings"
    form = form_of(await one.sees("/console/projections"), action)

    answer = await other.press(form, act="pause", reason="because")

    assert 403 == answer.status
    assert ["signed in", "signed in"] == await acts(world)


async def test_who_only_reads_changes_nothing_and_sees_no_buttons(
    world: World, sign_in: SignIn
) -> None:
    reader = await sign_in(scopes=READING | {"ops:all"})
    page = await reader.sees("/console/projections")
    token = form_of(page, "/console/sign-out").fields["token"]

    answer = await reader.ask(
        "POST",
        "/console/projections/bookings",
        data={"token": token, "act": "pause", "reason": "because"},
    )

    assert 403 == answer.status
    assert page.form("/console/projections/bookings") is None
    assert ["signed in"] == await acts(world)


async def test_every_page_forbids_what_it_does_not_need(console: Console) -> None:
    for path in PAGES:
        page = await console.sees(f"/console{path}")
        assert page.headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
            "img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        assert ("no-store", "no-referrer", "DENY") == (
            page.headers["Cache-Control"],
            page.headers["Referrer-Policy"],
            page.headers["X-Frame-Options"],
        )
        scripts = [attrs for tag, attrs in page.reader.tags if tag == "script"]
        assert ["/console/static/console.js"] == [s["src"].partition("?")[0] for s in scripts]
        for _, attrs in page.reader.tags:
            assert not [name for name in attrs if name == "style" or name.startswith("on")]


async def test_behind_tls_the_cookies_are_bound_to_it(database_url: str, tmp_path: object) -> None:
    from service.pages.forgery import Tokens

    tokens = Tokens("https://trips.example", "tripledger_sign_in")

    assert ("__Host-tripledger_sign_in", True) == (tokens.cookie, tokens.secure)
