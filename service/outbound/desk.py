"""What tenants, and operators for them, do with their webhook endpoints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from adapters.outbound.addresses import AddressRefused, GuardedResolver
from adapters.outbound.deliveries import Attempt, Delivery, DeliveryState, PostgresDeliveries
from adapters.outbound.endpoints import (
    ENDPOINTS_MAX,
    Endpoint,
    Payload,
    PostgresEndpoints,
    Secret,
)
from adapters.outbound.signing import SealedSecrets, new_secret
from domain.dossier import TOPICS
from domain.errors import Refused
from domain.log import Cause
from domain.ports import Clock, EventLog
from service.operating.book import Book, Deed
from service.outbound.payload import TEST_TOPIC

SECRETS_MAX = 4
PATTERN = re.compile(r"\*|(trip|booking)\.(\*|[a-z-]+\.(\*|v[0-9]+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where a tenant wants to be told, of what, and how; `after` unset: of what happens from now
    on."""

    url: str
    topics: tuple[str, ...] = ("*",)
    payload: Payload = "thin"
    ordered: bool = False
    description: str = ""
    after: int | None = None


class WebhookDesk:
    """Endpoints and deliveries of a tenant; None stands for the operator, who sees all. Whoever
    changes something is written down with it."""

    def __init__(
        self,
        endpoints: PostgresEndpoints,
        deliveries: PostgresDeliveries,
        secrets: SealedSecrets,
        addresses: GuardedResolver,
        events: EventLog,
        clock: Clock,
        book: Book,
    ) -> None:
        self.endpoints = endpoints
        self.deliveries = deliveries
        self.secrets = secrets
        self.addresses = addresses
        self.events = events
        self.clock = clock
        self.book = book

    async def register(
        self, endpoint_id: str, tenant: str, wish: Wish, cause: Cause
    ) -> tuple[Endpoint, str]:
        """The endpoint and its secret; asked again with the same id, the same. Raises Refused
        `webhook_url_refused`, `webhook_events_unknown` or `webhook_endpoints_full`."""
        known = await self.endpoints.get(endpoint_id, tenant)
        if known is not None:
            return known, await self.secrets.open(endpoint_id, known.secrets[0].sealed)
        if unknown := [topic for topic in wish.topics if not names_events(topic)]:
            raise Refused(
                "webhook_events_unknown",
                f"No event is called {', '.join(unknown)}.",
                events=list(TOPICS),
            )
        try:
            await self.addresses.check(wish.url)
        except AddressRefused as refused:
            raise Refused("webhook_url_refused", f"Nothing is sent there: {refused}.") from None
        await self.book.write(
            "added a webhook endpoint", cause, tenant=tenant, subject=about(endpoint_id)
        )
        last = await self.events.last_position()
        secret = new_secret()
        new = Endpoint(
            endpoint_id=endpoint_id,
            tenant=tenant,
            url=wish.url,
            description=wish.description,
            payload=wish.payload,
            topics=wish.topics,
            ordered=wish.ordered,
            secrets=(
                Secret(secret_id=endpoint_id, sealed=await self.secrets.seal(endpoint_id, secret)),
            ),
            position=last if wish.after is None else min(wish.after, last),
            created_at=self.clock.now(),
        )
        if not await self.endpoints.add(new):
            raise Refused(
                "webhook_endpoints_full", f"A tenant has at most {ENDPOINTS_MAX} endpoints."
            )
        return new, secret

    async def listed(self, tenant: str | None) -> Sequence[Endpoint]:
        return await self.endpoints.listed(tenant)

    async def get(self, endpoint_id: str, tenant: str | None) -> Endpoint:
        """Raises Refused `webhook_endpoint_not_found`, as everything below does."""
        found = await self.endpoints.get(endpoint_id, tenant)
        if found is None:
            raise Refused("webhook_endpoint_not_found", "There is no such webhook endpoint.")
        return found

    async def remove(self, endpoint_id: str, cause: Cause) -> Endpoint:
        found = await self.get(endpoint_id, cause.tenant)
        await self.written("removed a webhook endpoint", found, cause)
        await self.endpoints.remove(endpoint_id)
        return found

    async def rotate(
        self, endpoint_id: str, cause: Cause, secret_id: str, overlap: timedelta
    ) -> tuple[Endpoint, str]:
        """A new secret beside those that are still good, which are so for the overlap; asked again
        with the same `secret_id`, the same."""
        now = self.clock.now()
        found = await self.get(endpoint_id, cause.tenant)
        if not any(known.secret_id == secret_id for known in found.secrets):
            await self.written("replaced a webhook endpoint's secret", found, cause)
        while True:
            found = await self.get(endpoint_id, cause.tenant)
            for known in found.secrets:
                if known.secret_id == secret_id:
                    return found, await self.secrets.open(endpoint_id, known.sealed)
            until = now + overlap
            old = [
                replace(each, until=min(each.until, until) if each.until else until)
                for each in found.secrets
                if each.is_good(now)
            ]
            secret = new_secret()
            sealed = await self.secrets.seal(endpoint_id, secret)
            kept = (Secret(secret_id=secret_id, sealed=sealed), *old)[:SECRETS_MAX]
            if await self.endpoints.replace_secrets(endpoint_id, found.secrets, kept):
                return replace(found, secrets=kept), secret

    async def enable(self, endpoint_id: str, cause: Cause) -> Endpoint:
        """Tell it again; it goes on where it stood still. Its address is judged anew."""
        found = await self.get(endpoint_id, cause.tenant)
        if found.disabled_at is not None:
            try:
                await self.addresses.check(found.url)
            except AddressRefused as refused:
                raise Refused("webhook_url_refused", f"Nothing is sent there: {refused}.") from None
            await self.written("enabled a webhook endpoint", found, cause)
            await self.endpoints.enable(endpoint_id, self.clock.now())
        return await self.get(endpoint_id, cause.tenant)

    async def replay(self, endpoint_id: str, cause: Cause, after: int) -> Endpoint:
        """Send every event behind a position again, under the ids they had."""
        found = await self.enabled(endpoint_id, cause.tenant)
        told = f"{about(endpoint_id)} behind position {after}"
        await self.written("replayed to a webhook endpoint", found, cause, told)
        await self.endpoints.rewind(endpoint_id, after)
        return await self.get(endpoint_id, cause.tenant)

    async def test(self, endpoint_id: str, cause: Cause, event_id: str) -> Delivery:
        """Send an event that tells of nothing."""
        found = await self.enabled(endpoint_id, cause.tenant)
        await self.written("tested a webhook endpoint", found, cause)
        return await self.deliveries.add_test(endpoint_id, event_id, TEST_TOPIC, self.clock.now())

    async def deliveries_of(
        self,
        endpoint_id: str,
        tenant: str | None,
        *,
        state: DeliveryState | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[tuple[Delivery, Sequence[Attempt]]]:
        """The newest first, each with its attempts."""
        await self.get(endpoint_id, tenant)
        page = await self.deliveries.page(endpoint_id, state, before, limit)
        attempts = await self.deliveries.attempts_of([each.delivery_id for each in page])
        return [(each, attempts[each.delivery_id]) for each in page]

    async def resend(
        self, endpoint_id: str, cause: Cause, delivery_id: str, reason: str = ""
    ) -> Delivery:
        """Try a delivery anew, under the id it had. Raises Refused `webhook_delivery_not_found`
        too."""
        endpoint = await self.enabled(endpoint_id, cause.tenant)
        if await self.deliveries.get(endpoint_id, delivery_id) is not None:
            told = f"delivery {delivery_id}"
            await self.written("sent a delivery again", endpoint, cause, told, reason)
            await self.deliveries.resend(delivery_id, self.clock.now())
        found = await self.deliveries.get(endpoint_id, delivery_id)
        if found is None:
            raise Refused("webhook_delivery_not_found", "There is no such delivery.")
        return found

    async def written(
        self, deed: Deed, endpoint: Endpoint, cause: Cause, told: str = "", reason: str = ""
    ) -> None:
        subject = told or about(endpoint.endpoint_id)
        await self.book.write(deed, cause, tenant=endpoint.tenant, subject=subject, reason=reason)

    async def enabled(self, endpoint_id: str, tenant: str | None) -> Endpoint:
        found = await self.get(endpoint_id, tenant)
        if found.disabled_at is not None:
            raise Refused(
                "webhook_endpoint_disabled",
                f"The endpoint is told nothing because {found.disabled_because}: enable it first.",
            )
        return found


def about(endpoint_id: str) -> str:
    return f"endpoint {endpoint_id}"


def names_events(pattern: str) -> bool:
    """Whether some event is called so."""
    if not PATTERN.fullmatch(pattern):
        return False
    start = pattern.removesuffix("*")
    return any(
        topic == pattern or (start != pattern and topic.startswith(start)) for topic in TOPICS
    )
