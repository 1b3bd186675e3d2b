"""What a browser sends when somebody presses a button."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from aiohttp import web

FORM = "application/x-www-form-urlencoded"
FIELDS_MAX = 20


async def read_form(request: web.Request, timeout_s: float) -> dict[str, str]:
    """The fields by name; what is no form of ours, or comes too slowly, is refused."""
    if request.content_type != FORM:
        raise web.HTTPUnsupportedMediaType
    try:
        async with asyncio.timeout(timeout_s):
            body = await request.read()
        return dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
        )
    except (ValueError, TimeoutError):
        raise web.HTTPBadRequest from None
