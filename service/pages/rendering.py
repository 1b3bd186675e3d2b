"""Templates, their static files, and the headers every page carries."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from service.http.redirects import origin_of
from service.pages.brand import Brand, Brands

STATIC = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
# The address of a file changes with its content, so browsers may keep it.
KEPT = "public, max-age=31536000, immutable"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """Renders the templates, each page in its tenant's brand."""

    def __init__(self, brands: Brands, *, sandbox: bool) -> None:
        self.brands = brands
        self.files = static_files(brands)
        self.assets = {name: address(name, body) for name, (body, _) in self.files.items()}
        self.environment = Environment(
            loader=PackageLoader("service.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals.update(assets=self.assets, sandbox=sandbox)

    def page(
        self,
        template: str,
        *,
        tenant: str = "",
        status: int = 200,
        pay_url: str | None = None,
        **values: Any,
    ) -> web.Response:
        brand = self.brands.of(tenant)
        look = {"brand": brand, "brand_css": self.assets[css_name(brand)]}
        text = self.environment.get_template(template).render(**look, **values)
        headers = page_headers(pay_url)
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)

    def add_files(self, app: web.Application, path: str) -> None:
        for name, (body, media_type) in self.files.items():
            app.router.add_get(f"{path}/{name}", fixed(body, media_type))


def css_name(brand: Brand) -> str:
    """Brands of the same colours share a file."""
    return f"brand-{hashlib.sha256(brand.stylesheet().encode()).hexdigest()[:12]}.css"


def static_files(brands: Brands) -> dict[str, tuple[bytes, str]]:
    found = resources.files("service.pages").joinpath("static")
    files = {name: (found.joinpath(name).read_bytes(), kind) for name, kind in STATIC.items()}
    looks = {css_name(each): each.stylesheet().encode() for each in brands.every()}
    return files | {name: (body, "text/css") for name, body in looks.items()}


def address(name: str, body: bytes) -> str:
    return f"/checkout/{name}?v={hashlib.sha256(body).hexdigest()[:12]}"


def fixed(body: bytes, media_type: str) -> Handler:
    async def serve(_: web.Request) -> web.StreamResponse:
        headers = {"Cache-Control": KEPT}
        return web.Response(body=body, content_type=media_type, charset="utf-8", headers=headers)

    return serve


def page_headers(pay_url: str | None) -> dict[str, str]:
    """Nothing foreign is loaded, embedded or sent to; forms may lead to the payment page only."""
    origin = pay_origin(pay_url)
    forms = f"'self' {origin}" if origin else "'self'"
    policy = (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        f"img-src 'self'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
        "Vary": "Accept",
    }


def pay_origin(url: str | None) -> str | None:
    """The payment page's origin as the policy spells it; None for what is no plain web address."""
    found = origin_of(url) if url is not None else None
    if found is None:
        return None
    scheme, host, port = found
    if not all(character.isalnum() or character in "-._:" for character in host):
        return None
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
