"""What the vault promises, whichever way it keeps its keys."""

from __future__ import annotations

import base64
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.vault import (
    FORGOTTEN,
    MARKER,
    MasterKeyMissing,
    MasterKeys,
    MasterKeyUnusable,
    PersonUnknown,
    Place,
    SealBroken,
    Vault,
)
from tests.contracts.conftest import Stores
from tests.contracts.events import new_id

TRAVELER = {"first_name": "Zoë", "last_name": "Nowak", "documents": [{"n": 1}], "title": None}


@pytest.fixture
def vault(stores: Stores) -> Vault:
    return Vault(stores.person_keys, MasterKeys.generate())


async def test_what_was_sealed_opens_where_it_was_sealed_for(vault: Vault) -> None:
    person, trip = await vault.new_person("acme", new_id()), new_id()

    sealed = await vault.seal(person, trip, "traveler", TRAVELER)

    assert await vault.open(person, trip, "traveler", sealed) == TRAVELER
    assert "Nowak" not in base64.urlsafe_b64decode(sealed).decode("latin-1")
    assert sealed != await vault.seal(person, trip, "traveler", TRAVELER)


async def test_a_value_that_was_moved_or_changed_is_refused(vault: Vault) -> None:
    person, other, trip = (
        await vault.new_person("acme", new_id()),
        await vault.new_person("acme", new_id()),
        new_id(),
    )
    sealed = await vault.seal(person, trip, "traveler", TRAVELER)
    data = bytearray(base64.urlsafe_b64decode(sealed))
    data[-1] ^= 1
    moved = [
        (person, new_id(), "traveler", sealed),
        (other, trip, "traveler", sealed),
        (person, trip, "contact", sealed),
        (person, trip, "traveler", base64.urlsafe_b64encode(data).decode()),
        (person, trip, "traveler", sealed[:20]),
        (person, trip, "traveler", ""),
        (person, trip, "traveler", "not base64!"),
    ]

    for place in moved:
        with pytest.raises(SealBroken):
            await vault.open(*place)


async def test_a_forgotten_person_is_forgotten_everywhere(vault: Vault) -> None:
    person, trip = await vault.new_person("acme", new_id()), new_id()
    other = await vault.new_person("acme", new_id())
    sealed = await vault.seal(person, trip, "traveler", TRAVELER)
    kept = await vault.seal(other, trip, "traveler", TRAVELER)

    assert await vault.forget(person)
    assert not await vault.forget(person)
    assert not await vault.forget(new_id())

    assert await vault.open(person, trip, "traveler", sealed) == FORGOTTEN
    assert await vault.open(other, trip, "traveler", kept) == TRAVELER
    with pytest.raises(PersonUnknown):
        await vault.seal(person, trip, "traveler", TRAVELER)
    [wrapped] = (await vault.keys.get([person])).values()
    assert wrapped.wrapped is None


async def test_nine_travelers_open_together(vault: Vault) -> None:
    trip = new_id()
    people = [await vault.new_person("acme", new_id()) for _ in range(9)]
    places = [Place(person_id=person, trip_id=trip, field="traveler") for person in people]
    sealed = await vault.seal_all([(place, {"n": n}) for n, place in enumerate(places)])
    await vault.forget(people[4])

    opened = await vault.open_all(list(zip(places, sealed, strict=True)))

    assert opened == [FORGOTTEN if n == 4 else {"n": n} for n in range(9)]
    assert await vault.open_all([]) == []


async def test_a_person_nobody_knows_is_an_error(vault: Vault) -> None:
    with pytest.raises(PersonUnknown):
        await vault.open(new_id(), new_id(), "traveler", "AAAA")
    with pytest.raises(PersonUnknown):
        await vault.seal("no id of ours", new_id(), "traveler", TRAVELER)


async def test_a_new_master_key_takes_over_and_the_old_one_can_go(stores: Stores) -> None:
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    before = Vault(stores.person_keys, MasterKeys(old))
    person, gone, trip = (
        await before.new_person("acme", new_id()),
        await before.new_person("acme", new_id()),
        new_id(),
    )
    sealed = await before.seal(person, trip, "traveler", TRAVELER)
    await before.forget(gone)

    with pytest.raises(MasterKeyMissing):
        await Vault(stores.person_keys, MasterKeys(new)).open(person, trip, "traveler", sealed)
    both = Vault(stores.person_keys, MasterKeys(new, [old]))
    assert await both.open(person, trip, "traveler", sealed) == TRAVELER
    assert 1 == await both.to_rewrap()
    assert [1] == [done async for done in both.rewrap(batch=1)]
    assert 0 == await both.to_rewrap()
    assert [] == [done async for done in both.rewrap()]
    after = Vault(stores.person_keys, MasterKeys(new))
    assert await after.open(person, trip, "traveler", sealed) == TRAVELER


def test_the_first_start_makes_a_master_key_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: MasterKeys.read_or_create(path).current_id, range(8)))

    assert len(set(made)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name] == [found.name for found in path.parent.iterdir()]


@pytest.mark.parametrize("text", ["", "\n", "c2hvcnQ=\n", "not base64"])
def test_a_file_that_is_no_master_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(text)

    with pytest.raises(MasterKeyUnusable):
        MasterKeys.read_or_create(path)


async def test_a_person_is_found_by_their_address_until_they_are_forgotten(vault: Vault) -> None:
    amelia = await vault.new_person("acme", new_id(), "Amelia@example.com ")
    again = await vault.new_person("globex", new_id(), "amelia@EXAMPLE.com")
    await vault.new_person("acme", new_id())
    await vault.new_person("acme", new_id(), "bessie@example.com")

    assert sorted([amelia, again]) == await vault.persons_with("AMELIA@example.com")
    assert [] == await vault.persons_with("nobody@example.com")
    assert await vault.forget(amelia)
    assert [again] == await vault.persons_with("amelia@example.com")


async def test_the_mark_of_an_address_outlives_the_master_key_and_tells_nothing_without_it(
    stores: Stores,
) -> None:
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    before = Vault(stores.person_keys, MasterKeys(old))
    person = await before.new_person("acme", new_id(), "amelia@example.com")
    both = Vault(stores.person_keys, MasterKeys(new, [old]))
    assert [2] == [done async for done in both.rewrap()]

    after = Vault(stores.person_keys, MasterKeys(new))

    assert [person] == await after.persons_with("amelia@example.com")
    assert await after.mark("amelia@example.com") == await before.mark("amelia@example.com")
    assert not await after.forget(MARKER)
    with pytest.raises(MasterKeyMissing):
        await Vault(stores.person_keys, MasterKeys.generate()).persons_with("amelia@example.com")
