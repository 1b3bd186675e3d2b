"""What is around a stored payload: nothing, a compression, a cipher, or both.

The first byte tells, so that either may be switched on or off in the middle of a log: JSON begins
with a brace and stands for itself. The compressor and the ciphers are the eventsourcing library's
interfaces.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from zlib import error as NotPacked

from eventsourcing.compressor import ZlibCompressor
from eventsourcing.cryptography import AESCipher
from eventsourcing.persistence import Cipher, Compressor
from eventsourcing.utils import Environment

PACKED, SEALED, PACKED_AND_SEALED = b"\x01", b"\x02", b"\x03"
MARKS = frozenset([PACKED, SEALED, PACKED_AND_SEALED])
KEY_BYTES = 32


class NotOpened(ValueError):
    """The payload cannot be reached; says why without showing anything of it."""


class CipherKeyUnusable(ValueError):
    """What was given as a key is none."""


class Envelope:
    """Closes payloads with the compressor and the first cipher, where there are any; opens what
    any of the ciphers closed. Whatever was compressed can always be opened."""

    def __init__(
        self, *, compressor: Compressor | None = None, ciphers: Sequence[Cipher] = ()
    ) -> None:
        self.compressor = compressor
        self.unpacker = compressor or ZlibCompressor()
        self.ciphers = tuple(ciphers)

    def close(self, payload: bytes) -> bytes:
        packed = self.compressor.compress(payload) if self.compressor else payload
        smaller = len(packed) < len(payload)
        inner = packed if smaller else payload
        if self.ciphers:
            mark = PACKED_AND_SEALED if smaller else SEALED
            return mark + self.ciphers[0].encrypt(inner)
        return PACKED + inner if smaller else payload

    def open(self, stored: bytes) -> bytes:
        """The payload; raises NotOpened."""
        mark = stored[:1]
        if mark not in MARKS:
            return stored
        inner = stored[1:] if mark == PACKED else self.unsealed(stored[1:])
        if mark == SEALED:
            return inner
        try:
            return self.unpacker.decompress(inner)
        except NotPacked:
            raise NotOpened("its compression is damaged") from None

    def unsealed(self, sealed: bytes) -> bytes:
        if not self.ciphers:
            raise NotOpened("it is sealed, and no key of the log is configured")
        for cipher in self.ciphers:
            try:
                return cipher.decrypt(sealed)
            except ValueError:
                continue
        raise NotOpened("it is sealed with another key, or damaged")


def ciphers_of(keys: str) -> tuple[Cipher, ...]:
    """A cipher for each key (base64 of 32 bytes; separated by commas or white space, the newest
    first); raises CipherKeyUnusable."""
    return tuple(cipher_of(key) for key in keys.replace(",", " ").split())


def cipher_of(key: str) -> Cipher:
    try:
        length = len(b64decode(key, validate=True))
    except NotBase64:
        length = 0
    if length != KEY_BYTES:
        raise CipherKeyUnusable(f"a key of the log is {KEY_BYTES} random bytes in base64")
    return AESCipher(Environment(env={AESCipher.CIPHER_KEY: key}))
