"""The native API of the whole service, every answer held against the published contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import jsonschema

from tests.scenarios.world import Told, World


@dataclass
class Native:
    """Asks the service, and fails the test when an answer is not as documented."""

    world: World
    document: dict[str, Any]

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Told:
        told = await self.world.ask(method, path, body, **options)
        self.hold_against_contract(method, path.partition("?")[0], told)
        return told

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        told = await self.ask(method, path, body, **options)
        assert told.status < 300, f"{method} {path}: {told.status} {told.body}"
        return told.body

    async def code(self, method: str, path: str, body: Any = None, **options: Any) -> str:
        """`status code` of an answer that must be a refusal."""
        told = await self.ask(method, path, body, **options)
        assert told.status >= 400, f"{method} {path}: {told.status} {told.body}"
        return f"{told.status} {told.body['code']}"

    def hold_against_contract(self, method: str, path: str, told: Told) -> None:
        operation = self.operation(method, path)
        assert str(told.status) in operation["responses"], f"{method} {path}: {told.status}"
        if told.status == 304:
            return
        response = operation["responses"][str(told.status)]
        media_type = told.headers.get("Content-Type", "").partition(";")[0]
        assert media_type in response["content"]
        content = response["content"][media_type]
        schema = content["schema"] | {"components": self.document["components"]}
        jsonschema.validate(told.body, schema)
        if told.status >= 400:
            assert told.body["code"] in content["examples"], f"{method} {path}: {told.body}"

    def operation(self, method: str, path: str) -> Any:
        for template, ways in self.document["paths"].items():
            pattern = re.sub(r"{\w+}", "[^/]+", template)
            if re.fullmatch(pattern, path) and method.lower() in ways:
                return ways[method.lower()]
        raise AssertionError(f"{method} {path} is not documented")
