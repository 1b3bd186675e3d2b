"""Signatures of Standard Webhooks 1.0: HMAC-SHA256 of id, time and body, one for each secret."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from uuid import UUID

from adapters.vault import Forgotten, Owner, Vault

PREFIX = "whsec_"
SECRET_BYTES = 32
# Not a person: its data key seals endpoints' secrets, wrapped and rewrapped like all others.
KEYRING = str(UUID(int=1))


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature_headers(
    message_id: str, at: int, body: bytes, secrets_: Sequence[str]
) -> dict[str, str]:
    """The three headers; `at` in seconds since 1970."""
    signed = f"{message_id}.{at}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{mac(secret, signed)}" for secret in secrets_),
    }


def mac(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


class SealedSecrets:
    """Secrets as they may lie in the database: sealed for the endpoint they belong to."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    async def seal(self, endpoint_id: str, secret: str) -> str:
        keys = self.vault.keys
        await keys.add(KEYRING, Owner(tenant="", trip_id=KEYRING), self.vault.new_key(KEYRING))
        return await self.vault.seal(KEYRING, endpoint_id, "webhook_secret", secret)

    async def open(self, endpoint_id: str, sealed: str) -> str:
        secret = await self.vault.open(KEYRING, endpoint_id, "webhook_secret", sealed)
        assert not isinstance(secret, Forgotten), "nobody forgets what is no person"
        return str(secret)
