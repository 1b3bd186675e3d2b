"""An agent's side of a booking: an MCP client searches, builds a trip, opens its checkout and
follows it until it is booked, against a running `make demo`. Needs the package's extra `mcp`.

Run it from the repository's root, or name the demo's directory:
TRIPLEDGER_DATA_DIR=/somewhere python examples/mcp_booking.py
"""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

# What a traveler has told the agent. An agent asks for it; it never makes it up.
TRAVELER = {
    "first_name": "Amelia",
    "last_name": "Earhart",
    "passenger_type": "ADULT",
    "date_of_birth": "1987-07-24",
    "gender": "f",
}
CONTACT = {"email": "amelia@tripledger.dev", "phone": "+44 20 8016 0509"}
DAYS_AHEAD = 60
FOLLOW_S_MAX = 60.0
FOLLOW_EVERY_S = 1.0


async def main() -> None:
    demo = json.loads(demo_file().read_text(encoding="utf-8"))
    headers = {"Authorization": f"Bearer {demo['api_key']}"}
    async with httpx2.AsyncClient(headers=headers, timeout=90) as http:
        transport = streamable_http_client(f"{demo['base_url']}/mcp", http_client=http)
        async with Client(transport) as agent:
            trip_id = await build(agent)
            booked = await use(agent, "book", trip_id=trip_id)
            print(f"To pay: {booked['total_amount']['display']} at {booked['checkout_url']}")
            await pay_as_the_traveler(http, demo, trip_id)
            await follow(agent, trip_id)


def demo_file() -> Path:
    return Path(os.environ.get("TRIPLEDGER_DATA_DIR", ".tripledger")) / "demo.json"


async def use(agent: Client, tool: str, **arguments: Any) -> Any:
    """What a tool answers; an error ends the example with what may be done next."""
    told = await agent.call_tool(tool, arguments)
    answer = told.structured_content
    if told.is_error:
        error = answer["error"]
        raise SystemExit(f"{tool}: {error['code']}: {error['message']} {error['next']}")
    return answer


async def build(agent: Client) -> str:
    """One trip with the cheapest flight and hotel; answers its id."""
    departure = (datetime.now(UTC) + timedelta(days=DAYS_AHEAD)).date()
    flights = await use(
        agent,
        "search_flights",
        slices=[{"origin": "LHR", "destination": "JFK", "departure_date": departure.isoformat()}],
        passengers=[{"type": "adult"}],
    )
    stays = await use(
        agent,
        "search_stays",
        latitude=40.7549,
        longitude=-73.984,
        check_in_date=departure.isoformat(),
        check_out_date=(departure + timedelta(days=3)).isoformat(),
        guests=[{"type": "adult"}],
    )
    flight, stay = flights["offers"][0], stays["offers"][0]
    for offer in (flight, stay):
        print(f"Found: {offer['title']}, {offer['price']['display']}")
    trip = await use(
        agent,
        "trip",
        # Were the answer lost, the same call again would not start a second trip.
        request_id=str(uuid4()),
        add_item={"trip_item_token": flight["trip_item_token"]},
        upsert_travelers={"travelers": [TRAVELER], "contact": CONTACT},
    )
    await use(
        agent,
        "trip",
        trip_id=trip["trip_id"],
        add_item={"trip_item_token": stay["trip_item_token"]},
    )
    print(f"In one trip: {trip['trip_id']}")
    return str(trip["trip_id"])


async def pay_as_the_traveler(http: httpx2.AsyncClient, demo: Any, trip_id: str) -> None:
    """No tool pays. A person would open the page; here the pretended Stripe is told they did."""
    trip = (await http.get(f"{demo['base_url']}/v1/trips/{trip_id}")).json()
    session = trip["checkout"]["session_id"]
    url = f"{demo['stripe_url']}/_sandbox/checkout/{session}/pay"
    (await http.post(url, json={"outcome": "paid"})).raise_for_status()
    print("The traveler has paid.")


async def follow(agent: Client, trip_id: str) -> None:
    """Until everything is booked, as get_trip tells."""
    async with asyncio.timeout(FOLLOW_S_MAX):
        while True:
            trip = await use(agent, "get_trip", trip_id=trip_id)
            state = (trip["fulfillment"] or {"status": "not scheduled yet"})["status"]
            if state in {"completed", "failed"}:
                break
            await asyncio.sleep(FOLLOW_EVERY_S)
    print(f"{trip['booking_ref']}: {state}, payment {trip['payment']['status']}")
    for booking in trip["bookings"]:
        print(f"  {booking['description']}: {booking['status']}, {booking['booking_reference']}")


if __name__ == "__main__":
    asyncio.run(main())
