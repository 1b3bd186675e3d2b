"""The network between hosts: addresses, connections that keep their order, and what befalls it."""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from tests.simulation.loop import HOST, Host, SimulatedLoop

LATENCY_S = 0.002
KNOCK_S = 1.0
# Its connections are not of this world: nothing befalls them.
DIRECTOR = "director"
Address = tuple[str, int]


@dataclass
class Weather:
    """How the network behaves at present. Chances are per piece of data that is sent."""

    jitter_s: float = 0.0
    reset_chance: float = 0.0
    cut: set[tuple[str, str]] = field(default_factory=set)

    def separates(self, one: str, other: str) -> bool:
        return (one, other) in self.cut


class Listening:
    """What `create_server` answers."""

    def __init__(self, network: Network, address: Address) -> None:
        self.network = network
        self.address = address
        self.sockets: list[Any] = []

    def close(self) -> None:
        self.network.listeners.pop(self.address, None)

    async def wait_closed(self) -> None:
        """Nothing is left to wait for."""


class Pipe(asyncio.Transport):
    """One end of a connection. What is written arrives in order, late, or not before a partition
    heals; a reset loses what is under way."""

    def __init__(self, network: Network, host: Host, names: tuple[Address, Address]) -> None:
        super().__init__()
        self.network = network
        self.host = host
        self.local, self.remote = names
        self.protocol: Any = None
        self.peer: Pipe
        self.closing = False
        self.lost = False
        self.arrival_s = 0.0
        self.reading = True
        self.unread: list[bytes | None] = []
        self.held: list[bytes | None] = []

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": self.remote, "sockname": self.local}.get(name, default)

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def get_protocol(self) -> Any:
        return self.protocol

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: Any = None, low: Any = None) -> None:
        """Nothing waits to be written here."""

    def write(self, data: Any) -> None:
        if self.closing or not data:
            return
        self.network.sent += 1
        spared = DIRECTOR in (self.host.name, self.peer.host.name)
        if not spared and self.network.chance.random() < self.network.weather.reset_chance:
            self.network.told(f"connection reset {self.host.name} -> {self.peer.host.name}")
            self.break_off(late=self.network.chance.random() < 0.5, data=bytes(data))
            return
        self.send(bytes(data))

    def writelines(self, pieces: Any) -> None:
        self.write(b"".join(pieces))

    def send(self, data: bytes | None) -> None:
        """`None` is the end of the stream."""
        if self.network.weather.separates(self.host.name, self.peer.host.name):
            self.held.append(data)
            return
        soonest = self.network.loop.time() + self.network.latency_s()
        self.arrival_s = max(self.arrival_s, soonest)
        self.network.loop.call_at(
            self.arrival_s, self.peer.arrive, data, context=self.peer.host.context
        )

    def heal(self) -> None:
        held, self.held = self.held, []
        for data in held:
            self.send(data)

    def arrive(self, data: bytes | None) -> None:
        if not self.reading:
            self.unread.append(data)
        elif self.lost:
            return
        elif data is None:
            self.lose(None)
        else:
            self.network.digest.update(b"%d:%d;" % (len(data), int(self.network.loop.now_s * 1e6)))
            self.protocol.data_received(data)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        unread, self.unread = self.unread, []
        for data in unread:
            self.arrive(data)

    def is_reading(self) -> bool:
        return self.reading

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self.send(None)
            self.network.loop.call_soon(self.lose, None, context=self.host.context)

    def abort(self) -> None:
        self.break_off(late=False, data=b"")

    def break_off(self, *, late: bool, data: bytes) -> None:
        """Both ends learn of it; `late`: what was written just now still arrives."""
        if self.lost:
            return
        if late:
            self.send(data)
        for end in (self, self.peer):
            end.closing = True
            when = max(self.arrival_s, self.network.loop.time() + LATENCY_S)
            reset = ConnectionResetError("connection reset by peer")
            self.network.loop.call_at(when, end.lose, reset, context=end.host.context)

    def lose(self, reason: Exception | None) -> None:
        if self.lost:
            return
        self.lost = self.closing = True
        self.network.pipes.pop(self, None)
        if self.protocol is not None:
            self.protocol.connection_lost(reason)
        if reason is None and not self.peer.closing:
            self.peer.send(None)


