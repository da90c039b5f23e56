"""What the user was asked, and the configuration that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.app.settings import Settings
from bot.app.settings.load import build
from bot.app.settings.origins import Layer
from bot.app.settings.root import url_secrets
from bot.app.settings.venues import PAPER
from bot.app.setup.chains import KnownChain
from bot.core.types import Address, Underlying
from bot.venues.registry import kind_of

BANDS: Final = {"risk_aversion": "50", "tracking_error": "0.5%", "fixed_width": "2%"}
"""The ways to set the band, and a first value of each."""
_USUAL: Final = (Underlying("BTC"), Underlying("ETH"))
"""What a market is given for while nothing was found that asks for another."""

Deployment = tuple[str, Mapping[str, object]]
"""A protocol's name and the values of one deployment."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers so far.

    Attributes:
        band: the way to set it, and the value.
        credentials: what the venue needs, by key; empty for paper.
        tokens: what tokens that dnbot does not know are claims on.
        multicall: whether the chain has Multicall3 where most have it.
    """

    chain: KnownChain
    rpc_urls: tuple[str, ...]
    owners: tuple[Address, ...]
    ws_urls: tuple[str, ...] = ()
    multicall: bool = True
    tokens: Mapping[Address, str] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()
    underlyings: tuple[Underlying, ...] = _USUAL
    bot_id: str = "dnbot"
    venue: str = PAPER
    credentials: Mapping[str, str] = field(default_factory=dict)
    band: tuple[str, str] = ("risk_aversion", BANDS["risk_aversion"])
    deposit: int = 20_000

    @property
    def symbols(self) -> dict[str, str]:
        """The markets that the venue is used for."""
        kind = kind_of(self.venue)
        is_paper = self.venue == PAPER
        return {str(one): f"{one}/USDT:USDT" if is_paper else kind.symbol(one) for one in self.underlyings}

    def secrets(self) -> dict[str, str]:
        """Return what must not stand in the configuration, under the names of variables."""
        prefix = f"DNBOT_CHAINS__{self.chain.name.upper()}__"
        found = {}
        for name, urls in (("RPC_URLS", self.rpc_urls), ("WS_URLS", self.ws_urls)):
            if any(url_secrets(url) for url in urls):
                found[prefix + name] = ",".join(urls)
        return found | {
            f"DNBOT_VENUES__{self.venue.upper()}__{key.upper()}": value for key, value in self.credentials.items()
        }

    def values(self) -> dict[str, object]:
        """Return the configuration as nested values, secrets left in."""
        chain: dict[str, object] = {
            "chain_id": self.chain.chain_id,
            "rpc_urls": list(self.rpc_urls),
            **({"ws_urls": list(self.ws_urls)} if self.ws_urls else {}),
            "owners": list(self.owners),
            **({} if self.multicall else {"multicall": "none"}),
            **({"reference_pools": list(self.chain.reference_pools)} if self.chain.reference_pools else {}),
            **({"tokens": {at: {"underlying": one} for at, one in self.tokens.items()}} if self.tokens else {}),
            **_by_protocol(self.deployments),
        }
        return {
            "bot": {"id": self.bot_id, "mode": "paper" if self.venue == PAPER else "demo", "state_dir": "var"},
            "chains": {self.chain.name: chain},
            "hedge": {"band": {self.band[0]: self.band[1]}},
            "venues": {self.venue: {"kind": self.venue, "symbols": self.symbols, **self._venue(), **self.credentials}},
        }

    def _venue(self) -> dict[str, object]:
        return {"deposit": self.deposit, "mark": "pool"} if self.venue == PAPER else {"demo": True}

    def settings(self) -> Settings:
        """Return the settings, validated as a file's are.

        Raises:
            ConfigError: something is wrong with an answer.
        """
        return build([Layer("the answers", self.values())]).settings


def _by_protocol(deployments: Sequence[Deployment]) -> dict[str, list[dict[str, object]]]:
    """Group deployments; from a protocol's second one on each needs a name of its own."""
    found: dict[str, list[dict[str, object]]] = {}
    for protocol, values in deployments:
        entries = found.setdefault(protocol, [])
        entries.append({**({"name": f"{protocol}_{len(entries) + 1}"} if entries else {}), **values})
    return found
