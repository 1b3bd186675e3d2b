"""The traveller's side of the demo: the public API and the sandboxes, over HTTP."""

from __future__ import annotations

from typing import Any, Self

import aiohttp

from service.demo.stage import Stage

CALL_S_MAX = 90.0


class CallFailed(Exception):
    """The service answered something the story did not expect."""


class Client:
    """Calls the service with the demo's key; answers parsed JSON, raises CallFailed otherwise."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S_MAX))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.stage.api_key}"}
        url = self.stage.base_url + path
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            told = await answer.json(content_type=None)
            if answer.status >= 400:
                code, detail = told.get("code"), told.get("detail")
                raise CallFailed(f"{method} {path}: {answer.status} {code}: {detail}")
            return told

    async def pay(self, session_id: str, outcome: str) -> Any:
        """What a click on the sandbox's pay page does."""
        url = f"{self.stage.stripe_url}/_sandbox/checkout/{session_id}/pay"
        async with self.session.post(url, json={"outcome": outcome}) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def journal(self, provider_url: str, trip_id: str) -> list[dict[str, Any]]:
        """What really happened at a provider for one trip, in order."""
        async with self.session.get(f"{provider_url}/_sandbox/journal") as answer:
            entries = (await answer.json())["entries"]
        return [e for e in entries if (e.get("metadata") or {}).get("trip_id") == trip_id]
