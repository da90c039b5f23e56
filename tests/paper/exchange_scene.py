"""A paper exchange on scripted prices and a clock that only the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bot.core.orders import Intent, OrderRequest
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId
from bot.paper.config import PaperConfig
from bot.paper.exchange import PaperExchange
from bot.paper.marks import MarkSource, ScriptMarks

D = Decimal
START = datetime(2026, 1, 1, 1, tzinfo=UTC)
ETH, BTC = Symbol("ETH/USDT:USDT"), Symbol("BTC/USDT:USDT")
SYMBOLS = {Underlying("ETH"): ETH, Underlying("BTC"): BTC}
SCRIPT = """time,underlying,price
2026-01-01T00:59:00Z,ETH,2000
2026-01-01T01:00:00Z,BTC,40000
2026-01-01T01:01:00+00:00,ETH,2100
2026-01-01T02:02:00+01:00,ETH,1900
2026-01-01T01:10:00Z,ETH,1950
2026-01-01T01:10:00Z,BTC,41000
"""


class TestClock:
    """Stands still until the test moves it; sleeping moves it too."""

    __test__ = False

    def __init__(self, now: datetime = START) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def move(self, **wait: float) -> None:
        self.time += timedelta(**wait)


def script(directory: Path, text: str = SCRIPT) -> ScriptMarks:
    file = directory / "prices.csv"
    file.write_text(text)
    return ScriptMarks(file)


def config(directory: Path) -> PaperConfig:
    return PaperConfig(
        VenueId("paper"), directory / "sub" / "paper.sqlite", SYMBOLS, deposit=D(10_000), usd_per_bp=D(20_000)
    )


def exchange(directory: Path, clock: TestClock, marks: MarkSource | None = None) -> PaperExchange:
    return PaperExchange(config(directory), marks or script(directory), clock)


def intent(name: str, request: OrderRequest) -> Intent:
    return Intent(ClientOrderId(name), 1, request, START)
