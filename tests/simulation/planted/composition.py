"""The parts of the service as they are, for a planted mistake to put a wrong one in their place."""

from __future__ import annotations

from typing import Any, ClassVar

from service.app import Service


class Composition:
    """The parts as they are. A planted mistake overrides what puts a wrong one in its place; under
    the faults it `needs`, and with what providers are to do at first (`begins`: provider, method,
    path, mode) and what `befalls` the money afterwards it soon breaks one of the promises that it
    `breaks`."""

    needs: ClassVar[frozenset[str]] = frozenset()
    breaks: ClassVar[frozenset[str]] = frozenset()
    begins: ClassVar[tuple[tuple[str, str, str, str], ...]] = ()
    befalls: ClassVar[tuple[str, ...]] = ()

    def store(self, store: Any) -> Any:
        return store

    def payments(self, payments: Any) -> Any:
        return payments

    def supplier(self, supplier: Any) -> Any:
        return supplier

    def service(self, service: Service) -> None:
        """Nothing is replaced in the wired service."""


class Instead:
    """What is not overridden is done by the real part."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)
