"""A browser reads an address as we have read it: what we let pass leads to the origin we saw."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import Browser

from service.http.redirects import DEFAULT_PORTS, origin_of
from tests.api.test_redirects import FINE, TRICKS

MORE = [
    "https://shop.example:0443/",
    "https://shop.example:00/",
    "https://shop.example:0/",
    "https://SHOP.example/",
    "https://shop%2eexample/",
    "https://shop%00.example/",
    "https://shop.example%2f.evil.example/",
    "https:shop.example",
    "https:/shop.example",
    "https:///shop.example",
    "https:////evil.example",
    "https://shop.example;evil.example/",
    "https://shop.example,evil.example/",
    "https://shop.example'evil.example/",
    "https://shop.example|evil.example/",
    "https://shop.example^evil.example/",
    "https://shop.example<evil.example/",
    "https://shop.example`evil.example/",
    "https://shop.example$evil.example/",
    "https://shop.example&evil.example/",
    "https://shop.example*evil.example/",
    "https://shop.example_evil.example/",
    "https://shop.example~evil.example/",
    "https://shop.example!evil.example/",
    "https://shop.example(evil).example/",
    "https://{evil}.example/",
    'https://"evil".example/',
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://017700000001/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://1.2.3/",
    "https://256.256.256.256/",
    "https://1e3/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::FFFF:7f00:1]/",
    "https://[::1%25eth0]/",
    "https://[v1.x]/",
    "https://[::1]evil.example/",
    "https://[::1/",
    "https://-/",
    "https://./",
    "https://shop..example/",
    "https://shop.example./",
    "https://xn--/",
    "https://xn--a/",
    "https://xn--0.example/",
    f"https://{'a' * 64}.example/",
    f"https://{'a.' * 130}example/",
    "https://shop.example:65536/",
    "https://shop.example:99999/",
    "https://shop.example:-1/",
    "https://shop.example:+443/",
    "https://shop.example:4_43/",
    "https://shop.example:443:443/",
    "https://shop.example: 443/",
    "https://shop.example:",
    "https://?evil.example",
    "https://#evil.example",
    "https://shop.example?x=//evil.example",
    "https://shop.example#//evil.example",
    "https://shop.example/..//evil.example/",
    "https://shop.example/%2e%2e/%5c%5cevil.example",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "blob:https://shop.example/x",
    "filesystem:https://shop.example/x",
    "view-source:https://shop.example/",
    "ftp://shop.example/",
    "//evil.example/",
    "/evil",
    "",
]
READ = """(urls) => urls.map((url) => {
  try {
    const read = new URL(url);
    return [read.protocol, read.hostname, read.port];
  } catch {
    return null;
  }
})"""


def spelled(url: str) -> tuple[str, str, str] | None:
    """What we take the origin for, as a browser writes its parts."""
    origin = origin_of(url)
    if origin is None:
        return None
    scheme, host, port = origin
    return (
        f"{scheme}:",
        f"[{host}]" if ":" in host else host,
        "" if port == DEFAULT_PORTS[scheme] else str(port),
    )


async def test_what_we_take_for_an_origin_a_browser_takes_for_the_same(browser: Browser) -> None:
    urls = [*FINE, *TRICKS, *MORE, *glued()]
    page = await browser.new_page()
    try:
        read: list[Any] = await page.evaluate(READ, urls)
    finally:
        await page.close()

    differing = {
        json.dumps(url): (ours, theirs)
        for url, found in zip(urls, read, strict=True)
        # What a browser cannot read leads nowhere.
        if found is not None and (ours := spelled(url)) not in (None, theirs := tuple(found))
    }
    assert {} == differing
    assert len([url for url in urls if spelled(url)]) > 60
    assert all(spelled(url) for url in FINE)


def glued() -> list[str]:
    """Each character that could end a host early, or late, put into the middle of one."""
    odd = [chr(code) for code in range(0x21, 0x7F)]
    return [f"https://shop.example{each}evil.example/" for each in odd] + [
        f"https{each}//shop.example/" for each in odd
    ]
