"""`/openapi.json`, and `/docs`: the same contract to read and try out, without any foreign host."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import swagger_ui_bundle
from aiohttp import web

Json = dict[str, Any]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
KEPT = "public, max-age=3600"
OURS = {"page.js": "text/javascript", "page.css": "text/css"}
VENDORED = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

Serve = Callable[[web.Request], Awaitable[web.Response]]


def add_docs(app: web.Application, document: Callable[[], Json]) -> None:
    """Serve the OpenAPI document, made when it is first asked for, and the page that shows it."""
    page = resources.files("service").joinpath("docs")
    ui = swagger_ui_bundle.swagger_ui_path
    app.router.add_get("/openapi.json", made(document))
    app.router.add_get("/docs/openapi-3.0.json", made(lambda: as_openapi_30(document())))
    index = page.joinpath("index.html").read_bytes()
    app.router.add_get("/docs", fixed(index, "text/html", kept="no-cache"))
    for name, media_type in OURS.items():
        app.router.add_get(f"/docs/{name}", fixed(page.joinpath(name).read_bytes(), media_type))
    for name, media_type in VENDORED.items():
        app.router.add_get(f"/docs/{name}", fixed((ui / name).read_bytes(), media_type))


def made(document: Callable[[], Json]) -> Serve:
    """Making it takes a while, so it is made once, and beside the loop."""
    body = cache(lambda: msgspec.json.encode(document()))

    async def serve(request: web.Request) -> web.Response:
        known = await asyncio.to_thread(body)
        return await fixed(known, "application/json", kept="no-cache")(request)

    return serve


def fixed(body: bytes, media_type: str, kept: str = KEPT) -> Serve:
    headers = {"Cache-Control": kept, "Content-Security-Policy": POLICY}
    charset = None if media_type.startswith("image/") else "utf-8"

    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=media_type, charset=charset, headers=headers)

    return serve


def as_openapi_30(document: Json) -> Json:
    """The document in the older dialect: the bundled page draws OpenAPI 3.0 only."""
    shown: Json = older(document)
    shown["openapi"] = "3.0.3"
    shown["info"] = {
        **document["info"],
        "license": {"name": document["info"]["license"]["name"]},
    }
    return shown


def older(node: Any) -> Any:
    if isinstance(node, list):
        return [older(each) for each in node]
    if not isinstance(node, dict):
        return node
    out = {name: older(value) for name, value in node.items()}
    if "const" in out and isinstance(out.get("type"), str):
        out["enum"] = [out.pop("const")]
    for bound in ("Minimum", "Maximum"):
        limit = out.get(f"exclusive{bound}")
        if isinstance(limit, int | float) and not isinstance(limit, bool):
            out |= {f"exclusive{bound}": True, bound.lower(): limit}
    if isinstance(out.get("examples"), list):
        out["example"] = out.pop("examples")[0]
    if out.get("required") == []:
        del out["required"]
    choices = out.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        kept = [choice for choice in choices if choice != {"type": "null"}]
        del out["anyOf"]
        if len(kept) == 1 and "$ref" not in kept[0]:
            return {**out, **kept[0], "nullable": True}
        return {**out, ("allOf" if len(kept) == 1 else "anyOf"): kept, "nullable": True}
    return out
