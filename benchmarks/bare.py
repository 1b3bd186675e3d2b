"""The least a service can do: one aiohttp handler, one insert or one select, no questions asked."""

from __future__ import annotations

import os

import asyncpg
import uvloop
from aiohttp import web

POOL_CONNECTIONS = 10

POOL: web.AppKey[asyncpg.Pool] = web.AppKey("pool")


async def insert(request: web.Request) -> web.Response:
    position = await request.app[POOL].fetchval(
        "INSERT INTO notes (state) VALUES ($1) RETURNING position", await request.read()
    )
    return web.json_response({"position": position})


async def select(request: web.Request) -> web.Response:
    state = await request.app[POOL].fetchval(
        "SELECT state FROM notes WHERE position = $1", int(request.match_info["position"])
    )
    return web.Response(body=state, content_type="application/json")


async def application() -> web.Application:
    app = web.Application()
    app[POOL] = await asyncpg.create_pool(
        os.environ["BENCH_DATABASE_URL"], min_size=1, max_size=POOL_CONNECTIONS
    )
    app.router.add_post("/notes", insert)
    app.router.add_get("/notes/{position}", select)
    return app


if __name__ == "__main__":
    web.run_app(
        application(),
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        loop=uvloop.new_event_loop(),
        access_log=None,
        print=None,
    )
