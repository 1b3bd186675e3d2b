"""Events compressed and sealed at rest are the same events."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.compressor import ZlibCompressor
from eventsourcing.cryptography import AESCipher
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from adapters.database import Database
from adapters.event_log.codec import EventCodec, UnreadableStoredEvent
from adapters.event_log.envelope import (
    PACKED,
    PACKED_AND_SEALED,
    SEALED,
    CipherKeyUnusable,
    Envelope,
    NotOpened,
    ciphers_of,
)
from adapters.event_log.postgres import PostgresEventLog
from adapters.event_log.verify import verify
from service.codec import codec_of
from service.settings import Settings, UnsafeSettings
from tests.contracts.events import TOPICS, append, event, first, new_id, numbers
from tests.scenarios.audit import audit
from tests.scenarios.world import raised_world

OLD_KEY, KEY = AESCipher.create_key(32), AESCipher.create_key(32)
PLAIN = Envelope()
PACKING = Envelope(compressor=ZlibCompressor())
SEALING = Envelope(ciphers=ciphers_of(KEY))
BOTH = Envelope(compressor=ZlibCompressor(), ciphers=ciphers_of(KEY))
EACH = {"plain": PLAIN, "packing": PACKING, "sealing": SEALING, "both": BOTH}

PAYLOADS = st.builds(lambda text: b"{" + text, st.binary(max_size=600))
LONG = b'{"title": "' + b"London to New York " * 20 + b'"}'


@pytest.mark.parametrize("name", sorted(EACH))
@given(payload=PAYLOADS)
def test_what_is_closed_is_opened_as_it_was(name: str, payload: bytes) -> None:
    closed = EACH[name].close(payload)

    assert payload == EACH[name].open(closed)
    assert payload == BOTH.open(closed)


@given(payload=PAYLOADS)
def test_without_an_envelope_a_payload_stands_for_itself(payload: bytes) -> None:
    assert payload == PLAIN.close(payload)


def test_the_first_byte_tells_how_a_payload_is_stored() -> None:
    marks = {name: envelope.close(LONG)[:1] for name, envelope in EACH.items()}

    assert {
        "plain": b"{",
        "packing": PACKED,
        "sealing": SEALED,
        "both": PACKED_AND_SEALED,
    } == marks
    assert len(PACKING.close(LONG)) < len(LONG) // 4
    assert b"London" not in SEALING.close(LONG)
    assert SEALING.close(LONG) != SEALING.close(LONG)


def test_what_was_compressed_is_opened_by_everyone_unless_it_is_damaged() -> None:
    packing = Envelope(compressor=ZlibCompressor())
    closed = packing.close(LONG)

    assert PACKED == closed[:1]
    assert LONG == packing.open(closed) == Envelope().open(closed)
    with pytest.raises(NotOpened, match="its compression is damaged"):
        packing.open(PACKED + b"nonsense")


@given(payload=PAYLOADS, place=st.integers(1, 500), bit=st.integers(0, 7))
def test_a_damaged_seal_is_not_opened(payload: bytes, place: int, bit: int) -> None:
    damaged = bytearray(BOTH.close(payload))
    damaged[1 + place % (len(damaged) - 1)] ^= 1 << bit

    with pytest.raises(NotOpened):
        BOTH.open(bytes(damaged))


def test_a_replaced_key_still_opens_what_it_sealed() -> None:
    before, now = Envelope(ciphers=ciphers_of(OLD_KEY)), Envelope(ciphers=ciphers_of(KEY))
    rotated = Envelope(ciphers=ciphers_of(f"{KEY}, {OLD_KEY}"))

    assert LONG == rotated.open(before.close(LONG))
    assert LONG == now.open(rotated.close(LONG))
    with pytest.raises(NotOpened):
        before.open(rotated.close(LONG))


@pytest.mark.parametrize("envelope", [PLAIN, Envelope(ciphers=ciphers_of(OLD_KEY))])
def test_an_event_that_cannot_be_opened_is_named(envelope: Envelope) -> None:
    stored = StoredEvent(
        originator_id=UUID(new_id()),
        originator_version=3,
        topic="test.noted.v1",
        state=SEALING.close(b'{"n": 1}'),
    )

    with pytest.raises(UnreadableStoredEvent, match=r"position 12, .* version 3, .* sealed"):
        EventCodec(TOPICS, envelope=envelope).read(stored, 12)


@pytest.mark.parametrize("key", ["short", "!" * 44, "QUFBQUFBQUFBQUFBQUFBQQ=="])
def test_what_is_no_key_stops_the_start(key: str) -> None:
    with pytest.raises(CipherKeyUnusable):
        ciphers_of(key)
    with pytest.raises(UnsafeSettings) as refused:
        codec_of(Settings(log_cipher_key=key))
    assert key not in str(refused.value)


async def test_the_envelope_may_change_in_the_middle_of_a_log(
    database: Database, database_url: str
) -> None:
    trip, position = new_id(), 0
    for number, envelope in enumerate((PLAIN, PACKING, SEALING, BOTH, PLAIN), 1):
        codec = EventCodec(TOPICS, envelope=envelope)
        async with PostgresEventLog.opened(database, codec) as log:
            more = append(trip, position, [event(trip, number, number * 10**12)])
            position = (await log.append(more)).last_position

    async with PostgresEventLog.opened(database, EventCodec(TOPICS, envelope=BOTH)) as log:
        assert [n * 10**12 for n in range(1, 6)] == numbers(await log.read_trip(trip))
    assert (await verify(database_url)).whole


async def test_people_with_a_sql_prompt_are_told_what_they_cannot_read(database: Database) -> None:
    for envelope in (PLAIN, SEALING):
        async with PostgresEventLog.opened(database, EventCodec(TOPICS, envelope=envelope)) as log:
            await log.append(first(new_id()))

    rows = await database.pool.fetch(
        "SELECT stored_as, state, topic FROM tripledger.trip_log ORDER BY position"
    )

    assert [("plain", {"n": 1}, "test.noted.v1"), ("sealed", None, "test.noted.v1")] == [
        tuple(row) for row in rows
    ]


async def test_the_whole_service_runs_on_a_sealed_log(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file = tmp_path / "log.key"
    key_file.write_text(f"{KEY}\n{OLD_KEY}\n")
    monkeypatch.setenv("TRIPLEDGER_LOG_CIPHER_KEY_FILE", str(key_file))
    monkeypatch.setenv("TRIPLEDGER_LOG_COMPRESSION", "zlib")
    async with raised_world(database_url, tmp_path) as world:
        trip = await world.pay_and_settle(await world.build_usual())
        assert "completed" == trip["status"]
        await audit(world)
        events = await world.service.database.pool.fetch(
            "SELECT get_byte(state, 0) AS mark, count(*) FROM tripledger.trip_events GROUP BY 1"
        )
    assert {row["mark"] for row in events} <= {SEALED[0], PACKED_AND_SEALED[0]}
    assert PACKED_AND_SEALED[0] in {row["mark"] for row in events}
