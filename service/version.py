"""Which version of the service this is."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("tripledger")
