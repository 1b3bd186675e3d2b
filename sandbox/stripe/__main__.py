"""`python -m sandbox.stripe`: the Stripe sandbox as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from sandbox.serving import serve
from sandbox.stripe.app import create_app


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stripe", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one and prints it")
    parser.add_argument("--api-key", required=True)
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-secret")
    parser.add_argument("--public-url", help="where browsers reach this server, if elsewhere")
    parser.add_argument("--port-file", type=Path, help="write the bound URL here once listening")
    parser.add_argument("--journal", type=Path, help="keep the journal in this file, synced")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    asyncio.run(
        serve(
            lambda bound_url: create_app(
                api_key=options.api_key,
                webhook_secret=options.webhook_secret,
                webhook_url=options.webhook_url,
                public_url=options.public_url or bound_url,
                journal_path=options.journal,
            ),
            host=options.host,
            port=options.port,
            port_file=options.port_file,
        )
    )


if __name__ == "__main__":
    main()
