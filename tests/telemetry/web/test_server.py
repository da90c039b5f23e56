"""The port: who is let in, what every answer carries, and that it starts and ends cleanly."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import aiohttp
import pytest

from bot.clock import ManualClock
from bot.core.errors import ConfigError
from bot.core.orders import Accepted, OrderReport, OrderStatus
from bot.core.record import Event
from bot.core.telemetry_event import CycleRecorded, EventJournaled, OrderReported
from bot.telemetry.web.config import HttpConfig, is_allowed_host
from bot.telemetry.web.server import HttpServer
from tests.core.scenes import ETH, NOW, pending, symbol
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import ABOUT, SILENT, UNKNOWN, record, site

PATHS = ["/", "/livez", "/readyz", "/metrics", "/status", "/plotly-basic.min.js"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_forbids_what_the_page_does_not_need(path: str) -> None:
    async with site() as at, at.client.get(path) as answer:
        headers = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path", [*PATHS, "/events"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_nothing_but_get_is_served(path: str, method: str) -> None:
    async with site() as at, at.client.request(method, path) as answer:
        assert answer.status == 405


@pytest.mark.parametrize("path", [*PATHS, "/events", "/nothing"])
async def test_a_site_whose_name_was_pointed_here_reads_nothing(path: str) -> None:
    async with site() as at, at.client.get(path, headers={"Host": "evil.example:9464"}) as answer:
        assert answer.status == 403
        assert "http.names" in await answer.text()


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:9464", True),
        ("127.0.0.1:9464", True),
        ("192.168.1.4", True),
        ("[::1]:9464", True),
        ("[::1]", True),
        ("bot.home:9464", True),
        ("Bot.Home.", True),
        ("", False),
        ("evil.example", False),
        ("localhost.evil.example:9464", False),
        ("127.0.0.1.evil.example", False),
        ("bot.home.evil.example", False),
    ],
)
def test_only_addresses_and_known_names_are_allowed(header: str, allowed: bool) -> None:  # noqa: FBT001 - a table's value
    assert is_allowed_host(header, frozenset({"bot.home"})) is allowed


async def test_the_scripts_come_from_here_and_may_be_kept() -> None:
    async with site() as at, at.client.get("/plotly-basic.min.js") as answer:
        assert "javascript" in answer.content_type
        assert b"plotly.js (basic - minified) v" in await answer.read()
        assert answer.headers["Cache-Control"] == "no-cache"  # asked for again, and not sent again
        kept = {"If-None-Match": answer.headers["ETag"]}
        async with at.client.get("/plotly-basic.min.js", headers=kept) as again:
            assert again.status == 304


@pytest.mark.parametrize("path", ["/", "/plotly-basic.min.js"])
async def test_a_file_is_sent_once_and_nothing_is_logged_of_it(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async with site() as at:
        for _ in range(2):
            async with at.client.get(path) as answer:
                assert await answer.read()
    assert caplog.records == []


async def test_status_holds_decimals_as_strings_and_unknown_as_null() -> None:
    async with site() as at:
        async with at.client.get("/status") as answer:
            empty = await answer.json()
        intent = pending(ETH, "-0.5").intent
        report = OrderReport(
            intent.client_id,
            "1",
            symbol(ETH),
            OrderStatus.FILLED,
            Decimal("-0.5"),
            Decimal("-0.5"),
            Decimal("1999.5"),
            Decimal("0.4"),
            NOW,
        )
        tell(at.server, OrderReported(intent, Accepted(report)))
        tell(at.server, CycleRecorded(record()))
        tell(at.server, CycleRecorded(record(2, UNKNOWN)))
        tell(at.server, EventJournaled(Event(NOW, "failing", "the chain is gone", {})))
        async with at.client.get("/status") as answer:
            full = await answer.json()
    assert (empty["last"], empty["orders"], empty["events"]) == (None, [], [])
    assert full["bot"] == {"id": "testbot", "version": "0.1.0", "mode": "paper"}
    assert datetime.fromisoformat(full["now"]) == NOW
    assert full["last"]["venues"] == [{"venue": "paper", "known": False, "reason": "it sleeps", "at": NOW.isoformat()}]
    eth = next(item for item in full["last"]["hedges"] if item["underlying"] == "ETH")
    assert isinstance(eth["exposure"], str)
    assert Decimal(eth["exposure"]) == Decimal("2.5")
    assert (eth["position"], eth["drift"]) == (None, None)
    assert full["orders"][0]["price"] == "1999.5"
    assert full["orders"][0]["status"] == "filled"
    events = [(item["kind"], item["message"]) for item in full["events"]]
    assert events[0] == ("failing", "the chain is gone")
    assert ("alarm warning", SILENT) in events


async def test_a_taken_port_is_an_error_that_names_the_setting() -> None:
    async with site() as at:
        port = int(at.server.url.rpartition(":")[2])
        with pytest.raises(ConfigError, match=r"http\.port: can't listen at 127\.0\.0\.1") as caught:
            await HttpServer(HttpConfig(port=port), ManualClock(NOW), ABOUT).start()
    assert caught.value.key == "http.port"


async def test_the_port_is_free_again_after_closing_with_a_reader_connected() -> None:
    clock = ManualClock(NOW)
    server = HttpServer(HttpConfig(), clock, ABOUT)
    await server.start()
    url, port = server.url, int(server.url.rpartition(":")[2])
    async with aiohttp.ClientSession() as client, client.get(f"{url}/events") as stream:
        assert (await stream.content.readline()).startswith(b"event: all")
        await server.close()
        async with HttpServer(HttpConfig(port=port), clock, ABOUT):
            rest = await stream.content.read()
    assert json.loads(rest.splitlines()[1].removeprefix(b"data: "))["points"] == []
