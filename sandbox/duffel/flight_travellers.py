"""Checking the people on an order against those the offer was priced for."""

from __future__ import annotations

import re
from datetime import date

from sandbox.duffel.body import Node
from sandbox.duffel.errors import DuffelError, Json
from sandbox.duffel.offers import Offer
from sandbox.duffel.wire import age_on

NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ '.\-’])*")
NAME_CHARACTERS_MAX = 20
TITLES = ("mr", "ms", "mrs", "miss", "dr")
AGES = {"adult": range(12, 131), "child": range(2, 18), "infant_without_seat": range(2)}


def read_name(node: Node, field: str) -> str:
    name = node.text(field)
    if len(name) > NAME_CHARACTERS_MAX or not NAME.fullmatch(name):
        node.refuse(field, "invalid_passenger_name", f"Field '{field}' is not a name")
    return name


def read_born_on(node: Node, passenger: Json, last_departure: date) -> date:
    """The age at the last departure decides, as it did for the price."""
    born = node.date("born_on")
    age = age_on(born, last_departure)
    priced_for = (
        range(passenger["age"], passenger["age"] + 1) if passenger["age"] is not None else None
    )
    allowed = priced_for or AGES[passenger["type"]]
    if age not in allowed:
        node.refuse(
            "born_on",
            "validation_inclusion",
            f"Field 'born_on' makes the passenger {age} years old at the last departure, "
            "which is not what the offer was priced for",
        )
    return born


def read_passenger(node: Node, passenger: Json, offer: Offer) -> Json:
    title = node.text("title")
    if title not in TITLES:
        node.refuse("title", "invalid_passenger_title", f"Field 'title' must be one of {TITLES}")
    if offer.wire["passenger_identity_documents_required"]:
        for document in node.objects("identity_documents"):
            document.choice("type", ("passport",))
            document.text("unique_identifier")
    return {
        "id": passenger["id"],
        "type": passenger["type"],
        "title": title,
        "gender": node.choice("gender", ("m", "f")),
        "given_name": read_name(node, "given_name"),
        "family_name": read_name(node, "family_name"),
        "born_on": read_born_on(node, passenger, offer.last_departure).isoformat(),
        "email": node.email("email"),
        "phone_number": node.phone("phone_number"),
        "infant_passenger_id": node.optional("infant_passenger_id", str),
        "loyalty_programme_accounts": [],
    }


def refuse_unaccompanied_infants(data: Node, people: list[Json]) -> None:
    """Each infant sits on exactly one adult's lap."""
    infants = sorted(p["id"] for p in people if p["type"] == "infant_without_seat")
    laps = sorted(
        p["infant_passenger_id"]
        for p in people
        if p["infant_passenger_id"] is not None and p["type"] == "adult"
    )
    if infants != laps:
        data.refuse(
            "passengers",
            "validation_inclusion",
            "Each infant must be named once as an adult's 'infant_passenger_id'",
        )


def read_passengers(data: Node, offer: Offer) -> list[Json]:
    """Exactly the offer's passengers, each complete and of the right age."""
    nodes = data.objects("passengers")
    asked = {passenger["id"]: passenger for passenger in offer.wire["passengers"]}
    ids = [node.text("id") for node in nodes]
    if sorted(ids) != sorted(asked):
        data.refuse(
            "passengers",
            "validation_inclusion",
            "Field 'passengers' must hold exactly the passengers of the offer",
        )
    people = [
        read_passenger(node, asked[each], offer) for node, each in zip(nodes, ids, strict=True)
    ]
    refuse_unaccompanied_infants(data, people)
    names = {(p["given_name"].casefold(), p["family_name"].casefold()) for p in people}
    if len(names) < len(people):
        raise DuffelError("duplicate_passenger_name")
    return people
