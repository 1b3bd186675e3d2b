"""Puts the HTTP application together: routes, their documentation, health, and the doorkeeper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from service.http.api import BODY_BYTES_MAX, Door, Route, register
from service.http.docs_page import add_docs
from service.http.health import Check, Exposed, health_routes
from service.http.middleware import doorkeeper, traced
from service.http.openapi import openapi
from service.http.problem_pages import PROBLEM_ROUTES


def application(
    routes: Sequence[Route],
    door: Door,
    *,
    checks: Mapping[str, Check],
    version: str,
    server_url: str,
    exposed: Exposed | None = None,
) -> web.Application:
    """Everything this service answers over HTTP, except pages, which add their own routes."""
    exposed = exposed or Exposed()
    https = server_url.startswith("https://")
    app = web.Application(
        middlewares=[traced(exposed.tracer), doorkeeper(exposed.metrics, https=https)],
        client_max_size=BODY_BYTES_MAX,
    )
    every = with_own_routes(routes, checks=checks, exposed=exposed)
    register(app, every, door)
    add_docs(app, lambda: openapi(every, version=version, server_url=server_url))
    return app


def with_own_routes(
    routes: Sequence[Route],
    *,
    checks: Mapping[str, Check],
    exposed: Exposed,
) -> list[Route]:
    """The routes and those every instance has: health, metrics, the meaning of problems."""
    return [*routes, *health_routes(checks, exposed), *PROBLEM_ROUTES]
