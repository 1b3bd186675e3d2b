"""The sandbox runs as a process of its own, and its journal survives a kill."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import aiohttp

from tests.sandbox.stripe.running import API_KEY

START_SECONDS_MAX = 20.0


async def started(journal: Path, port_file: Path) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox.stripe",
        f"--api-key={API_KEY}",
        f"--journal={journal}",
        f"--port-file={port_file}",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS_MAX)
    return process, line.decode().strip()


async def made_customer(url: str) -> str:
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{url}/v1/customers") as answer,
    ):
        return str((await answer.json())["id"])


async def test_a_killed_sandbox_has_its_journal_on_disk(tmp_path: Path) -> None:
    journal, port_file = tmp_path / "journal.jsonl", tmp_path / "url"
    first, url = await started(journal, port_file)
    assert port_file.read_text().strip() == url
    before = await made_customer(url)
    first.kill()
    await first.wait()
    with journal.open("a") as file:
        file.write('{"seq": 2, "kind": "torn')

    second, url = await started(journal, port_file)
    after = await made_customer(url)
    second.terminate()
    assert await second.wait() == 0
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [(it["seq"], it["customer"]) for it in entries] == [(1, before), (2, after)]
