"""Binance USDⓈ-M futures."""

from bot.exchange.kind import VenueKind
from bot.venues.binance.dialect import Binance
from bot.venues.binance.facts import FACTS

KIND = VenueKind(
    title="USDⓈ-M",
    settle=FACTS.settle,
    dialect=lambda _: Binance(),
    aliases=("binanceusdm",),
)
