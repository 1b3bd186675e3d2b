"""People: what is kept of them, and forgetting them."""

from __future__ import annotations

import base64

import msgspec

from service.http.answers import Reply, moment
from service.http.api import Answer, Call, Route
from service.http.decoding import NoQuery
from service.http.trips import cause_of
from service.people.forgetting import Certificate, Forgetting, Held


class HeldReply(Reply, kw_only=True):
    """What is kept of one person of one trip: names of fields, never their values. `in_trip` is
    false for somebody who was replaced by others."""

    person_id: str
    trip_id: str
    trip_status: str
    in_trip: bool
    fields: list[str]
    forgotten: bool


class PeopleReply(Reply, kw_only=True):
    people: list[HeldReply]


class CertificateReply(Reply, kw_only=True):
    """`document` is the base64 of the JSON that was signed with Ed25519: what was erased, when,
    by whom, its place in the log, and which records of others remain elsewhere."""

    person_id: str
    trip_id: str
    fields: list[str]
    forgotten_at: str
    position: int
    elsewhere: list[str]
    document: str
    public_key: str
    signature: str


def people_routes(forgetting: Forgetting) -> list[Route]:
    async def of_trip(call: Call[None, NoQuery]) -> Answer:
        held = await forgetting.people_of(call.path["trip_id"], call.caller.tenant)
        return Answer(body=PeopleReply(people=[held_reply(each) for each in held]))

    async def show(call: Call[None, NoQuery]) -> Answer:
        return Answer(
            body=held_reply(await forgetting.held(call.path["person_id"], call.caller.tenant))
        )

    async def forget(call: Call[None, NoQuery]) -> Answer:
        certificate = await forgetting.forget(call.path["person_id"], cause_of(call))
        return Answer(body=certificate_reply(certificate))

    return [
        Route(
            method="GET",
            path="/v1/trips/{trip_id}/people",
            handler=of_trip,
            summary="Whose data was ever given for the trip",
            tag="people",
            answer=PeopleReply,
            scopes=("ops:read",),
            problems=("trip_not_found",),
        ),
        Route(
            method="GET",
            path="/v1/people/{person_id}",
            handler=show,
            summary="What is kept of a person",
            description="Names of fields, never their values.",
            tag="people",
            answer=HeldReply,
            scopes=("ops:read",),
            problems=("person_not_found",),
        ),
        Route(
            method="POST",
            path="/v1/people/{person_id}/forget",
            handler=forget,
            summary="Forget a person",
            description="Destroys the key of everything sealed for the person, for ever, and "
            "answers a signed certificate; asked again, the same one. Refused while the trip is "
            "being paid or ordered. Sums of money and the order of events do not change.",
            tag="people",
            answer=CertificateReply,
            scopes=("ops:write",),
            problems=("person_not_found", "person_needed"),
        ),
    ]


def held_reply(held: Held) -> HeldReply:
    return msgspec.convert(held, HeldReply, from_attributes=True)


def certificate_reply(certificate: Certificate) -> CertificateReply:
    erasure, signature = certificate.erasure, certificate.signature
    return CertificateReply(
        person_id=erasure.person_id,
        trip_id=erasure.trip_id,
        fields=list(erasure.fields),
        forgotten_at=moment(erasure.forgotten_at),
        position=erasure.position,
        elsewhere=list(erasure.elsewhere),
        document=base64.b64encode(certificate.document).decode(),
        public_key=signature.public_key,
        signature=signature.signature,
    )
