"""What Prometheus is told of a day that went partly wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from prometheus_client.parser import text_string_to_metric_families

from adapters.read_tables import PROJECTIONS
from domain.log import Append, Appended, Cause
from domain.ports import EventLog
from domain.trip.commands import OpenIncident
from service.handle import Road
from service.observability.metrics import Metrics
from service.serving import bind, running
from tests.scenarios.conftest import Raise
from tests.scenarios.sandboxes import HOST
from tests.scenarios.world import World

TOKEN = "only-for-the-eyes-of-prometheus"


class Scraped:
    """Samples by name and labels; what was not told is 0."""

    def __init__(self, text: str) -> None:
        self.samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def total(self, name: str, **labels: str) -> float:
        """The sum of what has these labels."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == f"tripledger_{name}" and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str, label: str) -> set[str]:
        return {s.labels[label] for s in self.samples if s.name == f"tripledger_{name}"}


async def scrape(world: World, url: str = "", token: str = "") -> Scraped:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with world.session.get(f"{url or world.url}/metrics", headers=headers) as answer:
        assert (200, "text/plain") == (answer.status, answer.content_type)
        return Scraped(await answer.text())


async def statuses(world: World, tokens: Iterable[str | None]) -> list[int]:
    found = []
    for token in tokens:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with world.session.get(world.url + "/metrics", headers=headers) as answer:
            found.append(answer.status)
    return found


async def test_a_day_is_counted_by_templates_kinds_and_outcomes(world: World) -> None:
    trip_id = await world.build_usual()
    await world.fault("stripe", "POST", "/v1/checkout/sessions", "http_500")
    key = {"Idempotency-Key": "twice-the-same"}
    for _ in range(2):
        await world.ask("POST", "/v1/trips", headers=key)
    await world.refused("POST", "/v1/webhooks/stripe", {"nobody": "signed this"})
    trip = await world.pay_and_settle(trip_id)
    await world.at_rest()

    told = await scrape(world)

    assert "completed" == trip["status"]
    assert 1 == told.total("http_requests_total", route="/v1/trips/{trip_id}/book", status="200")
    assert 1 == told.total("idempotency_replays_total")
    assert 1 == told.total("webhooks_refused_total", provider="stripe")
    calls = "provider_call_seconds_count"
    opened = {"provider": "stripe", "operation": "POST /v1/checkout/sessions"}
    assert 1 == told.total(calls, **opened, outcome="failed")
    assert 1 == told.total(calls, **opened, outcome="ok")
    captured = "POST /v1/payment_intents/{id}/capture"
    assert 1 == told.total(calls, operation=captured, outcome="ok")
    assert 1 == told.total(calls, operation="POST /air/orders", outcome="ok")
    assert 1 == told.total("task_seconds_count", effect="capture_payment", outcome="done")
    assert 1 == told.total("standing_up")
    nothing = ("unfulfilled_trips", "incidents_open", "outbox_parked", "inbox_failures")
    assert [0, 0, 0, 0] == [told.total(name) for name in nothing]
    assert set(PROJECTIONS) == told.labels("projection_lag_events", "projection")
    assert 0 < told.total("pool_connections") <= told.total("pool_connections_max")
    assert trip_id not in str(told.samples)


async def test_an_open_stream_is_a_request_and_no_duration(world: World) -> None:
    await world.build()
    headers = {"Authorization": f"Bearer {world.key}", "Accept": "text/event-stream"}
    async with world.session.get(world.url + "/v1/events?after=0", headers=headers) as stream:
        await stream.content.readuntil(b"trip.started")
    await world.call("GET", "/v1/events?after=0&limit=1")

    told = await scrape(world)

    assert 2 == told.total("http_requests_total", route="/v1/events", status="200")
    assert 1 == told.total("http_request_seconds_count", route="/v1/events")


class Overtaken:
    """The log of a command that somebody else is faster than, once."""

    def __init__(self, log: EventLog, overtake: Callable[[], Awaitable[object]]) -> None:
        self.log = log
        self.overtake: Callable[[], Awaitable[object]] | None = overtake

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)

    async def append(self, append: Append) -> Appended:
        overtake, self.overtake = self.overtake, None
        if overtake is not None:
            await overtake()
        return await self.log.append(append)


async def test_a_command_that_was_overtaken_and_decided_anew_is_counted(world: World) -> None:
    trip_id, metrics = await world.build(), Metrics()
    cause = Cause(tenant=None, actor="operator:ann")

    def told(code: str) -> OpenIncident:
        now = world.service.clock.now()
        return OpenIncident(code=code, detail="d", advice="a", subject=code, at_stake=None, now=now)

    log = Overtaken(
        world.service.log, lambda: world.service.road.handle(trip_id, told("first"), cause)
    )
    road = Road(cast(EventLog, log), on_conflict=metrics.conflicts.inc)
    await road.handle(trip_id, told("second"), cause)

    assert ["first", "second"] == [each["code"] for each in await world.incidents(trip_id)]
    assert 1 == Scraped(metrics.text().decode()).total("version_conflicts_total")


async def test_metrics_open_for_their_token_alone(raise_world: Raise) -> None:
    world = await raise_world(metrics_token=TOKEN)

    found = await statuses(world, [None, "something-else-as-long-as-it", world.key, TOKEN])

    assert [401, 401, 401, 200] == found


async def test_a_process_without_the_api_shows_how_it_is_at_a_port_of_its_own(
    raise_world: Raise,
) -> None:
    held = bind(HOST, 0)
    port = held.getsockname()[1]
    world = await raise_world(worker_port=port)
    url = f"http://{HOST}:{port}"
    held.close()
    async with running(world.service, ("project",)):
        told = await scrape(world, url)
        async with world.session.get(url + "/readyz") as ready:
            statuses = [ready.status]
        async with world.session.get(url + "/v1/events") as absent:
            statuses.append(absent.status)

    assert 1 == told.total("standing_up")
    assert [200, 404] == statuses
