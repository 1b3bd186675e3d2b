"""A trip: how it stands, what happened, the money, the people, and how it was at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from adapters.event_log.evidence import collect, signed
from adapters.vault import MasterKeyMissing, PersonUnknown, SealBroken
from domain.trip.state import Trip
from service.app import Service
from service.console.differing import differences
from service.console.door import Door
from service.console.history import History
from service.console.operator import NotDone, NotThere, Visit
from service.console.pages.actions import ActionsPage
from service.console.rendering import Renderer, file_headers
from service.console.trip_view import (
    Moments,
    PersonField,
    PersonShown,
    TripView,
    trip_view,
)
from service.http.paths import UUID_TEXT
from service.people.sealing import content

TASKS_MAX = 500
NOTE_CHARACTERS_MAX = 300
CONTACT_FIELDS = ("email", "phone")


class TripPage:
    def __init__(self, service: Service, pages: Renderer, door: Door, actions: ActionsPage) -> None:
        self.actions = actions
        self.service = service
        self.pages = pages
        self.door = door

    async def show(self, visit: Visit) -> web.StreamResponse:
        view = await self.view(visit)
        return self.pages.page("trip.html", visit, view=view)

    async def history(self, visit: Visit) -> History:
        trip_id = visit.path("trip_id")
        if UUID_TEXT.fullmatch(trip_id) is None:
            raise NotThere
        recorded = await self.service.log.read_trip(trip_id)
        sees = visit.operator.sees
        if not recorded or (sees is not None and recorded[0].cause.tenant != sees):
            raise NotThere
        return History(recorded)

    async def view(
        self,
        visit: Visit,
        revealed: tuple[str, str, str] | None = None,
    ) -> TripView:
        """`revealed`: the person, the field and its value, where one may be seen this once."""
        history = await self.history(visit)
        wanted = (visit.query("from"), visit.query("at"))
        version = version_of(history, wanted[1]) if wanted[1] else history.last.version
        trip_id = history.trip.trip_id
        compared = version_of(history, wanted[0]) if wanted[0] else 0
        difference = None
        if compared:
            steps = history.steps
            difference = differences(steps[compared - 1].dossier, steps[version - 1].dossier)
        return trip_view(
            history,
            await self.service.outbox.listed(None, TASKS_MAX, trip_id),
            await self.door.book.acts.of_trip(trip_id),
            self.people(history, revealed),
            visit.now,
            moments=Moments(
                version=version,
                compared=compared,
                wanted_from=wanted[0],
                wanted_at=wanted[1],
                difference=difference,
            ),
            actions=() if wanted[1] else await self.actions.offered(visit),
            note=visit.query("done")[:NOTE_CHARACTERS_MAX],
            test=self.service.settings.mode == "test",
        )

    async def evidence(self, visit: Visit) -> web.StreamResponse:
        """The trip's events in a signed file, for a dispute or an audit."""
        trip, service = (await self.history(visit)).trip, self.service
        await self.door.written(
            visit, "took a trip as evidence", tenant=trip.tenant, trip_id=trip.trip_id
        )
        assert service.database is not None, "with a console there is a database"
        links = await collect(service.database.pool, trip.trip_id, service.codec.envelope)
        file = signed(links, service.signer, at=visit.now, exported_by=visit.operator.name)
        name = f"trip-{trip.trip_id}.jsonl"
        return web.Response(body=file, headers=file_headers(name, "application/jsonl"))

    # --- people

    def people(
        self, history: History, revealed: tuple[str, str, str] | None
    ) -> Sequence[PersonShown]:
        """Everyone by what is known of them, without opening a single seal."""
        trip, gone = history.trip, history.forgotten()
        shown = [
            person_shown(
                sealed.person_id,
                f"Traveller {number} ({sealed.passenger_type.lower()})",
                sealed.fields,
                revealed,
                forgotten=sealed.person_id in gone,
            )
            for number, sealed in enumerate(trip.travelers, start=1)
        ]
        if trip.contact is not None:
            contact = trip.contact.person_id
            shown.append(
                person_shown(
                    contact, "Contact", CONTACT_FIELDS, revealed, forgotten=contact in gone
                )
            )
        return shown

    async def ask_to_reveal(self, visit: Visit) -> web.StreamResponse:
        history = await self.history(visit)
        person_id, field = visit.query("person"), visit.query("field")
        await self.value_of(history.trip, person_id, field)
        return self.pages.page(
            "reveal.html", visit, trip_id=history.trip.trip_id, person=person_id, field=field
        )

    async def reveal(self, visit: Visit) -> web.StreamResponse:
        """One field of one person, once, after it was written down who wanted it and why."""
        history = await self.history(visit)
        person_id, field = visit.form.get("person", ""), visit.form.get("field", "")
        if not visit.reason:
            raise NotDone("A reason is needed: it is kept with what was seen.")
        value = await self.value_of(history.trip, person_id, field)
        await self.door.written(
            visit,
            "revealed",
            tenant=history.trip.tenant,
            trip_id=history.trip.trip_id,
            subject=f"{field} of {person_id}",
        )
        return self.pages.page(
            "trip.html", visit, view=await self.view(visit, (person_id, field, value))
        )

    async def value_of(self, trip: Trip, person_id: str, field: str) -> str:
        try:
            travelers, contact = await self.service.people.open_known(trip)
        except (SealBroken, PersonUnknown, MasterKeyMissing) as error:
            raise NotDone("The seal cannot be opened with the keys of this service.") from error
        values: dict[str, dict[str, object]] = {
            sealed.person_id: content(traveler) for sealed, traveler in travelers if traveler
        }
        if trip.contact is not None and contact is not None:
            values[trip.contact.person_id] = msgspec.to_builtins(contact)
        if field not in values.get(person_id, {}):
            raise NotThere
        return str(values[person_id][field])


def person_shown(
    person_id: str,
    title: str,
    fields: Sequence[str],
    revealed: tuple[str, str, str] | None,
    *,
    forgotten: bool,
) -> PersonShown:
    person, field, value = revealed or ("", "", "")
    return PersonShown(
        person_id=person_id,
        title=title,
        forgotten=forgotten,
        fields=[
            PersonField(name=name, shown=value if (person, field) == (person_id, name) else None)
            for name in fields
        ],
    )


def version_of(history: History, wanted: str) -> int:
    """A version, or the one there was at a time (UTC where nothing else is said)."""
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10:
        version = int(wanted)
    else:
        try:
            moment = datetime.fromisoformat(wanted)
        except ValueError:
            raise NotDone("A moment is a version's number or a time as 2026-11-21T14:02.") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        version = history.version_at(moment)
    if version < 1:
        raise NotDone("The trip did not exist then.")
    return min(version, history.last.version)
