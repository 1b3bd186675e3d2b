"""`tripledger forget …`: erase a person, and check what certifies it."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import msgspec
from cyclopts import App

from adapters.signing import Signature, verified
from service.app import assembled
from service.cli.opening import cause, database
from service.cli.output import FAILED, NOT_FOUND, OK, people, print_json, print_table, stop
from service.people.forgetting import Certificate, Held
from service.settings import Settings

app = App(name="forget", help="Erase a person, or check a certificate of erasure.")


@app.default
def forget(
    person: str,
    *,
    dry_run: bool = False,
    certificate: Path | None = None,
    json: bool = False,
) -> int:
    """Destroy everything that is kept of a person, for ever, and certify it.

    Parameters
    ----------
    person
        The person's id, or a trip's id for everyone who was ever in it.
    dry_run
        Only say what would be erased.
    certificate
        Where to write the signed certificates, as JSON.
    """
    if dry_run:
        rows = [msgspec.to_builtins(held) for held in asyncio.run(held_of(person))]
        print_json(rows) if json else print_table("Would be erased", rows)
        return OK
    documents = [document(each) for each in asyncio.run(forgotten(person))]
    if certificate is not None:
        certificate.write_bytes(msgspec.json.format(msgspec.json.encode(documents)))
    if json:
        print_json(documents)
    else:
        print_table("Erased", [said(each) for each in documents])
        people.print("What payment providers and suppliers keep is theirs to erase.")
    return OK


@app.command
def verify(certificate: Path, *, json: bool = False) -> int:
    """Check that certificates say exactly what was signed, and by which key."""
    try:
        documents = msgspec.json.decode(certificate.read_bytes(), type=list[dict[str, str]])
        for each in documents:
            signature = Signature(each["public_key"], each["signature"])
            if not verified(base64.b64decode(each["document"]), signature):
                stop(FAILED, "This certificate was changed after it was signed.")
    except FileNotFoundError:
        stop(NOT_FOUND, f"There is no file {certificate}.")
    except (msgspec.MsgspecError, KeyError, ValueError):
        stop(FAILED, "This is no certificate of erasure.")
    rows = [said(each) | {"signed_by": each["public_key"]} for each in documents]
    print_json(rows) if json else print_table("Certified", rows)
    return OK


async def held_of(person: str) -> list[Held]:
    async with database() as opened, assembled(Settings.load(), opened) as service:
        if await service.vault.keys.whose(person) is None:
            return list(await service.forgetting.people_of(person, None))
        return [await service.forgetting.held(person, None)]


async def forgotten(person: str) -> list[Certificate]:
    async with database() as opened, assembled(Settings.load(), opened) as service:
        forgetting, keys = service.forgetting, service.vault.keys
        known = await keys.whose(person)
        ids = [person] if known else [h.person_id for h in await forgetting.people_of(person, None)]
        return [await forgetting.forget(person_id, cause()) for person_id in ids]


def document(certificate: Certificate) -> dict[str, str]:
    """What is kept of a certificate: the signed bytes, the key and the signature."""
    return {
        "document": base64.b64encode(certificate.document).decode(),
        "public_key": certificate.signature.public_key,
        "signature": certificate.signature.signature,
    }


def said(document: dict[str, str]) -> dict[str, Any]:
    """What a signed document says, for people."""
    told = msgspec.json.decode(base64.b64decode(document["document"]))
    return {
        "person": told["person_id"],
        "trip": told["trip_id"],
        "fields": " ".join(told["fields"]),
        "forgotten at": told["forgotten_at"],
        "position": told["position"],
        "elsewhere": " ".join(told["elsewhere"]),
    }
