"""``[chains.NAME]``: endpoints, owners and where their positions are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from pydantic import Field, create_model, model_validator

from bot.chain.config import DeploymentSettings, RateRead, RateSource, TokenMapping
from bot.core.types import Address
from bot.protocols.presets import named
from bot.protocols.registry import PROTOCOLS
from bot.setting_types.base import Table
from bot.setting_types.fields import (
    Addresses,
    AddressKey,
    Checksummed,
    CurrencyKey,
    Duration,
    HttpEndpoint,
    Integer,
    Multicall,
    PositionName,
    Positive,
    UnderlyingKey,
    WsEndpoint,
)

MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"


class TokenSettings(Table):
    """What a token is a claim on, or that it is to be ignored."""

    underlying: UnderlyingKey | None = Field(
        default=None, description="what it is a claim on: ETH, BTC, USD, …", examples=["ETH"]
    )
    rate: Positive = Field(default=Decimal(1), description="units of the underlying per whole token")
    rate_as_of: date | None = Field(
        default=None, description="the day on which `rate` was looked up; an old one is told", examples=["2026-11-01"]
    )
    rate_from: RateSource | None = Field(
        default=None,
        description="the view function that tells the rate at every block, instead of `rate`",
        examples=["stEthPerToken"],
    )
    rate_contract: Checksummed | None = Field(
        default=None,
        description="the contract that has `rate_from`, where it is not the token itself",
        examples=["0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0"],
    )
    rate_decimals: Integer | None = Field(
        default=None,
        ge=0,
        le=77,
        description="decimals of that answer; left out: 18, or an ERC-4626 share's own",
        examples=[18],
    )
    decimals: Integer | None = Field(
        default=None, ge=0, le=255, description="decimals of a token that does not tell them", examples=[18]
    )
    ignore: bool = Field(
        default=False, description="true: leave out the positions that hold it (anybody can send you some)"
    )

    @model_validator(mode="after")
    def _mapped_or_ignored(self) -> Self:
        if (self.underlying is None) is not self.ignore:
            raise ValueError('needs either underlying, such as "ETH", or ignore = true')
        if self.rate_from is not None and "rate" in self.model_fields_set:
            raise ValueError("gives both rate and rate_from; keep the one that is to count")
        if self.rate_from is None and (self.rate_contract is not None or self.rate_decimals is not None):
            raise ValueError("rate_contract and rate_decimals say how rate_from is read; add rate_from, or remove them")
        return self

    def mapping(self) -> TokenMapping | None:
        """Return what the chain's reader is told; None for a token to be ignored."""
        if self.underlying is None:
            return None
        read = None if self.rate_from is None else RateRead(self.rate_from, self.rate_contract, self.rate_decimals)
        return TokenMapping(self.underlying, self.rate, read, self.decimals)


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment: the protocol's name, its place in the chain's table, its settings, whether it goes by name."""

    protocol: str
    key: str
    settings: DeploymentSettings
    is_preset: bool = False


class ChainSettings(Table):
    """One chain."""

    chain_id: Integer = Field(
        ge=1, description="EIP-155 chain id; compared with what the endpoint says", examples=[31337]
    )
    rpc_urls: tuple[HttpEndpoint, ...] = Field(
        min_length=1,
        description="HTTP endpoints in order of preference; the next one takes over where one fails",
        examples=[["http://127.0.0.1:8545"]],
    )
    ws_urls: tuple[WsEndpoint, ...] = Field(default=(), description="WebSocket endpoints for new heads; none: polling")
    owners: Addresses = Field(
        default=(),
        description="accounts whose positions are hedged (addresses only; dnbot never needs a key)",
        examples=[["0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"]],
    )
    protocols: tuple[str, ...] = Field(
        default=(),
        description="deployments that dnbot knows on this chain, by name, instead of a table with addresses each",
    )
    multicall: Multicall = Field(
        default=MULTICALL3, description='Multicall3 contract, or "none" to use JSON-RPC batches'
    )
    reference_pools: Addresses = Field(default=(), description="pools that are read for their price only")
    dollar_feeds: dict[CurrencyKey, Checksummed] = Field(
        default_factory=dict,
        description="Chainlink price feeds of the venues' collaterals, by currency; those of USDC and USDT are known "
        "on the large chains",
        examples=[{"USDC": "0x7e860098F58bBFC8648a4311b374B1D669a2bc6B"}],
    )
    ignore_positions: tuple[PositionName, ...] = Field(
        default=(), description="positions that count for nothing and raise no alarm, such as gifts: deployment:id"
    )
    only_positions: tuple[PositionName, ...] = Field(
        default=(), description="where it is not empty, nothing but these positions counts"
    )
    max_head_age: Duration = Field(
        default=timedelta(seconds=60),
        description="oldest head before the endpoint counts as stale; as far ahead of the clock it counts as one, too",
    )
    poll_interval: Duration = Field(
        default=timedelta(seconds=2), description="how often heads are polled without a WebSocket"
    )
    request_timeout: Duration = Field(default=timedelta(seconds=5), description="deadline of one request")
    read_timeout: Duration = Field(
        default=timedelta(seconds=10), description="deadline of a whole snapshot, failover included"
    )
    max_batch: Integer = Field(default=100, ge=1, le=10_000, description="most calls in one JSON-RPC batch")
    max_call_gas: Integer = Field(
        default=30_000_000, ge=100_000, description="gas of one multicall; larger reads are split"
    )
    max_call_bytes: Integer = Field(
        default=1_000_000, ge=10_000, description="call data of one multicall or batch, bytes"
    )
    max_log_blocks: Integer = Field(
        default=10_000,
        ge=1,
        description="block range of one eth_getLogs; what an endpoint refuses is asked for in smaller ranges",
    )
    requests_per_day: Integer | None = Field(
        default=None,
        ge=1_000,
        description="most requests a day to each endpoint; blocks are skipped to keep to it",
        examples=[100_000],
    )
    confirm_changes: bool = Field(
        default=True,
        description="believe growth and shrinkage of a position beyond 10% only once a second endpoint says so, or "
        "where none is configured the next block; false for a node of your own",
    )
    tokens: dict[AddressKey, TokenSettings] = Field(
        default_factory=dict, description="tokens that dnbot does not know by itself (it knows WETH, WBTC, USDC, …)"
    )

    @property
    def multicall_address(self) -> Address | None:
        """The Multicall3 contract, or None where the chain has none."""
        return None if self.multicall == "none" else Address(self.multicall)

    def deployments(self) -> Iterator[Deployed]:
        """Return what is configured of each protocol, in the registry's order, then what is known by name.

        One that is known by name and has a table all the same is what the table says.

        Raises:
            ValueError: a name is not known on this chain.
        """
        seen = set[str]()
        for protocol in PROTOCOLS:
            entries: tuple[DeploymentSettings, ...] = getattr(self, protocol, ())
            for number, settings in enumerate(entries, 1):
                seen.update(settings.counted)
                yield Deployed(protocol, f"{protocol}[{number}]", settings)
        for number, word in enumerate(self.protocols, 1):
            for preset in named(self.chain_id, word):
                known = PROTOCOLS[preset.protocol].settings.model_validate(preset.values)
                if not seen.intersection(known.counted):
                    seen.update(known.counted)
                    yield Deployed(preset.protocol, f"protocols[{number}]", known, is_preset=True)

    @model_validator(mode="after")
    def _one_name_each(self) -> Self:
        names = [entry.settings.name for entry in self.deployments()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two deployments have the name {twice[0]!r}; give each its own `name`")
        return self

    @model_validator(mode="after")
    def _positions_of_deployments(self) -> Self:
        names = {entry.settings.name for entry in self.deployments()}
        for position in (*self.ignore_positions, *self.only_positions):
            if position.partition(":")[0] not in names:
                raise ValueError(f"{position} is of no deployment here; there are {', '.join(sorted(names))}")
        both = sorted({*self.ignore_positions} & {*self.only_positions})
        if both:
            raise ValueError(f"{both[0]} is in ignore_positions and in only_positions; keep it in one of them")
        return self

    @model_validator(mode="after")
    def _nothing_twice(self) -> Self:
        for key, urls in (("rpc_urls", self.rpc_urls), ("ws_urls", self.ws_urls)):
            if len({url.get_secret_value().rstrip("/") for url in urls}) < len(urls):
                raise ValueError(f"{key} lists an endpoint twice, which neither replaces nor confirms itself; keep one")
        for holder in (holder for entry in self.deployments() for holder in entry.settings.other_accounts):
            if holder in self.owners:
                raise ValueError(f"{holder} is an owner and a holder, and would count twice; keep it in `owners` only")
        contracts = [contract for entry in self.deployments() for contract in entry.settings.counted]
        twice = [contract for place, contract in enumerate(contracts) if contract in contracts[:place]]
        if twice:
            raise ValueError(f"{twice[0]} is listed twice and its positions would count twice")
        return self

    @model_validator(mode="after")
    def _some_position(self) -> Self:
        entries = list(self.deployments())
        if not entries:
            lists = " or ".join(f"[[chains.NAME.{protocol}]]" for protocol in PROTOCOLS)
            raise ValueError(f"has no position source; add {lists}, or `protocols`")
        if not self.owners and not any(entry.settings.names_positions for entry in entries):
            raise ValueError("has nobody whose positions to read; set `owners` (or `token_ids` or `holders`)")
        return self


if TYPE_CHECKING:
    ChainTable = ChainSettings
else:
    ChainTable = create_model(
        "ChainTable",
        __base__=ChainSettings,
        __doc__=ChainSettings.__doc__,
        **{
            amm.name: (tuple[amm.settings, ...], Field(default=(), description=amm.description))
            for amm in PROTOCOLS.values()
        },
    )
    """``ChainSettings`` with a list of deployments for every protocol."""
