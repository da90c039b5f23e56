"""A scene in which everything fails once feeds every metric that is exported, drawn or alerted on."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.app.loop.daemon import Daemon
from bot.chain.config import ChainConfig
from bot.chain.reader import EvmChainReader
from bot.clock import SystemClock
from bot.core.command import Command, Verb
from bot.core.errors import Retryable
from bot.core.telemetry_event import CycleFailed, StreamHeard
from bot.core.types import ChainId, ChainName, Mode
from bot.exchange.streams import Streams
from bot.protocols.registry import sources
from bot.telemetry.about import About
from bot.telemetry.publisher import Shown, TelemetryPublisher
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.server import HttpServer
from tests.faults.cells import Cell
from tests.faults.matrix import bot, market
from tests.faults.rpc import Fault, FaultyRpc, serving
from tests.faults.story import D, Story
from tests.faults.venue import Effect, Kind
from tests.tools.metrics_page import definitions

DOCKER: Final = Path(__file__).parents[3] / "docker"
CELL: Final = Cell("binance", "place", Kind.UNKNOWN_503, Effect.NONE)
FROZEN: Final = 60
"""Turns of 12 seconds: liquidity that stays unhedged for longer than ten minutes is critical."""


@dataclass(frozen=True, slots=True)
class Selector:
    """What an expression asks for: a metric, and what its labels must be."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    def picks(self, name: str, labels: dict[str, str]) -> bool:
        return name == self.name and all(re.fullmatch(wanted, labels.get(key, "")) for key, wanted in self.labels)


def asked_for() -> Iterator[Selector]:
    """Return all that the rules and the dashboard ask for; what a dashboard's reader chooses is left out."""
    rules = (DOCKER / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    board = json.loads((DOCKER / "grafana" / "dashboards" / "dnbot.json").read_text(encoding="utf-8"))
    expressions = re.findall(r"^\s+expr: (.+)$", rules, re.MULTILINE)
    expressions += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    for expression in expressions:
        for name, braces in re.findall(r"\b((?:dnbot|process)_\w+)(\{[^}]*\})?", expression):
            labels = re.findall(r'(\w+)=~?"([^"]*)"', braces)
            yield Selector(name, tuple((key, value) for key, value in labels if not value.startswith("$")))


def exported() -> Iterator[Selector]:
    """Return every metric that there is."""
    for item in definitions():
        yield Selector(f"{item.name}_count" if item.kind == "histogram" else item.name)


class Scene:
    """A bot whose telemetry goes to the metrics; ``seen`` holds every sample, counters once they counted."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.publisher = TelemetryPublisher()
        self.server = HttpServer(HttpConfig(), story.clock, About("testbot", "0.1.0", Mode.PAPER))
        self.publisher.subscribe(self.server)
        self.publisher.subscribe(self)
        self.events = defaultdict[type[Shown], asyncio.Event](asyncio.Event)
        self.seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
        story.journal.telemetry = story.cycle.telemetry = story.cycle.observer.telemetry = self.publisher

    def scrape(self) -> None:
        for family in text_string_to_metric_families(self.server.metrics.text().decode()):
            told = (sample for sample in family.samples if sample.value or family.type == "gauge")
            self.seen |= {(sample.name, frozenset(sample.labels.items())) for sample in told}

    def missing(self) -> list[Selector]:
        wanted = {*asked_for(), *exported()}
        return sorted((one for one in wanted if not any(one.picks(n, dict(at)) for n, at in self.seen)), key=str)

    async def fail_the_venue(self) -> None:
        """Lose an order, then the account's positions."""
        await self.story.play()
        self.scrape()
        self.story.layer.add("positions", Kind.SERVER_ERROR, times=4)
        await self.story.turn(D(4))
        self.scrape()
        await self.story.recover(D(4))

    async def fail_the_chain(self) -> None:
        """Let no block be read, under the daemon, until it has said so."""
        story, stop = self.story, asyncio.Event()
        story.chain.error = Retryable("no endpoint answers")
        daemon = Daemon([story.chain], [story.exchange], {}, story.cycle, story.journal, story.clock, interval=30)
        async with asyncio.TaskGroup() as group:
            group.create_task(daemon.run(stop))
            await self.until(CycleFailed)
            stop.set()
        story.chain.error = None

    async def fail_an_endpoint(self) -> None:
        """Ask an endpoint that is down."""
        async with serving(FaultyRpc("", Fault.HTTP_500)) as rpc:
            config = ChainConfig(
                ChainName("local"), ChainId(31337), (rpc.url,), multicall=None, owners=(), protocols=()
            )
            reader = EvmChainReader(config, sources, SystemClock(), telemetry=self.publisher)
            with pytest.raises(Retryable):
                await reader.read()
            await reader.close()

    async def hear_a_stream(self) -> None:
        link = self.story.exchange.link
        streams = Streams(link, self.story.exchange.dialect.facts, lambda: None, self.publisher, SystemClock())
        async with asyncio.TaskGroup() as group:
            task = group.create_task(streams.run())
            await self.until(StreamHeard)
            task.cancel()

    async def freeze(self) -> None:
        """Have every order refused for so long that the unhedged liquidity becomes critical."""
        answer = asyncio.create_task(self.story.cycle.commands.submit(Command(Verb.FREEZE, "socket", "a test")))
        await asyncio.sleep(0)
        for _ in range(FROZEN):
            await self.story.turn(D(8))
        self.scrape()
        assert (await answer).accepted

    def take(self, shown: Shown) -> None:
        """Note what kinds of events came."""
        self.events[type(shown)].set()

    async def until(self, kind: type[Shown]) -> None:
        """Wait until an event of a kind has come."""
        async with asyncio.timeout(30):
            await self.events[kind].wait()
        self.scrape()


async def test_every_metric_that_is_exported_drawn_or_alerted_on_is_fed(tmp_path: Path) -> None:
    async with market(CELL.flavour) as at, bot(CELL, tmp_path, at) as story:
        scene = Scene(story)
        await scene.fail_the_venue()
        await scene.hear_a_stream()
        await scene.fail_an_endpoint()
        await scene.freeze()
        await scene.fail_the_chain()
    assert scene.missing() == []
