"""`POST /mcp`: streamable HTTP, where each request stands alone. A credential opens what it may in
its own request and nothing is kept, so that any process can answer and no session can be taken
over. Everything at the door (keys, limits, logs) is as for every other route."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import Message, Scope

from service.http.api import BODY_BYTES_MAX, JSON, Answer, Call
from service.http.decoding import NoQuery
from service.http.guards.repeats import repeated_field
from service.http.redirects import LOOPBACK
from service.mcp.server import Context, serving
from service.mcp.tools import Asked, ToolDefinition
from service.settings import Settings

PATH = "/mcp"
ASKED = "tripledger.asked"
# As JSON-RPC 2.0 calls it.
INVALID_REQUEST = -32_600


class McpDoor:
    """Hands each request to the protocol's own implementation."""

    def __init__(self, tools: list[ToolDefinition], settings: Settings) -> None:
        self.server: Server[Any] = serving(tools, asked_of)
        self.security = security_of(settings)

    async def post(self, call: Call[bytes, NoQuery]) -> Answer:
        if (pointer := repeated_field(call.body)) is not None:
            return refused(f"`{pointer}` is given more than once: give it once.", 400)
        exchange = Exchange(call)
        manager = StreamableHTTPSessionManager(
            self.server,
            json_response=True,
            stateless=True,
            security_settings=self.security,
            max_request_body_size=BODY_BYTES_MAX,
        )
        async with manager.run():
            await manager.handle_request(exchange.scope, exchange.receive, exchange.send)
        return exchange.answer()


class Exchange:
    """One request and its answer in the words of ASGI."""

    def __init__(self, call: Call[bytes, NoQuery]) -> None:
        self.unread = [call.body]
        self.status = 500
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": PATH,
            "raw_path": PATH.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [
                (name.lower().encode("latin-1"), value.encode("utf-8", "surrogateescape"))
                for name, value in call.headers.items()
            ],
            ASKED: Asked(caller=call.caller, request_id=call.request_id),
        }

    async def receive(self) -> Message:
        """The body, then the end: whoever asks again has no more to wait for."""
        if self.unread:
            return {"type": "http.request", "body": self.unread.pop(), "more_body": False}
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in message["headers"]
                if name.lower() != b"content-length"
            }
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def answer(self) -> Answer:
        """What the protocol's implementation refuses in plain words is an error of the protocol."""
        body = bytes(self.body)
        if self.status >= 400 and not self.headers.get("content-type", "").startswith(JSON):
            return refused(body.decode(errors="replace"), self.status)
        return Answer(body=body, status=self.status, headers=self.headers)


def refused(message: str, status: int) -> Answer:
    """Nothing of the request was carried out."""
    error = {"code": INVALID_REQUEST, "message": message}
    return Answer(body={"jsonrpc": "2.0", "id": None, "error": error}, status=status)


def asked_of(context: Context) -> Asked:
    assert context.request is not None, "every request comes through the HTTP door"
    asked: Asked = context.request.scope[ASKED]
    return asked


def security_of(settings: Settings) -> TransportSecuritySettings:
    """Under which names this service may be called: its public one, its own address, loopback.
    Anything else is a page that was led here by a forged name."""
    public = urlsplit(settings.base_url)
    loopback = [f"[{name}]" if ":" in name else name for name in sorted(LOOPBACK)]
    names = [*loopback, settings.host, *([public.hostname] if public.hostname else [])]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[public.netloc, *with_ports(names)],
        allowed_origins=[
            f"{public.scheme}://{public.netloc}",
            *settings.redirect_origins,
            *with_ports([f"http://{name}" for name in loopback]),
        ],
    )


def with_ports(names: list[str]) -> list[str]:
    return [spelled for name in names for spelled in (name, f"{name}:*")]
