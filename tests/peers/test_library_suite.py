"""The eventsourcing library's own recorder tests, run against our log and our checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from eventsourcing.tests import persistence as suite

from tests.peers.bridge import Bridge, CheckpointRecorder, LogRecorder, bridge_to

if TYPE_CHECKING:
    from eventsourcing.tests import persistence as suite
else:
    suite = pytest.importorskip(
        "eventsourcing.tests.persistence", reason="the library's tests need its crypto extra"
    )


@pytest.fixture
def bridge(database_url: str, request: pytest.FixtureRequest) -> Iterator[None]:
    with bridge_to(database_url) as bridge:
        request.instance.bridge = bridge
        yield


@pytest.mark.usefixtures("bridge")
class TestApplicationRecorder(suite.ApplicationRecorderTestCase[LogRecorder]):
    bridge: Bridge

    def create_recorder(self) -> LogRecorder:
        concurrent = "concurrent" in self._testMethodName
        return LogRecorder(self.bridge, counts_from=0 if concurrent else 1)


@pytest.mark.usefixtures("bridge")
class TestNonInterleavingNotificationIDs(suite.NonInterleavingNotificationIDsBaseCase):
    bridge: Bridge

    def create_recorder(self) -> LogRecorder:
        return LogRecorder(self.bridge, counts_from=0)


@pytest.mark.usefixtures("bridge")
class TestTrackingRecorder(suite.TrackingRecorderTestCase):
    bridge: Bridge

    def create_recorder(self) -> CheckpointRecorder:
        return CheckpointRecorder(self.bridge)
