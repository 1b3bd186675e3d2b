"""What the service's doors keep, in memory: notices, answers, keys, offers and persons' keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from adapters.api_keys import ApiKey, ApiKeys, StoredKey
from adapters.idempotency import (
    ABANDONED_AFTER,
    KEPT_FOR,
    Begun,
    Fresh,
    InFlight,
    OtherBody,
    Replay,
    RequestKey,
)
from adapters.inbox import TASK_KIND, Notice, notice_id, task_key
from adapters.memory.outbox import MemoryOutbox
from adapters.offers import decode_offer, encode_offer, properties
from adapters.vault import MasterKeys, Owner, Vault, WrappedKey
from domain.suppliers import Offer


class MemoryInbox:
    """Implements `adapters.inbox.Inbox`."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self.outbox = outbox
        self.notices: dict[str, Notice] = {}

    async def store(
        self,
        provider: str,
        event_id: str,
        dedupe_key: str,
        type: str,
        facts: Mapping[str, str],
        now: datetime,
    ) -> bool:
        if await self.find(provider, event_id) is not None:
            return False
        fact = (provider, dedupe_key)
        told = (n for n in self.notices.values() if (n.provider, n.dedupe_key) == fact)
        first = next((n.inbox_id for n in told if n.duplicate_of is None), None)
        stored = Notice(
            inbox_id=notice_id(provider, event_id),
            provider=provider,
            event_id=event_id,
            dedupe_key=dedupe_key,
            type=type,
            facts=dict(facts),
            received_at=now,
            duplicate_of=first,
        )
        self.notices[stored.inbox_id] = stored
        if first is not None:
            return False
        self.outbox.put(TASK_KIND, task_key(provider, event_id), stored.inbox_id, now)
        return True

    async def get(self, inbox_id: str) -> Notice | None:
        await asyncio.sleep(0)
        return self.notices.get(inbox_id)

    async def find(self, provider: str, event_id: str) -> Notice | None:
        await asyncio.sleep(0)
        name = (provider, event_id)
        return next((n for n in self.notices.values() if (n.provider, n.event_id) == name), None)

    async def mark(self, inbox_id: str, outcome: str) -> None:
        if found := await self.get(inbox_id):
            self.notices[inbox_id] = replace(found, outcome=outcome)


@dataclass(slots=True, kw_only=True)
class Entry:
    request_hash: str
    token: str | None
    started_at: datetime
    first_at: datetime
    answer: Replay | None = None


class MemoryIdempotency:
    """Implements `adapters.idempotency.Idempotency`."""

    def __init__(self) -> None:
        self.entries: dict[RequestKey, Entry] = {}

    async def begin(self, key: RequestKey, request_hash: str, now: datetime) -> Begun:
        await asyncio.sleep(0)
        entry = self.entries.get(key)
        first_at = now
        if entry is not None and now < entry.started_at + KEPT_FOR:
            same = entry.request_hash == request_hash
            if entry.token is not None:
                if not same:
                    return OtherBody()
                if entry.answer is not None:
                    return entry.answer
                if now < entry.started_at + ABANDONED_AFTER:
                    return InFlight()
            first_at = entry.first_at if same else now
        token = str(uuid4())
        self.entries[key] = Entry(
            request_hash=request_hash, token=token, started_at=now, first_at=first_at
        )
        return Fresh(key, token, first_at)

    async def complete(
        self, fresh: Fresh, status: int, headers: Mapping[str, str], body: bytes
    ) -> bool:
        entry = await self.held(fresh)
        if entry is None:
            return False
        entry.answer = Replay(status, dict(headers), body, entry.first_at)
        return True

    async def abandon(self, fresh: Fresh) -> None:
        if entry := await self.held(fresh):
            entry.token = None

    async def purge(self, now: datetime) -> int:
        await asyncio.sleep(0)
        old = [key for key, e in self.entries.items() if e.started_at + KEPT_FOR <= now]
        for key in old:
            del self.entries[key]
        return len(old)

    async def held(self, fresh: Fresh) -> Entry | None:
        await asyncio.sleep(0)
        entry = self.entries.get(fresh.key)
        held = entry is not None and entry.token == fresh.token and entry.answer is None
        return entry if held else None


