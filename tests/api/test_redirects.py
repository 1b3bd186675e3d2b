"""Travellers are sent back to listed origins only, whatever a URL is dressed up as."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.tenants import MemoryTenants
from service.http.problems import Problem
from service.http.redirects import Redirects, is_origin
from tests.scenarios.world import World

OURS = "https://trips.example"
LISTED = Redirects(
    ["https://shop.example", "https://shop.example:8443"],
    MemoryTenants(),
    own=OURS,
    loopback=False,
)
FINE = [
    "https://shop.example",
    "https://shop.example/",
    "https://shop.example/thanks?trip=1#top",
    "https://shop.example:443/thanks",
    "https://SHOP.example/thanks",
    "HTTPS://shop.example/thanks",
    "https://shop.example:8443/thanks",
    "https://shop.example//evil.example",
    "https://shop.example/https://evil.example",
]
TRICKS = [
    "",
    "/thanks",
    "//shop.example",
    "//evil.example",
    "///evil.example",
    "https:/evil.example",
    "https:evil.example",
    "https:///shop.example",
    "https:shop.example",
    "http://shop.example/",
    "javascript:alert(1)//https://shop.example",
    "data:text/html,https://shop.example",
    "ftp://shop.example/",
    "blob:https://shop.example/7d0c2a9e",
    "https://evil.example",
    "https://shop.example.evil.example",
    "https://evil.example/https://shop.example",
    "https://evil.example?https://shop.example",
    "https://evil.example#https://shop.example",
    "https://evilshop.example",
    "https://shop.example@evil.example",
    "https://shop.example:pw@evil.example",
    "https://user@shop.example",
    "https://shop.example%40evil.example",
    "https://shop.example\\@evil.example",
    "https:\\\\evil.example",
    "https://evil.example\\.shop.example",
    "https://shop.example\\evil",
    "https://shop.example:8080/",
    "https://shop.example:80/",
    "https://shop.example:99999/",
    "https://shop.example:-443/",
    "https://shop.example:4 43/",
    "https://shop.example:evil/",
    "https://shop.example./",
    "https://shop.example../",
    "https://shop%2eexample/",
    "https://sub.shop.example/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[shop.example]/",
    "https://[::1",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://shop.example\n.evil.example",
    "https://shop.example\t/",
    " https://shop.example/",
    "https://shop.example/ ",
    "\x00https://shop.example/",
    "https://shop.example/\x7f",
    "https://shop.example\r\nLocation: https://evil.example",
    "https://ѕhop.example/",
    "https://shop。example/",
    "https://shop.example／evil",
    "https://shop.ex\u00adample/",
    "https://xn--hop-zld.example/",
]


def goes(url: str, redirects: Redirects = LISTED, tenant: str = "acme") -> bool:
    try:
        asyncio.run(redirects.check(url, tenant))
    except Problem as problem:
        return problem.kind.code != "redirect_not_allowed"
    return True


@pytest.mark.parametrize("url", FINE)
def test_any_page_of_a_listed_origin_is_fine(url: str) -> None:
    assert goes(url)


@pytest.mark.parametrize("url", TRICKS)
def test_no_trick_leads_elsewhere(url: str) -> None:
    assert not goes(url)


PIECES = st.sampled_from(
    ["https", "http", ":", "/", "//", "\\", "@", "shop.example", "evil.example", ".", "?", "#"]
    + [":443", ":8443", "%2f", "%40", "[", "]", "\t", "ѕ", "user", "javascript", "\x00", ""]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=10).map("".join))
def test_whatever_passes_is_read_as_a_listed_origin(url: str) -> None:
    """Read as browsers read: up to the first slash, question mark or hash after the scheme."""
    if not goes(url):
        return
    assert url.isascii()
    assert url.lower().startswith("https://")
    host = urlsplit(url).netloc.lower()
    assert host in {"shop.example", "shop.example:", "shop.example:443", "shop.example:8443"}


@pytest.mark.parametrize("url", ["http://localhost:4200/", "http://127.0.0.1/", "http://[::1]:3/"])
def test_this_machine_is_fine_only_while_trying_out(url: str) -> None:
    assert not goes(url)
    assert goes(url, Redirects([], MemoryTenants(), own=OURS, loopback=True))


def test_what_a_tenant_has_set_counts_for_it_alone() -> None:
    tenants = MemoryTenants()
    tenants.origins = {"acme": ["https://acme.example"], "nobody": []}
    redirects = Redirects(["https://shop.example"], tenants, own=OURS, loopback=False)
    urls = ["https://acme.example/", "https://shop.example/", f"{OURS}/checkout"]

    assert {
        "acme": [True, False, True],
        "globex": [False, True, True],
        "nobody": [False, False, True],
    } == {
        tenant: [goes(url, redirects, tenant) for url in urls]
        for tenant in ("acme", "globex", "nobody")
    }


async def test_the_list_of_a_tenant_is_asked_when_it_books(world: World) -> None:
    service = world.service
    trip_id = await world.build(await world.find_flight())
    book = f"/v1/trips/{trip_id}/book"
    wanted = {"redirect_url": "https://own.example/thanks"}
    refused = await world.refused("POST", book, wanted)
    now = service.clock.now()
    await service.tenants.set_redirect_origins("ours", ["https://own.example"], now)
    try:
        booked = await world.ask("POST", book, wanted)
    finally:
        await service.tenants.set_redirect_origins("ours", None, now)

    assert refused[:2] == (422, "redirect_not_allowed")
    assert booked.status == 200


@pytest.mark.parametrize("text", ["https://shop.example", "http://localhost:4200"])
def test_an_origin_is_one(text: str) -> None:
    assert is_origin(text)


@pytest.mark.parametrize(
    "text", ["shop.example", "https://shop.example/", "https://*.example/x", ""]
)
def test_what_is_more_or_less_than_an_origin_is_none(text: str) -> None:
    assert not is_origin(text)
