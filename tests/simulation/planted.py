"""Mistakes made on purpose, each in one part of the composition, to see that they are found."""

from __future__ import annotations

from typing import Any

from service.app import Service


class Composition:
    """The parts as they are. A planted mistake overrides what puts a wrong one in its place."""

    def store(self, store: Any) -> Any:
        return store

    def payments(self, payments: Any) -> Any:
        return payments

    def supplier(self, supplier: Any) -> Any:
        return supplier

    def service(self, service: Service) -> None:
        """Nothing is replaced in the wired service."""


PLANTED: dict[str, type[Composition]] = {}


def planted_by_name(name: str) -> Composition:
    return PLANTED[name]()
