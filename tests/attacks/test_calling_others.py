"""Nobody makes us call what is not on the public internet: not by how an address is written, not
by what a name resolves to, now or later, and not by sending us on."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.outbound.addresses import AddressRefused, GuardedResolver, Reach
from adapters.outbound.posting import ANSWER_BYTES_MAX, Poster
from tests.outbound.receiving import Receiver, receiving, status
from tests.scenarios.world import raised_world

NAME = "hooks.acme.example"
PUBLIC = "93.184.215.14"
ENDPOINTS = "/v1/webhook-endpoints"

WRITTEN_BADLY = [
    "http://hooks.acme.example/",
    "ftp://hooks.acme.example/",
    "//hooks.acme.example/",
    "https:///hooks",
    "https://user@hooks.acme.example/",
    "https://hooks.acme.example@127.0.0.1/",
    "https://hooks.acme.example#@127.0.0.1/",
    "https://hooks.acme.example\\@127.0.0.1/",
    "https://hooks.acme.example:0/",
    "https://hooks.acme.example:99999/",
    "https://localhost/",
    "https://localhost./",
    "https://postgres/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.1./",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:53aa:64c::]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25lo]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://①②⑦.0.0.1/",
    "https://lоcalhost.example/",
    "https://hooks.acme.example/a b",
    "https://hooks..example/",
    "https://-.example/",
]


class Names(AbstractResolver):
    """A name server that answers in turn, and its last answer for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture
async def other_receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@asynccontextmanager
async def poster(reach: Reach, *names: list[str], **how: object) -> AsyncIterator[Poster]:
    made = Poster(reach, names=Names(*names) if names else None, **how)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.aclose()


@pytest.mark.parametrize("url", WRITTEN_BADLY)
async def test_an_address_that_is_written_oddly_or_is_not_public_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        await GuardedResolver(Reach(), Names([PUBLIC])).check(url)
    async with poster(Reach(), [PUBLIC]) as sends:
        assert "refused_address" == (await sends.post(url, b"{}", {})).error


async def test_a_public_address_is_fine() -> None:
    names = Names([PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
    for url in (f"https://{NAME}/a?b=c", f"https://{PUBLIC}/", f"https://{NAME}:8443/"):
        await GuardedResolver(Reach(), names).check(url)
    assert 2 == names.asked


@pytest.mark.parametrize("private", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"])
async def test_a_name_that_leads_inside_is_refused_even_beside_public_addresses(
    private: str,
) -> None:
    for answer in ([private], [PUBLIC, private]):
        with pytest.raises(AddressRefused):
            await GuardedResolver(Reach(), Names(answer)).check(f"https://{NAME}/")


async def test_a_name_that_is_nobodys_is_refused() -> None:
    with pytest.raises(AddressRefused):
        await GuardedResolver(Reach(), Names([])).check(f"https://{NAME}/")


async def test_a_name_that_is_bound_anew_after_registration_leads_nowhere() -> None:
    """Public when it is registered, this machine when something is delivered."""
    async with receiving() as inside, poster(Reach(), [PUBLIC], ["127.0.0.1"]) as sends:
        port = inside.url.split(":")[2].split("/")[0]
        url = f"https://{NAME}:{port}/hooks"
        await sends.resolver.check(url)

        assert "refused_address" == (await sends.post(url, b"{}", {})).error
        assert [] == inside.got


def test_the_socket_itself_goes_nowhere_inside() -> None:
    """Whatever was resolved, by whomever: this is where the call would go."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:10.0.0.1")):
        with pytest.raises(AddressRefused):
            Reach().socket((family, socket.SOCK_STREAM, 0, "", (address, 443)))


async def test_nobody_is_sent_on(receiver: Receiver, other_receiver: Receiver) -> None:
    for code in (301, 302, 303, 307, 308):
        receiver.answers = [status(code, Location=other_receiver.url)]
        async with poster(Reach(loopback=True)) as sends:
            attempted = await sends.post(receiver.url, b"{}", {})

        assert (code, False) == (attempted.status, attempted.delivered)
    assert [] == other_receiver.got


async def test_what_answers_without_end_is_read_no_further(receiver: Receiver) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65_536)

    receiver.always = endless
    async with poster(Reach(loopback=True)) as sends:
        attempted = await sends.post(receiver.url, b"{}", {})

    assert 200 == attempted.status
    assert "x" * ANSWER_BYTES_MAX == attempted.answer


async def test_what_never_answers_is_left_alone(receiver: Receiver) -> None:
    over = asyncio.Event()

    async def silent(_request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    receiver.always = silent
    async with poster(Reach(loopback=True), total_s=0.3) as sends:
        attempted = await sends.post(receiver.url, b"{}", {})
    over.set()

    assert (None, "timeout") == (attempted.status, attempted.error)
    assert 1 == len(receiver.got)


async def test_only_who_can_prove_the_name_is_told(tmp_path: Path) -> None:
    """Over TLS, at exactly the address that was resolved, and under the name in the URL."""
    got: list[str] = []

    async def take(request: web.Request) -> web.StreamResponse:
        got.append(request.host)
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hooks", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    serving, trusting = certified(tmp_path, NAME)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serving)
    await site.start()
    port = runner.addresses[0][1]
    inside = Reach(loopback=True)
    try:
        async with poster(inside, ["127.0.0.1"], tls=trusting) as sends:
            well = await sends.post(f"https://{NAME}:{port}/hooks", b"{}", {})
            other = await sends.post(f"https://evil.example:{port}/hooks", b"{}", {})
        async with poster(inside, ["127.0.0.1"]) as sends:
            unknown = await sends.post(f"https://{NAME}:{port}/hooks", b"{}", {})
    finally:
        await runner.cleanup()

    assert (204, None) == (well.status, well.error)
    assert ["tls", "tls"] == [other.error, unknown.error]
    assert [f"{NAME}:{port}"] == got


def certified(directory: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What proves the name, and what believes that proof and no other."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "receiver.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    return serving, ssl.create_default_context(cafile=str(file))


async def test_outside_the_sandboxs_own_machine_nothing_inside_can_be_registered(
    database_url: str, tmp_path: Path
) -> None:
    """By the API, which says so and keeps nothing."""
    wishes = [
        "http://127.0.0.1:9/hooks",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/",
        "https://localhost/",
    ]
    async with raised_world(database_url, tmp_path, webhooks_loopback=False) as world:
        told = [await world.refused("POST", ENDPOINTS, {"url": url}) for url in wishes]
        listed = await world.call("GET", ENDPOINTS)

    assert [(422, "webhook_url_refused")] * len(wishes) == [each[:2] for each in told]
    assert [] == listed["endpoints"]


@pytest.mark.parametrize(
    "address",
    ["192.0.0.8", "198.51.100.7", "203.0.113.7", "240.0.0.1", "239.1.1.1", "5f00::1", "3fff::1"],
)
def test_what_is_for_protocols_documents_or_many_at_once_is_not_public(address: str) -> None:
    with pytest.raises(AddressRefused):
        Reach().check(address)
