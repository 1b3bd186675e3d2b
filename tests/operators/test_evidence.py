"""An exported trip proves itself: nothing of it can be changed, left out or put in unseen."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.event_log.envelope import Envelope, ciphers_of
from adapters.event_log.evidence import (
    EvidenceBroken,
    Header,
    checked,
    collect,
    ending,
    line_for,
    link_of,
    signed,
)
from adapters.signing import Signer
from tests.contracts.events import NOON, new_id
from tests.operators.commands import tripledger
from tests.operators.conftest import Office
from tests.replay.trips_at_scale import live_through
from tests.rules import stories as s

SIGNER = Signer.generate()


@pytest.fixture
async def file(office: Office) -> bytes:
    """A trip between others, exported."""
    await live_through(office.log, s.DRAFT)
    trip = await live_through(office.log, s.completed())
    await live_through(office.log, s.DRAFT)
    links = await collect(office.database.pool, trip)
    assert len(s.completed()) == len(links)
    return signed(links, SIGNER, at=NOON, exported_by="ada")


def resigned(file: bytes, change: Callable[[list[bytes]], None]) -> bytes:
    """The file after a change, signed anew by somebody who has the key."""
    lines = file.splitlines(keepends=True)[:-1]
    change(lines)
    body = b"".join(lines)
    return body + line_for(ending(body, SIGNER))


def test_a_whole_file_says_what_the_log_says(file: bytes) -> None:
    evidence = checked(file, SIGNER.public_key)

    assert (len(s.completed()), 0) == (evidence.header.events, evidence.unreadable)
    assert ("acme", "ada", NOON) == (
        evidence.header.tenant,
        evidence.header.exported_by,
        evidence.header.exported_at,
    )
    assert "trip.started.v1" == evidence.links[0].topic
    assert {evidence.header.trip_id} == {facts.trip_id for facts in evidence.facts}
    assert [json.loads(facts.state) for facts in evidence.facts] == [
        link.data for link in evidence.links
    ]


def test_no_byte_of_it_can_be_changed(file: bytes) -> None:
    for at in range(0, len(file), 97):
        spoilt = bytearray(file)
        spoilt[at] ^= 1
        with pytest.raises(EvidenceBroken):
            checked(bytes(spoilt))
    for lines in (file.splitlines(keepends=True)[:-1], file.splitlines(keepends=True)[1:], []):
        with pytest.raises(EvidenceBroken):
            checked(b"".join(lines))


def retold(name: str, value: Any) -> Callable[[list[bytes]], None]:
    def change(lines: list[bytes]) -> None:
        told = json.loads(lines[3])
        told[name] = value
        lines[3] = json.dumps(told, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    return change


def left_out(lines: list[bytes]) -> None:
    del lines[4]
    header = json.loads(lines[0])
    header["events"] -= 1
    lines[0] = json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def exchanged(lines: list[bytes]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


def counted_wrong(lines: list[bytes]) -> None:
    del lines[-1]


FORGERIES: dict[str, Callable[[list[bytes]], None]] = {
    "an amount": retold("data", {"item_id": "item-flight", "offer": {}}),
    "a time": retold("recorded_at", "2027-03-01T12:00:01Z"),
    "an actor": retold("meta", {"actor": "key:2"}),
    "a topic": retold("topic", "trip.item-removed.v1"),
    "a position": retold("position", 700),
    "the bytes": retold("facts", base64.b64encode(b"x" * 200).decode()),
    "bytes cut short": retold("facts", base64.b64encode(b"x").decode()),
    "the link": retold("link", "00" * 32),
    "what was before": retold("before", "00" * 32),
    "an event left out": left_out,
    "events exchanged": exchanged,
    "an event less than told": counted_wrong,
}


@pytest.mark.parametrize("name", FORGERIES)
def test_not_even_who_has_the_key_can_tell_another_story(file: bytes, name: str) -> None:
    """What is told must be what the log's own hashes cover."""
    with pytest.raises(EvidenceBroken):
        checked(resigned(file, FORGERIES[name]))