class MemoryApiKeyRows:
    """Implements `adapters.api_keys.ApiKeyRows`."""

    def __init__(self) -> None:
        self.keys: dict[str, StoredKey] = {}

    async def add(self, stored: StoredKey) -> None:
        await asyncio.sleep(0)
        self.keys[stored.key.key_id] = stored

    async def get(self, key_id: str) -> StoredKey | None:
        await asyncio.sleep(0)
        return self.keys.get(key_id)

    async def listed(self, tenant: str | None) -> Sequence[ApiKey]:
        await asyncio.sleep(0)
        keys = [s.key for s in self.keys.values() if tenant in (None, s.key.tenant)]
        return sorted(keys, key=lambda key: (key.created_at, key.key_id))

    async def revoke(self, key_id: str, now: datetime) -> bool:
        stored = await self.get(key_id)
        if stored is None or stored.key.revoked_at is not None:
            return False
        self.keys[key_id] = replace(stored, key=replace(stored.key, revoked_at=now))
        return True

    async def expire(self, key_id: str, at: datetime) -> None:
        if stored := await self.get(key_id):
            ends = min(at, stored.key.expires_at or at)
            self.keys[key_id] = replace(stored, key=replace(stored.key, expires_at=ends))

    async def used(self, key_id: str, now: datetime) -> None:
        if stored := await self.get(key_id):
            self.keys[key_id] = replace(stored, key=replace(stored.key, last_used_at=now))


class MemoryOffers:
    """Implements `adapters.offers.Offers`."""

    def __init__(self) -> None:
        self.shelf: dict[tuple[str, str], tuple[datetime, bytes]] = {}
        self.properties: dict[str, tuple[str, str, float, float]] = {}

    async def put(self, tenant: str, offers: Sequence[Offer]) -> None:
        await asyncio.sleep(0)
        for offer in offers:
            self.shelf[(tenant, offer.offer_id)] = (offer.expires_at, encode_offer(offer))
        for identifier, supplier, property_id, latitude, longitude in properties(offers):
            place = (supplier, property_id, latitude, longitude)
            self.properties.setdefault(identifier, place)

    async def get(self, tenant: str, offer_id: str) -> Offer | None:
        await asyncio.sleep(0)
        found = self.shelf.get((tenant, offer_id))
        return decode_offer(found[1]) if found else None

    async def purge(self, now: datetime) -> int:
        await asyncio.sleep(0)
        expired = [key for key, (expires_at, _) in self.shelf.items() if expires_at <= now]
        for key in expired:
            del self.shelf[key]
        return len(expired)


class MemoryPersonKeys:
    """Implements `adapters.vault.PersonKeys`."""

    def __init__(self) -> None:
        self.keys: dict[str, WrappedKey] = {}
        self.owners: dict[str, Owner] = {}
        self.marks: dict[str, bytes] = {}

    async def add(
        self, person_id: str, owner: Owner, key: WrappedKey, email_mark: bytes | None = None
    ) -> None:
        await asyncio.sleep(0)
        if person_id not in self.keys:
            self.keys[person_id] = key
            self.owners[person_id] = owner
            if email_mark is not None:
                self.marks[person_id] = email_mark

    async def marked(self, email_mark: bytes) -> Sequence[str]:
        await asyncio.sleep(0)
        return sorted(person for person, mark in self.marks.items() if mark == email_mark)

    async def whose(self, person_id: str) -> Owner | None:
        await asyncio.sleep(0)
        return self.owners.get(person_id)

    async def of_trip(self, trip_id: str) -> Sequence[str]:
        await asyncio.sleep(0)
        return sorted(person for person, who in self.owners.items() if who.trip_id == trip_id)

    async def idle_since(self, since: datetime, after: str, limit: int) -> Sequence[str]:
        """Knows no events, so nobody is idle."""
        await asyncio.sleep(0)
        return []

    async def get(self, person_ids: Iterable[str]) -> Mapping[str, WrappedKey]:
        await asyncio.sleep(0)
        return {person: self.keys[person] for person in person_ids if person in self.keys}

    async def forget(self, person_id: str) -> bool:
        await asyncio.sleep(0)
        known = self.keys.get(person_id)
        if known is None or known.wrapped is None:
            return False
        self.keys[person_id] = WrappedKey(None, None)
        self.marks.pop(person_id, None)
        return True

    async def other_than(self, master_key_id: str, limit: int) -> Mapping[str, WrappedKey]:
        await asyncio.sleep(0)
        return dict(self.others(master_key_id)[:limit])

    async def count_other_than(self, master_key_id: str) -> int:
        await asyncio.sleep(0)
        return len(self.others(master_key_id))

    def others(self, master_key_id: str) -> list[tuple[str, WrappedKey]]:
        return [
            (person, key)
            for person, key in sorted(self.keys.items())
            if key.master_key_id not in (None, master_key_id)
        ]

    async def replace(self, person_id: str, old: WrappedKey, new: WrappedKey) -> bool:
        await asyncio.sleep(0)
        if self.keys.get(person_id) != old:
            return False
        self.keys[person_id] = new
        return True


def memory_api_keys() -> ApiKeys:
    return ApiKeys(MemoryApiKeyRows())


def memory_vault() -> Vault:
    return Vault(MemoryPersonKeys(), MasterKeys.generate())
