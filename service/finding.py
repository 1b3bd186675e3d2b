"""What somebody typed into the one search box, as the words that trips are found by."""

from __future__ import annotations

from adapters.vault import Vault

TEXT_CHARS_MAX = 200


async def words_of(text: str, vault: Vault) -> tuple[str, ...]:
    """An id, code, reference or request id stands for itself; an address for everybody who gave
    it and is not forgotten. Never empty, so that nothing found is not mistaken for no wish."""
    word = text.strip()[:TEXT_CHARS_MAX].replace("\0", "").lower()
    if "@" in word:
        return (word, *await vault.persons_with(word))
    return (word,)
