"""The codec of this program's events, with the envelope that the settings ask for."""

from __future__ import annotations

from eventsourcing.compressor import ZlibCompressor

from adapters.event_log.codec import EventCodec
from adapters.event_log.envelope import CipherKeyUnusable, Envelope, ciphers_of
from domain.dossier import TOPICS
from service.settings import Settings, UnsafeSettings


def codec_of(settings: Settings) -> EventCodec:
    """Raises UnsafeSettings when a key of the log is none."""
    secret = settings.log_cipher_key
    try:
        ciphers = ciphers_of(secret.get_secret_value()) if secret else ()
    except CipherKeyUnusable as error:
        raise UnsafeSettings([f"TRIPLEDGER_LOG_CIPHER_KEY: {error}"]) from None
    compressor = ZlibCompressor() if settings.log_compression == "zlib" else None
    return EventCodec(TOPICS, envelope=Envelope(compressor=compressor, ciphers=ciphers))
