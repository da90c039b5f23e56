"""Scenes for the real-venue adapter's tests: both venues, connected over TLS on the loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.venues.connect import connect
from tests.exchange.fake_binance import FakeBinance
from tests.exchange.fake_bitget import FakeBitget
from tests.exchange.fakes import Fake
from tests.exchange.loopback import Certificate, Server
from tests.exchange.scene import START, FastClock, Scene, config


async def scene_of(kind: str, certificate: Certificate, *, margin_mode: str = "cross", demo: bool = False) -> Scene:
    clock = FastClock(START)
    fake: Fake = FakeBinance(clock.true) if kind == "binance" else FakeBitget(clock.true)
    fake.margin = margin_mode
    assert isinstance(fake, FakeBinance | FakeBitget)
    server = Server(certificate, fake)
    await server.start()
    exchange = await connect(config(kind, server, demo=demo, margin_mode=margin_mode), clock)
    return Scene(clock, fake, server, exchange)


@pytest.fixture(params=["binance", "bitget"])
async def scene(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Scene]:
    made = await scene_of(request.param, certificate)
    yield made
    await made.exchange.close()
    await made.server.stop()


@pytest.fixture(params=["binance", "bitget"])
async def isolated(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Scene]:
    made = await scene_of(request.param, certificate, margin_mode="isolated")
    yield made
    await made.exchange.close()
    await made.server.stop()
