"""What the page where people pay sends and runs, to the last header and script: whoever changes it
changes this list too, knowingly (PCI DSS 6.4.3 and 11.6.1)."""

from __future__ import annotations

import hashlib

from tests.pages.checkouts import booked
from tests.pages.reading import Visitor
from tests.scenarios.world import World

OF_EACH_ANSWER = {"Date", "X-Request-ID", "Content-Length"}
SCRIPTS = {"/checkout/page.js": "f4c04ca79692902085e7d8350ab9ff35399665b98fb2c5f71ed37cddb0f36cb7"}


async def test_the_page_sends_these_headers_and_no_others(world: World, visitor: Visitor) -> None:
    sid, _ = await booked(world, await world.build_usual())

    page = await visitor.open(sid)

    assert {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
        f"connect-src 'self'; img-src 'self'; form-action 'self' {world.stripe_url}; "
        "frame-ancestors 'none'; base-uri 'none'",
        "Content-Type": "text/html; charset=utf-8",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Server": "tripledger",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
    } == {name: value for name, value in page.headers.items() if name not in OF_EACH_ANSWER}


async def test_the_page_runs_these_scripts_and_no_others(world: World, visitor: Visitor) -> None:
    sid, _ = await booked(world, await world.build_usual())

    page = await visitor.open(sid)

    sources = [attrs["src"] for tag, attrs in page.reader.tags if tag == "script"]
    found = {}
    for source in sources:
        script = await visitor.ask("GET", source)
        found[source.partition("?")[0]] = hashlib.sha256(script.html.encode()).hexdigest()
    assert SCRIPTS == found
