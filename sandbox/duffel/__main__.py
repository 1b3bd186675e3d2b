"""Runs the Duffel sandbox as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from aiohttp import web

from sandbox.duffel.app import create_app
from sandbox.serving import serve


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.duffel", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", required=True)
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-secret")
    parser.add_argument("--currency", default="EUR")
    parser.add_argument("--journal", type=Path, help="keep the journal in this file")
    parser.add_argument("--port-file", type=Path, help="write the bound URL to this file")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()

    def make_app(_: str) -> web.Application:
        return create_app(
            token=arguments.token,
            webhook_url=arguments.webhook_url,
            webhook_secret=arguments.webhook_secret,
            journal_path=arguments.journal,
            currency=arguments.currency,
        )

    asyncio.run(
        serve(make_app, host=arguments.host, port=arguments.port, port_file=arguments.port_file)
    )


main()
