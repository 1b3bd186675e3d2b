"""The keys that are kept in files beside the database: what signs, and what seals people's data."""

from __future__ import annotations

from adapters.database import Database
from adapters.signing import Signer
from adapters.vault import MasterKeys, PostgresPersonKeys, Vault
from service.settings import Settings


def signer_of(settings: Settings) -> Signer:
    return Signer.read_or_create(settings.signing_key_file or settings.data_dir / "signing.key")


def vault_of(settings: Settings, database: Database) -> Vault:
    key_file = settings.master_key_file or settings.data_dir / "master.key"
    return Vault(PostgresPersonKeys(database), MasterKeys.read_or_create(key_file))
