"""Whatever comes over the HTTP port: no crash, no stuck connection, memory bounded, and the page goes on answering."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from bot.core.telemetry_event import CycleRecorded
from bot.telemetry.web import routes
from bot.telemetry.web.config import HttpConfig
from tests.spoil import GROWTH, INPUTS, resident
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import Site, record, site

_TOGETHER = 16
_LINES = (
    b"GET / HTTP/1.1",
    b"GET /status HTTP/1.1",
    b"GET /metrics HTTP/1.1",
    b"GET /livez HTTP/1.0",
    b"POST /status HTTP/1.1",
    b"GET /../../etc/passwd HTTP/1.1",
    b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
    b"GET http://evil.example/status HTTP/1.1",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0",
)
_HEADERS = (
    b"Host: localhost",
    b"Host: \x00",
    b"Content-Length: 5",
    b"Content-Length: -1",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Content-Encoding: gzip",
    b"Connection: keep-alive",
    b"Upgrade: websocket",
    b"Last-Event-ID: " + b"9" * 5_000,
    b"Expect: 100-continue",
    b"Range: bytes=0-,0-,0-,0-,0-",
    b"If-None-Match: *",
    b"X: " + b"a" * 100_000,
    b"no colon",
    "X: \u202e\u0007".encode(),
)


def requests(draw: random.Random) -> Iterator[bytes]:
    """Yield requests that no client should send, and now and then one that it may, without end."""
    while True:
        head = [draw.choice(_LINES), *draw.choices(_HEADERS, k=draw.choice([0, 1, 2, 5, 200]))]
        raw = draw.choice([b"\r\n", b"\r\n", b"\n", b"\r"]).join(head) + draw.choice([b"\r\n\r\n", b"\n\n", b""])
        raw += draw.choice([b"", b"abcde", b"5\r\nabcde\r\n0\r\n\r\n", b"ffffffffff\r\n", b"\x1f\x8b" + b"\0" * 99])
        if draw.random() < 0.3:
            at = draw.randrange(len(raw))
            raw = raw[:at] + bytes([draw.randrange(256)]) * draw.choice([0, 1, 9]) + raw[at + 1 :]
        yield raw


async def over_http(at: Site, inputs: int, seed: int) -> None:
    """Send spoiled requests, many at once, and leave, before or after the answer; the status is there afterwards."""
    draw, sent = random.Random(seed), requests(random.Random(seed))
    port = int(at.server.url.rpartition(":")[2])
    together = asyncio.Semaphore(_TOGETHER)

    async def say(raw: bytes, *, wait: bool) -> None:
        async with together:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(ConnectionError):
                writer.write(raw)
                await writer.drain()
                if wait:
                    writer.write_eof()
                    answer = await reader.read(12)
                    assert answer[:8] in {b"", b"HTTP/1.1", b"HTTP/1.0"}
            writer.close()

    for _ in range(0, inputs, 100):
        await asyncio.gather(*(say(next(sent), wait=draw.random() < 0.7) for _ in range(100)))
        async with at.client.get("/status") as answer:
            assert answer.status == 200


@pytest.mark.slow
async def test_spoiled_requests_leave_the_page_as_it_was_and_nothing_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with site() as at:
        await over_http(at, 300, seed=0)
        before = resident()
        await over_http(at, INPUTS, seed=1)
        assert resident() - before < GROWTH
    assert [record.getMessage() for record in caplog.records] == []


@asynccontextmanager
async def crowd(at: Site, said: bytes, number: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    port = int(at.server.url.rpartition(":")[2])
    pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(number)]
    for _, writer in pairs:
        writer.write(said)
    try:
        yield [reader for reader, _ in pairs]
    finally:
        for _, writer in pairs:
            writer.close()


async def test_one_connection_too_many_is_closed_and_others_are_served() -> None:
    async with site() as at:
        async with at.client.get("/livez") as answer:
            await answer.read()
        async with crowd(at, b"", 150) as readers:
            closed = [asyncio.ensure_future(reader.read()) for reader in readers]
            async with asyncio.timeout(10):
                await asyncio.wait(closed, return_when=asyncio.FIRST_COMPLETED)
            async with at.client.get("/livez") as answer:  # over the connection that it has
                assert answer.status == 200
            for one in closed:
                one.cancel()


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a"])
async def test_a_connection_that_sends_no_whole_request_is_closed(said: bytes) -> None:
    async with site(HttpConfig(idle=0.2)) as at, crowd(at, said, 3) as readers, asyncio.timeout(10):
        assert [await reader.read() for reader in readers] == [b""] * 3


async def test_a_connection_that_rests_after_its_answer_is_closed() -> None:
    said = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with site(HttpConfig(idle=0.2)) as at, crowd(at, said, 1) as (reader,), asyncio.timeout(10):
        assert (await reader.read()).startswith(b"HTTP/1.1 200")


@asynccontextmanager
async def stuck(at: Site, path: bytes) -> AsyncIterator[None]:
    """Ask for something and never read it."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", int(at.server.url.rpartition(":")[2])))
        client.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield


async def test_clients_that_never_read_their_answer_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index.html").touch()
    (tmp_path / "long.js").write_bytes(bytes(16 << 20))  # no socket's buffer takes it
    monkeypatch.setattr(routes, "_PAGE", tmp_path)
    monkeypatch.setattr(routes, "_LONGEST", 0.5)
    async with site() as at, AsyncExitStack() as crowd, asyncio.timeout(30):
        for _ in range(70):  # more than there is room for
            await crowd.enter_async_context(stuck(at, b"/long.js"))
        while True:
            try:
                async with at.client.get("/livez") as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientError:  # there was no room yet
                continue


async def test_a_reader_that_reads_no_more_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_SLOWEST", 0.2)
    monkeypatch.setattr(routes, "_READERS", 1)
    async with site() as at, asyncio.timeout(30), stuck(at, b"/events"):
        told = CycleRecorded(record())
        while await _events(at) != 503:  # until it has the only place
            pass
        while await _events(at) != 200:
            for _ in range(100):
                tell(at.server, told)
                await asyncio.sleep(0)


async def _events(at: Site) -> int:
    async with at.client.get("/events") as answer:
        return answer.status
