"""Personal data, sealed per person so that it may stand in an event and still be forgotten.

Every person has a data key, wrapped by a master key that lives in a file and never in the
database. A sealed value opens only at the trip, person and field it was sealed for; when the
person's key is destroyed it opens nowhere, in the log and in all its copies.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.database import Database, as_uuid, rows_touched
from adapters.signing import make_key_file

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
FORMAT = b"\x01"
# Not a person: its data key makes addresses into marks, wrapped and rewrapped like all others.
MARKER = str(UUID(int=0))

Json = Any


class SealBroken(Exception):
    """The value was changed, or is not where it was sealed for. Says nothing of its content."""


class PersonUnknown(LookupError):
    """No such person was ever in this vault, or they are forgotten and cannot be sealed for."""


class MasterKeyUnusable(ValueError):
    """The master key file holds no usable key."""


class MasterKeyMissing(LookupError):
    """A person's key is wrapped by a master key this process was not given."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What stands in place of a value whose person was forgotten."""


FORGOTTEN = Forgotten()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sealed value stands."""

    person_id: str
    trip_id: str
    field: str

    def binding(self) -> bytes:
        return "\0".join((self.trip_id, self.person_id, self.field)).encode()


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is stored; both are None once the person is forgotten."""

    master_key_id: str | None
    wrapped: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The trip a person was sealed for. A traveller of two trips is two persons."""

    tenant: str
    trip_id: str


class PersonKeys(Protocol):
    """Where wrapped data keys are kept."""

    async def add(
        self, person_id: str, owner: Owner, key: WrappedKey, email_mark: bytes | None = None
    ) -> None:
        """Keep a key, unless the person has one."""
        ...

    async def marked(self, email_mark: bytes) -> Sequence[str]:
        """The persons with this mark who are not forgotten."""
        ...

    async def whose(self, person_id: str) -> Owner | None:
        """Whose trip the person is in, whether forgotten or not; None: nobody knows them."""
        ...

    async def of_trip(self, trip_id: str) -> Sequence[str]:
        """Every person who ever was sealed for the trip, in the order of their ids."""
        ...

    async def idle_since(self, since: datetime, after: str, limit: int) -> Sequence[str]:
        """Persons who are not forgotten and of whose trip all was recorded before, in the order of
        their ids, from the one that follows `after` on ("": the first)."""
        ...

    async def get(self, person_ids: Iterable[str]) -> Mapping[str, WrappedKey]: ...

    async def forget(self, person_id: str) -> bool: ...

    async def other_than(self, master_key_id: str, limit: int) -> Mapping[str, WrappedKey]: ...

    async def count_other_than(self, master_key_id: str) -> int: ...

    async def replace(self, person_id: str, old: WrappedKey, new: WrappedKey) -> bool: ...


class MasterKeys:
    """The master key that wraps now and older ones that still unwrap, by their ids."""

    def __init__(self, current: bytes, older: Sequence[bytes] = ()) -> None:
        keys = (current, *older)
        if any(len(key) != KEY_BYTES for key in keys):
            raise MasterKeyUnusable(f"a master key has {KEY_BYTES} bytes")
        self.current_id = key_id(current)
        self.ciphers = {key_id(key): AESGCM(key) for key in keys}

    @classmethod
    def generate(cls) -> MasterKeys:
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def read(cls, path: Path) -> MasterKeys:
        """One base64 key a line; the first wraps, the others are kept until `rewrap` is done."""
        try:
            keys = [base64.b64decode(line, validate=True) for line in path.read_bytes().split()]
        except binascii.Error:
            raise MasterKeyUnusable("the master key file is not base64") from None
        if not keys:
            raise MasterKeyUnusable("the master key file is empty")
        return cls(keys[0], keys[1:])

    @classmethod
    def read_or_create(cls, path: Path) -> MasterKeys:
        """The first start makes the file, readable by its owner only; of two first starts at once
        one makes it and both read it."""
        if not path.exists():
            make_key_file(path, secrets.token_bytes(KEY_BYTES))
        return cls.read(path)

    def wrap(self, person_id: str, data_key: bytes) -> WrappedKey:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self.ciphers[self.current_id].encrypt(nonce, data_key, person_id.encode())
        return WrappedKey(self.current_id, nonce + sealed)

    def unwrap(self, person_id: str, key: WrappedKey) -> bytes | None:
        """The data key; None when the person is forgotten."""
        if key.wrapped is None or key.master_key_id is None:
            return None
        cipher = self.ciphers.get(key.master_key_id)
        if cipher is None:
            raise MasterKeyMissing(key.master_key_id)
        nonce, sealed = key.wrapped[:NONCE_BYTES], key.wrapped[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, person_id.encode())
        except InvalidTag:
            raise SealBroken(f"the key of person {person_id}") from None


class Vault:
    """Seals, opens and forgets."""

    def __init__(self, keys: PersonKeys, master: MasterKeys) -> None:
        self.keys = keys
        self.master = master
        self.marker: bytes | None = None

    async def new_person(self, tenant: str, trip_id: str, email: str | None = None) -> str:
        """A person with a key, who can be found by an address as long as they are not forgotten."""
        person_id = str(uuid4())
        mark = await self.mark(email) if email is not None else None
        owner = Owner(tenant=tenant, trip_id=trip_id)
        await self.keys.add(person_id, owner, self.new_key(person_id), mark)
        return person_id

    def new_key(self, person_id: str) -> WrappedKey:
        return self.master.wrap(person_id, secrets.token_bytes(KEY_BYTES))

    async def persons_with(self, email: str) -> Sequence[str]:
        """Who gave this address, in any spelling of its case."""
        return await self.keys.marked(await self.mark(email))

    async def mark(self, email: str) -> bytes:
        """What stands for an address: the same for the same one, and tells nothing without the
        master key."""
        if self.marker is None:
            nobody = Owner(tenant="", trip_id=MARKER)
            await self.keys.add(MARKER, nobody, self.new_key(MARKER))
            self.marker = self.master.unwrap(MARKER, (await self.keys.get([MARKER]))[MARKER])
        assert self.marker is not None, "nobody forgets what is no person"
        return hmac.digest(self.marker, email.strip().casefold().encode(), "sha256")

    async def seal(self, person_id: str, trip_id: str, field: str, value: Json) -> str:
        place = Place(person_id=person_id, trip_id=trip_id, field=field)
        return (await self.seal_all([(place, value)]))[0]

    async def open(self, person_id: str, trip_id: str, field: str, sealed: str) -> Json | Forgotten:
        place = Place(person_id=person_id, trip_id=trip_id, field=field)
        return (await self.open_all([(place, sealed)]))[0]

    async def seal_all(self, values: Sequence[tuple[Place, Json]]) -> list[str]:
        """Text that may stand in an event, for each value. Raises PersonUnknown."""
        ciphers = await self.ciphers(place for place, _ in values)
        return [sealed_text(ciphers[place.person_id], place, value) for place, value in values]

    async def open_all(self, values: Sequence[tuple[Place, str]]) -> list[Json | Forgotten]:
        """Each value, or FORGOTTEN; one query for all. Raises SealBroken and PersonUnknown."""
        ciphers = await self.ciphers(place for place, _ in values)
        return [opened(ciphers[place.person_id], place, sealed) for place, sealed in values]

    async def forget(self, person_id: str) -> bool:
        """Destroy the person's key and mark, for ever; False: there was none to destroy."""
        return person_id != MARKER and await self.keys.forget(person_id)

    async def to_rewrap(self) -> int:
        """How many keys an older master key still wraps."""
        return await self.keys.count_other_than(self.master.current_id)

    async def rewrap(self, batch: int = 500) -> AsyncIterator[int]:
        """Wrap every key by the present master key, so that older ones can be thrown away;
        yields how many are done. Stopped in the middle, it goes on where it was."""
        rewrapped = 0
        while old := await self.keys.other_than(self.master.current_id, batch):
            for person_id, wrapped in old.items():
                data_key = self.master.unwrap(person_id, wrapped)
                assert data_key is not None, "forgotten persons have no master key"
                new = self.master.wrap(person_id, data_key)
                rewrapped += await self.keys.replace(person_id, wrapped, new)
            yield rewrapped

    async def ciphers(self, places: Iterable[Place]) -> dict[str, AESGCM | None]:
        """The persons' ciphers; None for who is forgotten."""
        person_ids = {place.person_id for place in places}
        wrapped = await self.keys.get(person_ids) if person_ids else {}
        if unknown := person_ids - wrapped.keys():
            raise PersonUnknown(", ".join(sorted(unknown)))
        keys = {person: self.master.unwrap(person, key) for person, key in wrapped.items()}
        return {person: AESGCM(key) if key else None for person, key in keys.items()}