def test_a_stranger_cannot_sign_for_us(file: bytes) -> None:
    lines = file.splitlines(keepends=True)
    stranger = Signer.generate()
    header: dict[str, Any] = json.loads(lines[0])
    header["public_key"] = stranger.public_key
    body = line_for(msgspec.convert(header, Header)) + b"".join(lines[1:-1])
    forged = body + line_for(ending(body, stranger))

    assert len(s.completed()) == checked(forged).header.events
    with pytest.raises(EvidenceBroken, match="another key"):
        checked(forged, SIGNER.public_key)


async def test_a_payload_that_is_encrypted_at_rest_is_told_by_who_has_its_key(
    office: Office,
) -> None:
    trip = await live_through(office.log, s.DRAFT)
    [link, *_] = await collect(office.database.pool, trip)
    cipher = ciphers_of(base64.b64encode(secrets.token_bytes(32)).decode())
    envelope = Envelope(ciphers=cipher)
    facts = base64.b64decode(link.facts)
    start = 80 + 4 + len(link.topic) + 4 + len("acme")
    size = int.from_bytes(facts[start : start + 4])
    sealed = envelope.close(facts[start + 4 : start + 4 + size])
    stored = facts[:start] + len(sealed).to_bytes(4) + sealed + facts[start + 4 + size :]
    row: Any = {"facts": stored, "link": b"", "before": b""}

    assert None is link_of(row, Envelope()).data
    assert link.data == link_of(row, envelope).data


async def test_a_trip_goes_out_of_one_log_and_into_a_scratch_log(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    office.clock.time = NOON + timedelta(minutes=7)
    trip = await live_through(office.log, s.completed())
    path, live = tmp_path / "trip.jsonl", tmp_path / "live"
    before = await office.log.last_position()

    code, out, _ = await tripledger(
        database_url, live, "trip", "export", trip, "--out", str(path), "--json"
    )
    key = json.loads(out)["public_key"]
    assert (0, len(s.completed())) == (code, json.loads(out)["events"])
    code, out, _ = await tripledger(None, tmp_path / "none", "trip", "verify", str(path))
    assert (0, True) == (code, f"Signed by {key}" in out)
    code, out, _ = await tripledger(
        None, tmp_path / "none", *("trip", "verify", str(path), "--key", key, "--json")
    )
    assert (0, True, trip) == (code, json.loads(out)["whole"], json.loads(out)["trip_id"])
    assert not (tmp_path / "none").exists()

    imported = ("trip", "import", str(path), "--into", str(tmp_path / "scratch"))
    for _ in range(2):
        code, out, _ = await tripledger(database_url, live, *imported, "--key", key)
        assert (0, True) == (code, f"tripledger trip timeline {trip}" in out)
    shown = await tripledger(None, tmp_path / "scratch", "trip", "events", trip, "--json")
    original = await tripledger(database_url, live, "trip", "events", trip, "--json")
    placed = ("position",)
    assert [
        {name: value for name, value in row.items() if name not in placed}
        for row in json.loads(original[1])
    ] == [
        {name: value for name, value in row.items() if name not in placed}
        for row in json.loads(shown[1])
    ]
    assert before == await office.log.last_position()


async def test_refusals_say_what_is_wrong_by_their_exit_codes(
    office: Office, database_url: str, tmp_path: Path, file: bytes
) -> None:
    path = tmp_path / "trip.jsonl"
    path.write_bytes(file)
    other = Signer.generate().public_key
    somebodys = tmp_path / "theirs"
    (somebodys / "postgres").mkdir(parents=True)

    async def code_of(*words: str) -> tuple[int | None, int]:
        code, out, complaints = await tripledger(database_url, tmp_path / "data", *words)
        assert "" == out
        return code, min(len(complaints), 1)

    assert (3, 1) == await code_of("trip", "export", new_id())
    assert (3, 1) == await code_of("trip", "export", "no id of ours")
    assert (3, 1) == await code_of("trip", "verify", str(tmp_path / "absent"))
    assert (1, 1) == await code_of("trip", "verify", str(path), "--key", other)
    assert (2, 1) == await code_of("trip", "import", str(path), "--into", str(somebodys))
    assert (2, 1) == await code_of("replay")
    assert (3, 1) == await code_of("replay", new_id())
    path.write_bytes(file.replace(b"ada", b"eve"))
    assert (1, 1) == await code_of("trip", "verify", str(path))
    assert (1, 1) == await code_of("trip", "import", str(path))
    assert not (tmp_path / "data" / "scratch").exists()