class Network:
    def __init__(self, loop: SimulatedLoop, seed: str, told: Callable[[str], None]) -> None:
        self.loop = loop
        self.chance = random.Random(f"{seed}:network")
        self.told = told
        self.weather = Weather()
        self.listeners: dict[Address, tuple[Any, Host]] = {}
        self.balanced: dict[Address, list[Address]] = {}
        self.reached: WeakKeyDictionary[socket.socket, Address] = WeakKeyDictionary()
        self.pipes: dict[Pipe, None] = {}
        self.digest = hashlib.sha256()
        self.sent = 0
        self.ports = 40_000
        loop.network = self

    def latency_s(self) -> float:
        return LATENCY_S * (0.5 + self.chance.random()) + self.chance.random() * (
            self.weather.jitter_s if self.chance.random() < 0.1 else 0.0
        )

    def listen(self, factory: Any, address: str, port: int) -> Listening:
        host = HOST.get()
        assert host is not None, "only hosts listen"
        self.listeners[(address, port)] = (factory, host)
        return Listening(self, (address, port))

    async def reach(self, sock: socket.socket, address: Address) -> None:
        """A connection attempt: refused where nobody listens, unanswered across a partition."""
        await asyncio.sleep(self.latency_s())
        caller = HOST.get()
        if address in self.balanced:
            up = [each for each in self.balanced[address] if each in self.listeners]
            address = self.chance.choice(up) if up else address
        _, host = self.listeners.get(address, (None, None))
        if caller is not None and host is not None:
            await self.way_between(caller.name, host.name)
        if host is None or not host.alive:
            raise ConnectionRefusedError(f"nobody listens at {address}")
        self.reached[sock] = address

    async def way_between(self, one: str, other: str) -> None:
        """Return when packets get through in both directions: who calls knocks again and again."""
        while {(one, other), (other, one)} & self.weather.cut:
            await asyncio.wait([self.loop.create_future()], timeout=KNOCK_S)

    def connect(self, sock: socket.socket, protocol_factory: Any) -> tuple[Pipe, Any]:
        address = self.reached.pop(sock)
        sock.close()
        found = self.listeners.get(address)
        if found is None or not found[1].alive:
            raise ConnectionRefusedError(f"nobody listens at {address}")
        factory, host = found
        caller = HOST.get()
        assert caller is not None, "only hosts call"
        self.ports += 1
        here: Address = ("127.0.0.1", self.ports)
        near, far = Pipe(self, caller, (here, address)), Pipe(self, host, (address, here))
        near.peer, far.peer = far, near
        self.pipes[near] = self.pipes[far] = None
        near.protocol = protocol_factory()
        near.protocol.connection_made(near)
        far.arrival_s = near.arrival_s = self.loop.time() + self.latency_s()
        self.loop.call_at(near.arrival_s, accept, far, factory, context=host.context)
        return near, near.protocol

    def heal(self) -> None:
        self.weather = Weather()
        for pipe in list(self.pipes):
            pipe.heal()

    def drop(self, host: Host) -> None:
        """The host is gone: who is connected to it hears of it, and nobody listens there."""
        for address in [a for a, (_, listens) in self.listeners.items() if listens is host]:
            del self.listeners[address]
        for pipe in [p for p in self.pipes if p.host is host]:
            pipe.break_off(late=False, data=b"")
            pipe.lost = True
            self.pipes.pop(pipe, None)


def accept(far: Pipe, factory: Any) -> None:
    if far.lost:
        return
    far.protocol = factory()
    far.protocol.connection_made(far)