def key_id(master_key: bytes) -> str:
    return hashlib.sha256(b"tripledger master key id" + master_key).hexdigest()[:16]


def sealed_text(cipher: AESGCM | None, place: Place, value: Json) -> str:
    if cipher is None:
        raise PersonUnknown(f"{place.person_id} is forgotten")
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = cipher.encrypt(nonce, msgspec.json.encode(value), place.binding())
    return base64.urlsafe_b64encode(FORMAT + nonce + sealed).decode()


def opened(cipher: AESGCM | None, place: Place, sealed: str) -> Json | Forgotten:
    if cipher is None:
        return FORGOTTEN
    try:
        data = base64.b64decode(sealed, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SealBroken(place.field) from None
    if data[:1] != FORMAT or len(data) < len(FORMAT) + NONCE_BYTES + TAG_BYTES:
        raise SealBroken(place.field)
    nonce, ciphertext = data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
    try:
        return msgspec.json.decode(cipher.decrypt(nonce, ciphertext, place.binding()))
    except InvalidTag:
        raise SealBroken(place.field) from None


class PostgresPersonKeys:
    """Implements `PersonKeys`."""

    def __init__(self, database: Database) -> None:
        self.pool = database.pool

    async def add(
        self, person_id: str, owner: Owner, key: WrappedKey, email_mark: bytes | None = None
    ) -> None:
        await self.pool.execute(
            "INSERT INTO tripledger.persons"
            " (person_id, tenant, trip_id, master_key_id, wrapped_key, email_mark)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            person_id,
            owner.tenant,
            owner.trip_id,
            key.master_key_id,
            key.wrapped,
            email_mark,
        )

    async def marked(self, email_mark: bytes) -> Sequence[str]:
        rows = await self.pool.fetch(
            "SELECT person_id FROM tripledger.persons WHERE email_mark = $1 ORDER BY person_id",
            email_mark,
        )
        return [str(row["person_id"]) for row in rows]

    async def whose(self, person_id: str) -> Owner | None:
        row = await self.pool.fetchrow(
            "SELECT tenant, trip_id::text FROM tripledger.persons WHERE person_id = $1",
            as_uuid(person_id),
        )
        return Owner(**row) if row else None

    async def of_trip(self, trip_id: str) -> Sequence[str]:
        rows = await self.pool.fetch(
            "SELECT person_id::text FROM tripledger.persons WHERE trip_id = $1 ORDER BY person_id",
            as_uuid(trip_id),
        )
        return [row["person_id"] for row in rows]

    async def idle_since(self, since: datetime, after: str, limit: int) -> Sequence[str]:
        rows = await self.pool.fetch(
            "SELECT person_id::text FROM tripledger.persons p WHERE forgotten_at IS NULL"
            " AND ($2::uuid IS NULL OR person_id > $2) AND $1 >= (SELECT max(e.recorded_at)"
            " FROM tripledger.trip_events e WHERE e.trip_id = p.trip_id)"
            " ORDER BY p.person_id LIMIT $3",
            since,
            as_uuid(after),
            limit,
        )
        return [row["person_id"] for row in rows]

    async def get(self, person_ids: Iterable[str]) -> Mapping[str, WrappedKey]:
        known = [uuid for uuid in map(as_uuid, person_ids) if uuid is not None]
        rows = await self.pool.fetch(
            "SELECT person_id, master_key_id, wrapped_key FROM tripledger.persons"
            " WHERE person_id = ANY($1::uuid[])",
            known,
        )
        return {
            str(row["person_id"]): WrappedKey(row["master_key_id"], row["wrapped_key"])
            for row in rows
        }

    async def forget(self, person_id: str) -> bool:
        status = await self.pool.execute(
            "UPDATE tripledger.persons SET master_key_id = NULL, wrapped_key = NULL,"
            " email_mark = NULL, forgotten_at = clock_timestamp()"
            " WHERE person_id = $1 AND forgotten_at IS NULL",
            as_uuid(person_id),
        )
        return rows_touched(status) == 1

    async def other_than(self, master_key_id: str, limit: int) -> Mapping[str, WrappedKey]:
        rows = await self.pool.fetch(
            "SELECT person_id, master_key_id, wrapped_key FROM tripledger.persons"
            " WHERE master_key_id <> $1 ORDER BY person_id LIMIT $2",
            master_key_id,
            limit,
        )
        return {
            str(row["person_id"]): WrappedKey(row["master_key_id"], row["wrapped_key"])
            for row in rows
        }

    async def count_other_than(self, master_key_id: str) -> int:
        count: int = await self.pool.fetchval(
            "SELECT count(*) FROM tripledger.persons WHERE master_key_id <> $1", master_key_id
        )
        return count

    async def replace(self, person_id: str, old: WrappedKey, new: WrappedKey) -> bool:
        # A person forgotten meanwhile stays forgotten.
        status = await self.pool.execute(
            "UPDATE tripledger.persons SET master_key_id = $3, wrapped_key = $4"
            " WHERE person_id = $1 AND wrapped_key = $2",
            person_id,
            old.wrapped,
            new.master_key_id,
            new.wrapped,
        )
        return rows_touched(status) == 1
