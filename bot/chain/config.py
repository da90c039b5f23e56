"""The chain adapter's configuration, which the wiring fills from the settings. Durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from bot.core.types import Address, ChainId, ChainName, PositionId, Underlying
from bot.setting_types.base import Table
from bot.setting_types.fields import ProtocolName


class RateSource(StrEnum):
    """The view function that tells a token's rate, by the name that it has in the configuration."""

    ST_ETH_PER_TOKEN = "stEthPerToken"  # noqa: S105 - a function's name
    GET_EXCHANGE_RATE = "getExchangeRate"
    EXCHANGE_RATE = "exchangeRate"
    GET_RATE = "getRate"
    ERC4626 = "erc4626"
    CHAINLINK = "chainlink"


@dataclass(frozen=True, slots=True)
class RateRead:
    """How a token's rate is read.

    Attributes:
        source: the view function.
        contract: where it stands; None is the token itself.
        decimals: of the answer; None stands for 18, or an ERC-4626 share's own.
    """

    source: RateSource
    contract: Address | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class TokenMapping:
    """One whole token is ``rate`` units of ``underlying``, or what ``read`` finds; ``decimals`` None asks the token."""

    underlying: Underlying
    rate: Decimal = Decimal(1)
    read: RateRead | None = None
    decimals: int | None = None


class DeploymentSettings(Table):
    """What is configured of one deployment of a protocol; a protocol's own table begins here."""

    name: ProtocolName = Field(description="name of the deployment, unique on the chain")

    @property
    def counted(self) -> tuple[str, ...]:
        """The contracts whose positions count, as they are written; one that is listed twice would count twice."""
        return ()

    @property
    def other_accounts(self) -> tuple[Address, ...]:
        """Accounts besides the chain's owners whose positions count."""
        return ()

    @property
    def names_positions(self) -> bool:
        """Whether positions are named here, so that they are found without an owner."""
        return False


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that is read: the protocol's name in the registry, its dotted configuration key, its settings."""

    protocol: str
    key: str
    settings: DeploymentSettings


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked of an endpoint at once, and how long it may take.

    Attributes:
        request_timeout: one HTTP request.
        read_timeout: one whole snapshot, all endpoints and retries included.
        max_head_age: a head older than this makes its endpoint suspect, and a silent subscription is given up.
        max_head_lead: how far a head may lie in this machine's future, which makes its endpoint suspect, too; None: as
            far as it likes (a local chain with a time of its own).
        poll_interval: between polls for a new head while there is no subscription.
        subscription_retry: how long to poll after a subscription broke, before the first attempt to get it back.
        max_batch: requests in one JSON-RPC batch.
        max_call_gas: gas of one multicall (geth allows 50 million by default).
        max_call_bytes: call data of one multicall or body of one batch.
        max_log_blocks: block range of one ``eth_getLogs``.
        max_log_requests: ``eth_getLogs`` requests per look-up of entry amounts.
        requests_per_day: what one endpoint may be sent; None: as many as are wanted.
        confirm: whether what a position holds is confirmed where it jumps: by a second endpoint, else by the next
            block.
    """

    request_timeout: float = 5.0
    read_timeout: float = 10.0
    max_head_age: timedelta = timedelta(seconds=60)
    max_head_lead: timedelta | None = timedelta(seconds=60)
    poll_interval: float = 2.0
    subscription_retry: float = 5.0
    max_batch: int = 10
    max_call_gas: int = 40_000_000
    max_call_bytes: int = 1_000_000
    max_log_blocks: int = 10_000
    max_log_requests: int = 50
    requests_per_day: int | None = None
    confirm: bool = True


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """One chain. ``multicall`` None reads through JSON-RPC batches; ``reference_pools`` only price things.

    A position that holds a token of ``ignored`` is left out silently, and so is one of ``ignore_positions``
    (``deployment:id``), or one that is not among ``only_positions`` where there are any. ``dollar_feeds`` are price
    feeds by the currency whose worth in USD they tell, besides those that are known.

    ``rpc_urls`` and ``ws_urls`` may hold keys: they never appear in a message, only an endpoint's number and host do.
    """

    name: ChainName
    chain_id: ChainId
    rpc_urls: tuple[str, ...]
    multicall: Address | None
    owners: tuple[Address, ...]
    protocols: tuple[Deployment, ...]
    ws_urls: tuple[str, ...] = ()
    reference_pools: tuple[Address, ...] = ()
    tokens: Mapping[Address, TokenMapping] = field(default_factory=dict)
    ignored: frozenset[Address] = frozenset()
    ignore_positions: frozenset[str] = frozenset()
    only_positions: frozenset[str] = frozenset()
    dollar_feeds: Mapping[str, Address] = field(default_factory=dict)
    limits: Limits = Limits()

    def counts(self, position: PositionId) -> bool:
        """Return whether the user wants reports of a position."""
        name = position.partition(":")[2]
        return name not in self.ignore_positions and (not self.only_positions or name in self.only_positions)

    def only_of(self, deployment: str) -> tuple[str, ...] | None:
        """Return the positions of a deployment that alone count, by what stands after its name; None: all do."""
        if not self.only_positions:
            return None
        prefix = f"{deployment}:"
        return tuple(sorted(name.removeprefix(prefix) for name in self.only_positions if name.startswith(prefix)))

    def key(self, name: str) -> str:
        """Return the dotted configuration key of one of this chain's settings."""
        return f"chains.{self.name}.{name}"
