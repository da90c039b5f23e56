"""The made-up venue's server: a known wire format in another money."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.paper.servers.binance.conventions import CONVENTIONS
from bot.paper.servers.binance.routes import HOSTS, Binance
from bot.paper.servers.kind import ServerKind
from bot.paper.servers.venue import Answer, Incoming, Venue


class Farside(Binance):
    """Pays in another money, and asks for its own ids."""

    def answer(self, venue: Venue, incoming: Incoming) -> Answer:
        """Answer in USDC."""
        answer = super().answer(venue, incoming)
        return replace(answer, body=answer.body.replace(b'"USDT"', b'"USDC"'))


SERVER: Final = ServerKind(
    kind="farside",
    conventions=replace(CONVENTIONS, name="farside", client_id=r"0x[0-9a-f]{32}"),
    dialect=Farside,
    hosts=HOSTS,
    settings={"account": "key", "signing_key": "secret"},
)
