"""Signatures that outlive us: evidence and certificates can be checked by anybody, offline.

The signing key lies in a file beside the master key and never in the database. Whoever checks a
signature needs only the public key, which every signed document names.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32


class SigningKeyUnusable(ValueError):
    """The signing key file holds no usable key."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Base64 of an Ed25519 public key and of what it signed the bytes with."""

    public_key: str
    signature: str


class Signer:
    """Signs with one Ed25519 key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self.key = key
        self.public_key = base64.b64encode(key.public_key().public_bytes_raw()).decode()

    @classmethod
    def generate(cls) -> Signer:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read_or_create(cls, path: Path) -> Signer:
        """The first start makes the file, readable by its owner only; of two first starts at once
        one makes it and both read it."""
        if not path.exists():
            make_key_file(path, os.urandom(KEY_BYTES))
        try:
            seed = base64.b64decode(path.read_bytes().strip(), validate=True)
            return cls(Ed25519PrivateKey.from_private_bytes(seed))
        except (binascii.Error, ValueError):
            raise SigningKeyUnusable("the signing key file holds no Ed25519 key") from None

    def sign(self, data: bytes) -> Signature:
        return Signature(self.public_key, base64.b64encode(self.key.sign(data)).decode())


def verified(data: bytes, signature: Signature) -> bool:
    """Whether exactly these bytes were signed by the owner of the signature's public key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signature.public_key))
        key.verify(base64.b64decode(signature.signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical(document: Any) -> bytes:
    """The one spelling of a JSON document that is signed: keys sorted, no spaces."""
    return msgspec.json.encode(document, order="sorted")


def make_key_file(path: Path, key: bytes) -> None:
    """Write a new key, all of it or nothing; a file that is there already stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid4().hex}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
