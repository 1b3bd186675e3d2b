"""What receivers are told to do works, and what operators are told to type does too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import ROOT
from tests.operators.commands import tripledger
from tests.outbound.receiving import Receiver
from tests.outbound.test_telling import ENDPOINTS, registered
from tests.scenarios.world import World

EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PUBLIC_URL = "https://93.184.215.14/hooks"


def verify_of_the_document() -> Any:
    [example] = EXAMPLE.findall((ROOT / "docs" / "WEBHOOKS.md").read_text())
    found: dict[str, Any] = {}
    exec(example, found)
    return found["verify"]


async def test_the_example_believes_what_comes_from_us_and_nothing_else(
    world: World, receiver: Receiver
) -> None:
    verify = verify_of_the_document()
    endpoint = await registered(world, receiver)
    path = f"{ENDPOINTS}/{endpoint['endpoint_id']}"
    rotated = await world.call("POST", f"{path}/rotate-secret", {})

    await world.call("POST", f"{path}/test")
    [got] = await receiver.until(1)
    secret, headers, raw = endpoint["secret"], got.headers, got.raw
    old = str(int(headers["webhook-timestamp"]) - 301)

    assert verify(secret, headers, raw)
    assert verify(rotated["secret"], headers, raw)
    assert not verify("whsec_" + "A" * 44, headers, raw)
    assert not verify(secret, headers, raw + b" ")
    assert not verify(secret, headers | {"webhook-id": "another"}, raw)
    assert not verify(secret, headers | {"webhook-timestamp": old}, raw)
    for odd in ("", "abc", "v1", "v1,", "v2,x", "v1a,x y"):
        assert not verify(secret, headers | {"webhook-signature": odd}, raw)
    assert not verify(secret, {}, raw)


@pytest.mark.timeout(300)
async def test_operators_do_by_commands_what_tenants_do_by_calls(
    database_url: str, tmp_path: Path
) -> None:
    async def typed(*words: str) -> Any:
        code, out, complaints = await tripledger(
            database_url, tmp_path, "webhooks", *words, "--json"
        )
        assert code == 0, complaints
        return json.loads(out)

    made = await typed("add", PUBLIC_URL, "--tenant", "acme", "--event", "booking.*", "--ordered")
    test = await typed("test", made["endpoint_id"])
    [listed] = await typed("list", "--tenant", "acme")
    [on_its_way] = await typed("deliveries", made["endpoint_id"])
    refused = await tripledger(database_url, tmp_path, "webhooks", "add", "https://127.0.0.1/")

    assert ("acme", "booking.*", True) == (listed["tenant"], listed["events"], listed["ordered"])
    assert made["secret"].startswith("whsec_")
    assert {name: made[name] for name in listed} == listed
    assert "secret" not in listed
    assert test["delivery_id"] == on_its_way["delivery"]["delivery_id"]
    assert [] == on_its_way["attempts"]
    assert (1, True) == (refused[0], "webhook_url_refused" in refused[2])
