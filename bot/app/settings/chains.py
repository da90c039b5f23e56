"""``[chains.NAME]``: endpoints, owners and where their positions are."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from bot.chain.config import RateRead, RateSource, TokenMapping
from bot.core.types import Address
from bot.setting_types.base import Table
from bot.setting_types.fields import (
    Addresses,
    AddressKey,
    Checksummed,
    Duration,
    HttpEndpoint,
    Integer,
    Multicall,
    Positive,
    ProtocolName,
    TokenIds,
    UnderlyingKey,
    WsEndpoint,
)

MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"


class UniswapV2Settings(Table):
    """Pairs of a Uniswap V2 deployment (or a fork of it)."""

    name: ProtocolName = Field(default="uniswap_v2", description="name of the deployment, unique on the chain")
    pairs: Addresses = Field(
        min_length=1,
        description="pair contracts whose LP tokens are yours",
        examples=[["0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc"]],
    )
    holders: Addresses = Field(
        default=(),
        description="accounts besides the owners whose LP tokens count, such as a staking contract of your own",
    )


class UniswapV3Settings(Table):
    """Positions of a Uniswap V3 deployment (or a fork of it)."""

    name: ProtocolName = Field(default="uniswap_v3", description="name of the deployment, unique on the chain")
    position_manager: Checksummed = Field(
        description="NonfungiblePositionManager contract", examples=["0xC36442b4a4522E871399CD717aBDD847Ab11FE88"]
    )
    token_ids: TokenIds = Field(default=(), description="positions to read whoever owns them (staked ones)")
    discover: bool = Field(default=True, description="also read every position that an owner holds")


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
    multicall: Multicall = Field(
        default=MULTICALL3, description='Multicall3 contract, or "none" to use JSON-RPC batches'
    )
    reference_pools: Addresses = Field(default=(), description="pools that are read for their price only")
    max_head_age: Duration = Field(
        default=timedelta(seconds=60), description="oldest head before the endpoint counts as stale"
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
        default=10_000, ge=1, description="block range of one eth_getLogs; endpoints differ (500 to 10000)"
    )
    uniswap_v2: tuple[UniswapV2Settings, ...] = Field(default=(), description="Uniswap V2 deployments")
    uniswap_v3: tuple[UniswapV3Settings, ...] = Field(default=(), description="Uniswap V3 deployments")
    tokens: dict[AddressKey, TokenSettings] = Field(
        default_factory=dict, description="tokens that dnbot does not know by itself (it knows WETH, WBTC, USDC, …)"
    )

    @property
    def multicall_address(self) -> Address | None:
        """The Multicall3 contract, or None where the chain has none."""
        return None if self.multicall == "none" else Address(self.multicall)

    @model_validator(mode="after")
    def _one_name_each(self) -> Self:
        names = [*(entry.name for entry in self.uniswap_v2), *(entry.name for entry in self.uniswap_v3)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two deployments have the name {twice[0]!r}; give each its own `name`")
        return self

    @model_validator(mode="after")
    def _nothing_twice(self) -> Self:
        for holder in (holder for entry in self.uniswap_v2 for holder in entry.holders):
            if holder in self.owners:
                raise ValueError(f"{holder} is an owner and a holder, and would count twice; keep it in `owners` only")
        contracts = [
            *(pair for entry in self.uniswap_v2 for pair in entry.pairs),
            *(entry.position_manager for entry in self.uniswap_v3),
        ]
        twice = [contract for place, contract in enumerate(contracts) if contract in contracts[:place]]
        if twice:
            raise ValueError(f"{twice[0]} is listed twice and its positions would count twice")
        return self

    @model_validator(mode="after")
    def _some_position(self) -> Self:
        if not self.uniswap_v2 and not self.uniswap_v3:
            raise ValueError("has no position source; add [[chains.NAME.uniswap_v2]] or [[chains.NAME.uniswap_v3]]")
        holders = self.owners or any(entry.holders for entry in self.uniswap_v2)
        if not holders and not any(entry.token_ids for entry in self.uniswap_v3):
            raise ValueError("has nobody whose positions to read; set `owners` (or `token_ids` or `holders`)")
        return self
