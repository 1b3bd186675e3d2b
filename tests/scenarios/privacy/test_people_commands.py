"""Operators forget people and wrap keys anew from the command line, and can prove it afterwards."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from typing import Any

from tests.forking import command
from tests.scenarios.processes import environment
from tests.scenarios.world import World


async def answered(world: World, *words: str) -> Any:
    code, out, _ = await command(environment(world), *words, "--json")
    assert 0 == code
    return json.loads(out)


async def test_a_trips_people_are_looked_at_forgotten_and_certified(
    world: World, tmp_path: Path
) -> None:
    trip_id = await world.build_usual()
    proof = tmp_path / "certificates.json"

    held = await answered(world, "forget", trip_id, "--dry-run")
    kept = await world.trip(trip_id)
    done = await answered(world, "forget", trip_id, "--certificate", str(proof))
    gone = await world.trip(trip_id)

    assert [(trip_id, False), (trip_id, False)] == [(h["trip_id"], h["forgotten"]) for h in held]
    assert (False, True) == (kept["contact"]["forgotten"], gone["contact"]["forgotten"])
    assert done == json.loads(proof.read_text())
    assert 0 == (await command(environment(world), "forget", "verify", str(proof)))[0]
    [first, *_] = changed = json.loads(proof.read_text())
    document = base64.b64decode(first["document"]).replace(b"operator:", b"somebody:")
    first["document"] = base64.b64encode(document).decode()
    proof.write_text(json.dumps(changed))
    assert 1 == (await command(environment(world), "forget", "verify", str(proof)))[0]
    proof.write_text("{}")
    assert 1 == (await command(environment(world), "forget", "verify", str(proof)))[0]
    proof.unlink()
    assert 3 == (await command(environment(world), "forget", "verify", str(proof)))[0]


async def test_forgetting_nobody_is_not_found(world: World) -> None:
    assert (
        3
        == (await command(environment(world), "forget", "0b9d3d0e-6a3c-4a37-9a1b-6d1f3c6f2a10"))[0]
    )


async def test_keys_are_wrapped_by_a_new_master_key_and_the_old_one_can_go(world: World) -> None:
    trip_id = await world.build_usual()
    file = world.service.settings.data_dir / "master.key"
    old = file.read_bytes()
    new = base64.b64encode(secrets.token_bytes(32)) + b"\n"
    file.write_bytes(new + old)

    first = await answered(world, "vault", "rewrap")
    again = await answered(world, "vault", "rewrap")
    file.write_bytes(new)

    assert (3, 0) == (first["rewrapped"], again["rewrapped"])
    assert first["master_key_id"] == again["master_key_id"]
    held = await answered(world, "forget", trip_id, "--dry-run")
    assert 2 == len(held)
    file.write_bytes(old + new)
    world.service.vault.master = type(world.service.vault.master).read(file)
    assert "A•••" == (await world.trip(trip_id))["travelers"][0]["first_name"]
    file.write_bytes(old)
    assert 1 == (await command(environment(world), "vault", "rewrap"))[0]
